//! What a visitor does before buying.

use serde::Serialize;

use crate::{Event, Priority};

/// Somebody looked at a product.
///
/// ```
/// # let client = segue_sdk::testing::TestClient::new();
/// use segue_sdk::events::Visit;
///
/// client.anonymous("a-7").track(&Visit {
///     product_id: "p-1-red",
///     master_id: Some("p-1"),
///     category_path: Some("1#Shoes;2#Running"),
///     price: Some(19.5),
///     currency: Some("EUR"),
///     ..Visit::default()
/// });
/// # client.assert_tracked("visit", serde_json::json!({"master_id": "p-1"}));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Visit<'a> {
    /// The product at variant level, as the product feed names it.
    pub product_id: &'a str,
    /// The product's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_name: Option<&'a str>,
    /// The way to the product, `Id1#Name1;Id2#Name2`; names hold no `,` or `;`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category_path: Option<&'a str>,
    /// The brand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand_id: Option<&'a str>,
    /// The price now asked for one, sales included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
    /// The currency of the price, such as `EUR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<&'a str>,
    /// Whether it can be bought now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_stock: Option<bool>,
    /// The product of which this is a variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub master_id: Option<&'a str>,
}

impl Event for Visit<'_> {
    const NAME: &'static str = "visit";
}

/// Somebody clicked a recommended product. If that also fills the basket, send this first.
///
/// ```
/// # let client = segue_sdk::testing::TestClient::new();
/// use segue_sdk::events::ItemClick;
///
/// let click = ItemClick { product_id: "p-2", module: Some("GetSimilarItems") };
/// client.anonymous("a-7").track(&click);
/// # client.assert_tracked("itemclick", serde_json::json!({"product_id": "p-2"}));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ItemClick<'a> {
    /// The product at variant level.
    pub product_id: &'a str,
    /// The recommendation module that showed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<&'a str>,
}

impl Event for ItemClick<'_> {
    const NAME: &'static str = "itemclick";
}

/// Somebody searched.
///
/// ```
/// # let client = segue_sdk::testing::TestClient::new();
/// use segue_sdk::events::Search;
///
/// client.anonymous("a-7").track(&Search { phrase: "red shoes", results: Some(12), product_id: None });
/// # client.assert_tracked("search", serde_json::json!({"results": 12}));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Search<'a> {
    /// What was typed.
    pub phrase: &'a str,
    /// The product that was chosen from what was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<&'a str>,
    /// How many results were shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub results: Option<u64>,
}

impl Event for Search<'_> {
    const NAME: &'static str = "search";
}

/// Somebody looked at a page, for audiences that read tracked events.
///
/// The verb `page` of a client sends the same as an event of kind page.
///
/// ```
/// # let client = segue_sdk::testing::TestClient::new();
/// use segue_sdk::events::Page;
///
/// client.anonymous("a-7").track(&Page { path: "/shoes", title: Some("Shoes"), ..Page::default() });
/// # client.assert_tracked("pageview", serde_json::json!({"path": "/shoes"}));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Page<'a> {
    /// The address without its host.
    pub path: &'a str,
    /// The page's title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<&'a str>,
    /// The whole address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<&'a str>,
    /// Where the visitor came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referrer: Option<&'a str>,
}

impl Event for Page<'_> {
    const NAME: &'static str = "pageview";
    const PRIORITY: Priority = Priority::Low;
}
