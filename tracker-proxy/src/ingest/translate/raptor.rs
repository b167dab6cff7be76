//! What Raptor's tag templates and servers ask for with GET: `/raptor/KEY.rsa?p1=visit&p2=…`.
//!
//! There are no credentials in that protocol; what its host takes for the customer's number is the
//! write key. The positions are those that the browser tracker maps, by their default meanings.
//! Nothing is sent for what is empty, so that a cleared basket comes without its content.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use serde_json::{Map, Value as Json, json};
use url::form_urlencoded;

use super::Members;

/// Which property a position is. Position 1 is the event, 7 the user.
const POSITIONS: [(&str, &str); 13] = [
    ("p2", "product_id"),
    ("p3", "product_name"),
    ("p4", "category_path"),
    ("p5", "subtotal"),
    ("p6", "currency"),
    ("p8", "brand_id"),
    ("p10", "product_ids"),
    ("p11", "basket_id"),
    ("p12", "price"),
    ("p13", "quantity"),
    ("p15", "in_stock"),
    ("p18", "master_id"),
    ("p21", "order_id"),
];

/// The batch of one event; nothing where the path names no key.
pub(in crate::ingest) fn translate(uri: &Uri) -> Option<String> {
    let (_, file) = uri.path().rsplit_once('/')?;
    let write_key = file.strip_suffix(".rsa").or(file.strip_suffix(".stream"))?;
    let query = uri.query().unwrap_or_default();
    let fields: Map<String, Json> = form_urlencoded::parse(query.as_bytes())
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
        .collect();
    let whole = Members::default()
        .with_word("writeKey", write_key)
        .with("batch", Some(&json!([event(&fields)])));
    Some(whole.into_json().to_string())
}

fn event(fields: &Map<String, Json>) -> Json {
    let field = |name: &str| fields.get(name);
    let text = |name: &str| field(name).and_then(Json::as_str).unwrap_or_default();
    let campaign = [
        ("utm_campaign", "name"),
        ("utm_source", "source"),
        ("utm_medium", "medium"),
        ("utm_term", "term"),
        ("utm_content", "content"),
    ];
    let campaign = campaign
        .into_iter()
        .fold(Members::default(), |all, (from, to)| {
            all.with(to, field(from))
        });
    let page = Members::default().with("url", field("url"));
    let context = Members::default()
        .with("sessionId", field("sid"))
        .with_object("campaign", campaign);
    let user = field("p7").cloned().or_else(|| user(text("ruid")));
    let common = Members::default()
        .with("userId", user.as_ref())
        .with("anonymousId", field("coid"));
    let name = text("p1");
    if name.eq_ignore_ascii_case("pageview") {
        return common
            .with_word("type", "page")
            .with_object("properties", page)
            .with_object("context", context)
            .into_json();
    }
    common
        .with_word("type", "track")
        .with_word("event", name)
        .with("properties", Some(&properties(name, fields)))
        .with_object("context", context.with_object("page", page))
        .into_json()
}

/// The user id is packed, but not in what cash desks send.
fn user(ruid: &str) -> Option<Json> {
    let unpacked = STANDARD.decode(ruid).ok();
    let unpacked = unpacked.and_then(|bytes| String::from_utf8(bytes).ok());
    let user = unpacked.unwrap_or_else(|| ruid.to_owned());
    (!user.is_empty()).then(|| user.into())
}

fn properties(event: &str, fields: &Map<String, Json>) -> Json {
    let mut properties = Map::new();
    for (name, value) in fields {
        let Some(text) = value.as_str() else { continue };
        let is_position = name
            .strip_prefix('p')
            .is_some_and(|digits| digits.parse::<u16>().is_ok());
        if !is_position || name == "p1" || name == "p7" {
            continue;
        }
        let meaning = POSITIONS.iter().find(|(position, _)| position == name);
        let meaning = meaning.map_or(name.as_str(), |(_, meaning)| meaning);
        let (meaning, value) = match meaning {
            "product_name" if event.starts_with("search") => ("phrase", value.clone()),
            "subtotal" | "price" | "quantity" => (meaning, number(text)),
            "in_stock" => (meaning, (text == "true").into()),
            "product_ids" => (meaning, text.split(',').collect::<Vec<_>>().into()),
            _ => (meaning, value.clone()),
        };
        properties.insert(meaning.to_owned(), value);
    }
    if event == "basket" {
        properties.entry("product_ids").or_insert_with(|| json!([]));
    }
    if let Some(module) = fields.get("am") {
        properties.insert("module".to_owned(), module.clone());
    }
    properties.into()
}

