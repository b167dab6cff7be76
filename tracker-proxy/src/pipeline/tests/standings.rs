//! Lists of members, which are written later than what they say.

use serde_json::json;

use super::rig::{ACCOUNT, BEGIN, Rig, Story, track};
use crate::ingest::{Event, EventKind};
use crate::pipeline::Bounds;
use crate::store::{Fault, Faults, Step};

/// Nothing is ever written back: not by itself, and not at the end.
fn forgetful() -> Rig {
    let bounds = Bounds {
        write_back_ms: i64::from(u32::MAX),
        ..Bounds::default()
    };
    let faults = Faults::when(|step| (step == Step::WriteBack).then_some(Fault::Kill));
    let when = json!({ "did": "buy" });
    Rig::start_with(Story::default().audience("vip", &when), faults, bounds)
}

/// Ends without a write-back and starts again.
fn restart(rig: &mut Rig) {
    rig.stop();
    rig.set_faults(Faults::default());
    rig.run();
}

/// The user ids on the list of an audience.
async fn listed(rig: &mut Rig, audience: &str) -> Vec<String> {
    let handle = rig.handle();
    let catalog = handle.shared.catalog();
    let account = catalog.account(ACCOUNT).unwrap();
    let no = account.audiences.by_id(audience).unwrap();
    let asked = handle.ask(move |pipeline| pipeline.members(ACCOUNT, no, None, 100));
    let members = asked.await.unwrap().unwrap();
    let ids = members.into_iter().filter_map(|(_, names)| names.user_id);
    ids.collect()
}

#[tokio::test]
async fn whoever_reads_a_list_finds_on_it_who_just_joined() {
    let mut rig = Rig::start(Story::default().audience("vip", &json!({ "did": "buy" })));
    rig.send(&[track("42", "buy", "m1", BEGIN)]).await.unwrap();
    assert_eq!(listed(&mut rig, "vip").await, ["42"]);
}

#[tokio::test]
async fn a_list_that_was_not_written_is_folded_again() {
    let mut rig = forgetful();
    rig.send(&[track("42", "buy", "m1", BEGIN)]).await.unwrap();
    restart(&mut rig);
    assert_eq!(rig.size("vip"), 1);
    assert_eq!(listed(&mut rig, "vip").await, ["42"]);
}

#[tokio::test]
async fn a_merge_that_is_folded_again_leaves_nobody_on_a_list_twice() {
    let mut rig = forgetful();
    let visitor = Event {
        user_id: None,
        anonymous_id: Some("a1"),
        ..track("", "buy", "m1", BEGIN)
    };
    let known = Event {
        kind: EventKind::Identify,
        anonymous_id: Some("a1"),
        ..track("42", "identify", "m3", BEGIN)
    };
    let both = [visitor, track("42", "buy", "m2", BEGIN)];
    rig.send(&both).await.unwrap();
    assert_eq!(rig.size("vip"), 2);
    rig.send(&[known]).await.unwrap();
    restart(&mut rig);
    assert_eq!(rig.size("vip"), 1);
    assert_eq!(listed(&mut rig, "vip").await, ["42"]);
}
