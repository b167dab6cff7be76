//! `#[derive(Event)]` of `segue-sdk`; use it through that crate.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Error, Fields, LitStr, parse_macro_input};

/// Most bytes of an event's name.
const NAME_BYTES_MAX: usize = 200;

/// Makes a type an event: its fields are the properties, its name is what audiences know it by.
///
/// The name is the type's in snake case, or what `name` says. `priority` is `"low"`, `"normal"`
/// (the default) or `"high"`. The type also has to be `serde::Serialize`. The full description is
/// at `segue_sdk::Event`.
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input)
        .unwrap_or_else(Error::into_compile_error)
        .into()
}

fn expand(input: &DeriveInput) -> Result<Tokens, Error> {
    check_shape(input)?;
    let arguments = Arguments::read(&input.attrs)?;
    let name = arguments
        .name
        .unwrap_or_else(|| snake_case(&input.ident.to_string()));
    let priority = arguments.priority.map(|priority| {
        quote! { const PRIORITY: ::segue_sdk::Priority = ::segue_sdk::Priority::#priority; }
    });
    let ident = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #generics ::segue_sdk::Event for #ident #arguments #bounds {
            const NAME: &'static str = #name;
            #priority
        }
    })
}

/// Properties are an object: fields with names, or none at all.
fn check_shape(input: &DeriveInput) -> Result<(), Error> {
    match &input.data {
        Data::Struct(data) if !matches!(data.fields, Fields::Unnamed(_)) => Ok(()),
        _ => Err(Error::new_spanned(
            &input.ident,
            "an event is a struct with named fields, or a unit struct",
        )),
    }
}

#[derive(Default)]
struct Arguments {
    name: Option<String>,
    priority: Option<syn::Ident>,
}

impl Arguments {
    fn read(attributes: &[Attribute]) -> Result<Self, Error> {
        let mut arguments = Self::default();
        for attribute in attributes {
            if !attribute.path().is_ident("event") {
                continue;
            }
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    arguments.name = Some(name(&meta.value()?.parse()?)?);
                } else if meta.path.is_ident("priority") {
                    arguments.priority = Some(priority(&meta.value()?.parse()?)?);
                } else {
                    return Err(meta.error("expected `name` or `priority`"));
                }
                Ok(())
            })?;
        }
        Ok(arguments)
    }
}

fn name(literal: &LitStr) -> Result<String, Error> {
    let name = literal.value();
    if name.trim().is_empty() || name.len() > NAME_BYTES_MAX {
        let message = format!("the name of an event has 1 to {NAME_BYTES_MAX} bytes");
        return Err(Error::new_spanned(literal, message));
    }
    Ok(name)
}

fn priority(literal: &LitStr) -> Result<syn::Ident, Error> {
    let variant = match literal.value().as_str() {
        "low" => "Low",
        "normal" => "Normal",
        "high" => "High",
        _ => {
            let message = "a priority is \"low\", \"normal\" or \"high\"";
            return Err(Error::new_spanned(literal, message));
        }
    };
    Ok(syn::Ident::new(variant, literal.span()))
}

/// `CouponUsed` becomes `coupon_used`, `HTTPFailure` becomes `http_failure`.
fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let after_small = at > 0 && !letters[at - 1].is_uppercase();
        let before_small = at > 0 && letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (after_small || before_small) && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_name_becomes_words() {
        let cases = [
            ("CouponUsed", "coupon_used"),
            ("HTTPFailure", "http_failure"),
            ("Visit", "visit"),
            ("Plan2Chosen", "plan2_chosen"),
            ("Trial_Started", "trial_started"),
        ];
        for (name, words) in cases {
            assert_eq!(snake_case(name), words);
        }
    }

    fn refused(input: &str) -> String {
        let input: DeriveInput = syn::parse_str(input).unwrap();
        expand(&input).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_event_is_refused_where_it_stands() {
        assert!(refused("struct A(u8);").contains("named fields"));
        assert!(refused("enum A { B }").contains("named fields"));
        assert!(refused(r#"#[event(name = "")] struct A;"#).contains("1 to 200 bytes"));
        assert!(refused(r#"#[event(priority = "urgent")] struct A;"#).contains("\"high\""));
        assert!(refused(r#"#[event(colour = "red")] struct A;"#).contains("`name` or `priority`"));
    }
}