/// A decimal comma is read as a point; what is no number stays as it is.
fn number(text: &str) -> Json {
    let number = text.replace(',', ".").parse::<f64>().ok();
    let number = number.and_then(serde_json::Number::from_f64);
    number.map_or_else(|| text.into(), Json::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(path_and_query: &str) -> Json {
        let batch = translate(&path_and_query.parse().unwrap()).unwrap();
        let mut batch: Json = serde_json::from_str(&batch).unwrap();
        assert_eq!(batch["writeKey"], "12345");
        batch["batch"][0].take()
    }

    #[test]
    fn an_order_line_of_a_server_has_user_visitor_and_session() {
        let line = translated(
            "/raptor/12345.rsa?p1=buy&p2=p-1&p3=Sko%20%26%20s%C3%A5l&p5=39%2C98&p6=DKK&p13=2&p21=o-1\
             &coid=5C6F9A52-9DF0-4F7B-8A76-0C7F0A3F1E11&sid=s-1&ruid=YWRhQGV4YW1wbGUuY29t\
             &url=https%3A%2F%2Fshop.example%2F&utm_source=mail&v=3",
        );
        let expected = json!({
            "type": "track", "event": "buy", "userId": "ada@example.com",
            "anonymousId": "5C6F9A52-9DF0-4F7B-8A76-0C7F0A3F1E11",
            "properties": {"product_id": "p-1", "product_name": "Sko & sål", "subtotal": 39.98,
                "currency": "DKK", "quantity": 2.0, "order_id": "o-1"},
            "context": {"sessionId": "s-1", "campaign": {"source": "mail"},
                "page": {"url": "https://shop.example/"}},
        });
        assert_eq!(line, expected);
    }

    #[test]
    fn a_cleared_basket_a_search_and_a_click_mean_what_they_do_in_the_browser() {
        let properties =
            |query: &str| translated(&format!("/12345.rsa?{query}"))["properties"].take();
        assert_eq!(
            properties("p1=basket&p11=b-1"),
            json!({"product_ids": [], "basket_id": "b-1"})
        );
        assert_eq!(
            properties("p1=basket&p10=a,b"),
            json!({"product_ids": ["a", "b"]})
        );
        assert_eq!(properties("p1=search&p3=shoes"), json!({"phrase": "shoes"}));
        assert_eq!(
            properties("p1=itemclick&p2=p&am=Similar"),
            json!({"product_id": "p", "module": "Similar"})
        );
        assert_eq!(
            properties("p1=visit&p15=false&p44=x&price=1"),
            json!({"in_stock": false, "p44": "x"})
        );
    }

    #[test]
    fn a_cash_desk_names_its_user_as_it_is() {
        let bought = translated("/12345.stream?p1=buy&p2=p&p21=o&ruid=ada%40example.com");
        assert_eq!(bought["userId"], "ada@example.com");
        let known = translated("/12345.rsa?p1=visit&p7=42&ruid=YWRhQGV4YW1wbGUuY29t");
        assert_eq!(known["userId"], "42");
    }

    #[test]
    fn what_names_no_key_or_no_event_is_none() {
        assert_eq!(translate(&"/raptor/12345?p1=visit".parse().unwrap()), None);
        let nameless = translated("/12345.rsa?%ff=%&p=1&p1");
        assert_eq!(nameless, json!({"type": "track", "properties": {}}));
    }
}
