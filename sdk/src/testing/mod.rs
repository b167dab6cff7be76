//! For the tests of apps: what was tracked, and what happens when the proxy is not well.
//!
//! [`TestClient`] tracks into memory and asserts in plain words. [`MockProxy`] is a proxy on
//! loopback with a script of faults, for tests of the app's own shutdown and back-pressure.
//!
//! ```
//! use segue_sdk::Client;
//! use segue_sdk::events::Buy;
//! use segue_sdk::testing::TestClient;
//! use serde_json::json;
//!
//! /// A piece of an app.
//! fn check_out(tracker: &Client) {
//!     tracker.user("42").track(&Buy::line("o-77", "p-1").priced(19.5, "EUR"));
//! }
//!
//! let tracker = TestClient::new();
//! check_out(&tracker);
//! tracker.assert_tracked("buy", json!({"order_id": "o-77", "subtotal": 19.5}));
//! tracker.assert_not_tracked("basket");
//! ```

mod client;
pub use client::TestClient;

mod mock_proxy;
pub use mock_proxy::{Fault, MockProxy};

mod recording;
pub use recording::Recording;

use serde_json::Value;

/// Whether everything that is expected is there; objects may have more members.
fn contains(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => expected.iter().all(|(key, value)| {
            actual
                .get(key)
                .is_some_and(|actual| contains(actual, value))
        }),
        _ => actual == expected,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::contains;

    #[test]
    fn what_is_expected_may_be_a_part_of_what_is_there() {
        let actual = json!({"a": {"b": 1, "c": [1, 2]}, "d": null});
        for part in [
            json!({}),
            json!({"a": {"b": 1}}),
            json!({"a": {"c": [1, 2]}}),
        ] {
            assert!(contains(&actual, &part), "{part}");
        }
        for other in [
            json!({"a": {"b": 2}}),
            json!({"a": {"c": [1]}}),
            json!({"e": 1}),
        ] {
            assert!(!contains(&actual, &other), "{other}");
        }
    }
}
