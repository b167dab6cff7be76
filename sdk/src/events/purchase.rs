//! Basket and order.

use serde::Serialize;

use crate::{Event, Priority};

/// The basket after a change: added, removed, cleared. Not when it is only looked at.
///
/// ```
/// # let client = segue_sdk::testing::TestClient::new();
/// use segue_sdk::events::Basket;
///
/// // After the second product was put in: both.
/// let basket = Basket { product_ids: &["p-1", "p-2"], basket_id: Some("b-9") };
/// client.user("42").track(&basket);
/// // After it was cleared: none.
/// client.user("42").track(&Basket { product_ids: &[], ..basket });
/// # assert_eq!(client.events().len(), 2);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Basket<'a> {
    /// Everything in the basket now, each product once; empty when it was cleared.
    pub product_ids: &'a [&'a str],
    /// The basket's id, whenever it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basket_id: Option<&'a str>,
}

impl Event for Basket<'_> {
    const NAME: &'static str = "basket";
}

/// One line of an order: send one for each, with the same order id.
///
/// ```
/// # let client = segue_sdk::testing::TestClient::new();
/// use segue_sdk::events::Buy;
///
/// for (product_id, quantity, price) in [("p-1", 2, 19.5), ("p-2", 1, 5.0)] {
///     let line = Buy { quantity, ..Buy::line("o-77", product_id) };
///     client.user("42").track(&line.priced(price, "EUR"));
/// }
/// # client.assert_tracked("buy", serde_json::json!({"product_id": "p-1", "subtotal": 39.0}));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Buy<'a> {
    /// Ties the lines of an order together.
    pub order_id: &'a str,
    /// The product at variant level.
    pub product_id: &'a str,
    /// How many of it.
    pub quantity: u32,
    /// The price paid for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
    /// Price times quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtotal: Option<f64>,
    /// The currency of both, such as `EUR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<&'a str>,
    /// The product's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_name: Option<&'a str>,
    /// The way to the product, `Id1#Name1;Id2#Name2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category_path: Option<&'a str>,
    /// The basket that became the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basket_id: Option<&'a str>,
}

impl<'a> Buy<'a> {
    /// A line with one piece of the product and nothing else known.
    #[must_use]
    pub const fn line(order_id: &'a str, product_id: &'a str) -> Self {
        Self {
            order_id,
            product_id,
            quantity: 1,
            price: None,
            subtotal: None,
            currency: None,
            product_name: None,
            category_path: None,
            basket_id: None,
        }
    }

    /// The same line with the price of one piece and the subtotal for all of them.
    #[must_use]
    pub fn priced(self, price: f64, currency: &'a str) -> Self {
        Self {
            price: Some(price),
            subtotal: Some(price * f64::from(self.quantity)),
            currency: Some(currency),
            ..self
        }
    }
}

impl Event for Buy<'_> {
    const NAME: &'static str = "buy";
    const PRIORITY: Priority = Priority::High;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cleared_basket_is_an_empty_list() {
        let cleared = serde_json::to_string(&Basket::default()).unwrap();
        assert_eq!(cleared, r#"{"product_ids":[]}"#);
    }

    #[test]
    fn a_line_counts_its_subtotal() {
        let line = Buy {
            quantity: 3,
            ..Buy::line("o", "p")
        }
        .priced(2.5, "EUR");
        let json = serde_json::to_string(&line).unwrap();
        assert_eq!(
            json,
            r#"{"order_id":"o","product_id":"p","quantity":3,"price":2.5,"subtotal":7.5,"currency":"EUR"}"#
        );
    }
}
