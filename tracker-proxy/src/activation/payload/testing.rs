//! The person and the moment of this folder's tests.

use std::sync::LazyLock;

use super::Moment;
use crate::clock::TimeMs;
use crate::keys::{AccountNo, CatalogVersion, IdKind, JournalSeq, ProfileId};
use crate::profile::{Dated, KnownId, Profile, Transition};
use crate::value::Value;

static EVENT: LazyLock<Value> = LazyLock::new(|| {
    Value::from_json(r#"{"basket": {"items": [{"sku": "s1"}]}, "amount": 9.5, "with.dot": true}"#)
        .unwrap()
});

/// A person with two e-mail addresses, and an address that has moved without changing its city.
pub(super) fn profile() -> Profile {
    let id = ProfileId::provisional(AccountNo(1), IdKind::User, "u-1");
    let mut profile = Profile::new(id, JournalSeq(0), TimeMs(0), CatalogVersion(0));
    for (list, ids) in [
        (&mut profile.user_ids, &["u-1", "u-2"][..]),
        (&mut profile.anonymous_ids, &["anon-1"]),
    ] {
        for id in ids {
            list.push(KnownId {
                id: (*id).into(),
                since: TimeMs(0),
            });
        }
    }
    for (at, name, json) in [
        (1, "email", r#""old@example.com""#),
        (2, "email", r#""new@example.com""#),
        (1, "address", r#"{"city": "Riga", "geo": {"lat": 1.5}}"#),
        (2, "address", r#"{"city": "Riga", "geo": {"lat": 56.9}}"#),
        (1, "age", "41"),
        (1, "vip", "true"),
        (1, "tags", r#"["red", "blue"]"#),
        (1, "nasty", r#""\"}, {{x}} {email} \\ \n\u0000 </script>""#),
    ] {
        let value = Value::from_json(json).unwrap();
        let at = TimeMs(at);
        profile.attributes.give(name, Dated { value, at });
    }
    profile
}

pub(super) fn moment() -> Moment<'static> {
    Moment {
        activation: "vip_to_crm",
        audience: Some(("vip", "VIP")),
        transition: Some(Transition::Join),
        at: TimeMs(1_795_179_600_000),
        event: Some(&EVENT),
    }
}
