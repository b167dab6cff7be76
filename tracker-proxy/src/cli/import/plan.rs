//! How a row becomes an event.

use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use super::What;
use super::mapping::Mapping;

/// What all rows of an import have in common.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) what: What,
    pub(super) mapping: Mapping,
    /// The name of events whose row has none.
    pub(super) event: Option<String>,
    /// Tells this import from others, also of the same file.
    pub(super) import_id: String,
    /// The time of rows that have none. It has to be the same whenever they are sent: only then
    /// the proxy knows all of them again.
    pub(super) undated: String,
}

impl Plan {
    /// The event of the row with this number.
    pub(super) fn event(&self, number: u64, row: Map<String, Json>) -> Result<Json, String> {
        let content = match self.what {
            // The same events again are the same events.
            What::Events => Json::Object(row.clone()).to_string(),
            // The same profile again may be a way back to what it was.
            What::Profiles => self.import_id.clone(),
        };
        let mut event = self.mapping.apply(row)?;
        match self.what {
            What::Profiles => {
                event.insert("type".to_owned(), "identify".into());
            }
            What::Events => {
                if let Some(name) = &self.event {
                    event.entry("event").or_insert_with(|| name.clone().into());
                }
                event.entry("type").or_insert_with(|| "track".into());
            }
        }
        event
            .entry("timestamp")
            .or_insert_with(|| self.undated.clone().into());
        event
            .entry("messageId")
            .or_insert_with(|| message_id(number, &content).into());
        Ok(event.into())
    }
}

fn message_id(number: u64, content: &str) -> String {
    let digest = Sha256::new()
        .chain_update(number.to_le_bytes())
        .chain_update(content)
        .finalize();
    let hex: String = digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("import-{hex}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(what: What, import_id: &str, number: u64, row: &Json) -> Json {
        let rest = match what {
            What::Events => "properties",
            What::Profiles => "traits",
        };
        let plan = Plan {
            what,
            mapping: Mapping {
                assignments: Vec::new(),
                rest,
            },
            event: Some("buy".to_owned()),
            import_id: import_id.to_owned(),
            undated: "2026-11-20T10:00:00Z".to_owned(),
        };
        plan.event(number, row.as_object().unwrap().clone())
            .unwrap()
    }

    #[test]
    fn rows_are_what_the_import_is_of() {
        let row = json!({ "user_id": "42", "plan": "pro" });
        let bought = event(What::Events, "i", 1, &row);
        assert_eq!(
            (&bought["type"], &bought["event"]),
            (&"track".into(), &"buy".into())
        );
        assert_eq!(bought["properties"]["plan"], "pro");
        let person = event(What::Profiles, "i", 1, &row);
        assert_eq!(person["type"], "identify");
        assert_eq!(person["traits"]["plan"], "pro");
        let named = event(
            What::Events,
            "i",
            1,
            &json!({ "event": "visit", "messageId": "m" }),
        );
        assert_eq!(
            (&named["event"], &named["messageId"]),
            (&"visit".into(), &"m".into())
        );
    }

    #[test]
    fn events_are_the_same_in_every_import_and_profiles_in_one() {
        let row = json!({ "user_id": "42" });
        let id = |what, import, number| event(what, import, number, &row)["messageId"].clone();
        assert_eq!(id(What::Events, "a", 1), id(What::Events, "b", 1));
        assert_ne!(id(What::Events, "a", 1), id(What::Events, "a", 2));
        assert_eq!(id(What::Profiles, "a", 1), id(What::Profiles, "a", 1));
        assert_ne!(id(What::Profiles, "a", 1), id(What::Profiles, "b", 1));
    }
}
