//! While one commit is on its way to the disk, the next is folded.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::json;

use super::rig::{ACCOUNT, BEGIN, Rig, Story, track};
use crate::ingest::{Event, Unavailable, Verdict};
use crate::keys::IdKind;
use crate::pipeline::{Bounds, history};
use crate::store::{Fault, Faults, Step};

/// Stops commits at a step, each until it is told how to go on.
struct Gate {
    reached: mpsc::Receiver<()>,
    go_on: mpsc::Sender<Option<Fault>>,
    /// Set, nothing is written back any more.
    dies: Arc<AtomicBool>,
}

impl Gate {
    fn at(gate: Step) -> (Self, Faults) {
        let (reach, reached) = mpsc::channel();
        let (go_on, how) = mpsc::channel();
        let how = Arc::new(Mutex::new(how));
        let dies = Arc::new(AtomicBool::new(false));
        let dying = dies.clone();
        let faults = Faults::when(move |step| {
            if step == Step::WriteBack && dying.load(Ordering::SeqCst) {
                return Some(Fault::Kill);
            }
            if step != gate {
                return None;
            }
            // Without anybody who stops commits, they go on.
            reach.send(()).ok()?;
            how.lock().recv().ok()?
        });
        let gate = Self {
            reached,
            go_on,
            dies,
        };
        (gate, faults)
    }

    fn wait(&self) {
        let reached = self.reached.recv_timeout(Duration::from_secs(20));
        reached.expect("a commit is on its way");
    }

    fn let_go(&self, fault: Option<Fault>) {
        self.go_on.send(fault).expect("a commit waits");
    }
}

/// A pipeline that writes profiles back after every commit, and a gate at that step.
fn gated(step: Step) -> (Rig, Gate) {
    let bounds = Bounds {
        write_back_ms: 0,
        ..Bounds::default()
    };
    let when = json!({ "did": { "event": "buy", "count": { "gte": 2 } } });
    gated_with(step, Story::default().audience("vip", &when), bounds)
}

fn gated_with(step: Step, story: Story, bounds: Bounds) -> (Rig, Gate) {
    let mut rig = Rig::start_with(story, Faults::default(), bounds);
    rig.stop();
    let (gate, faults) = Gate::at(step);
    rig.set_faults(faults);
    // The start commits nothing: there is nothing to fold again.
    rig.run();
    (rig, gate)
}

fn buy(id: &str) -> Event<'_> {
    track("42", "buy", id, BEGIN)
}

/// How many events are folded, durable or not.
async fn folded(rig: &mut Rig) -> u64 {
    let asked = rig.handle();
    let seen = asked.peek(|pipeline| pipeline.profile(ACCOUNT, IdKind::User, "42"));
    let profile = seen.await.unwrap().unwrap();
    profile.map_or(0, |profile| profile.events)
}

async fn ids(rig: &mut Rig) -> Vec<String> {
    let person = rig.person("42").await.unwrap();
    let events = history::events(&person.history).unwrap();
    events
        .iter()
        .map(|event| event.message_id.to_owned())
        .collect()
}

#[tokio::test]
async fn what_arrives_during_a_commit_is_folded_and_goes_into_the_next() {
    let (mut rig, gate) = gated(Step::Append);
    let first = rig.submit(&[buy("m1")]).await.unwrap();
    gate.wait();
    let mut second = rig.submit(&[buy("m2"), buy("m1")]).await.unwrap();
    while folded(&mut rig).await < 2 {
        tokio::task::yield_now().await;
    }
    assert!(
        second.try_recv().is_err(),
        "nothing is acknowledged before its commit"
    );
    gate.let_go(None);
    assert_eq!(first.await.unwrap(), Ok(vec![Verdict::Accepted]));
    gate.wait();
    gate.let_go(None);
    let verdicts = Ok(vec![Verdict::Accepted, Verdict::Repeat]);
    assert_eq!(second.await.unwrap(), verdicts);
    drop(gate);
    assert!(rig.is_member("42", "vip").await);
}

#[tokio::test]
async fn who_sent_something_does_not_wait_for_the_write_back_that_follows_it() {
    let (mut rig, gate) = gated(Step::WriteBack);
    let first = rig.submit(&[buy("m1")]).await.unwrap();
    gate.wait();
    assert_eq!(first.await.unwrap(), Ok(vec![Verdict::Accepted]));
    drop(gate);
    assert_eq!(ids(&mut rig).await, ["m1"]);
}

#[tokio::test]
async fn a_write_back_that_fails_loses_nothing_that_was_answered_before_it() {
    let (mut rig, gate) = gated(Step::WriteBack);
    let first = rig.submit(&[buy("m1")]).await.unwrap();
    gate.wait();
    assert_eq!(first.await.unwrap(), Ok(vec![Verdict::Accepted]));
    let second = rig.submit(&[buy("m2")]).await.unwrap();
    while folded(&mut rig).await < 2 {
        tokio::task::yield_now().await;
    }
    gate.let_go(Some(Fault::Full));
    drop(gate);
    assert_eq!(second.await.unwrap(), Err(Unavailable));
    let verdicts = rig.send_until_taken(&[buy("m2"), buy("m1")]).await;
    assert_eq!(verdicts, [Verdict::Accepted, Verdict::Repeat]);
    assert_eq!(ids(&mut rig).await, ["m1", "m2"]);
    assert!(rig.is_member("42", "vip").await);
}

#[tokio::test]
async fn a_profile_that_changes_while_it_is_written_keeps_everything_once() {
    let (mut rig, gate) = gated(Step::WriteBack);
    let mut waiting = Vec::new();
    for id in ["m1", "m2", "m3"] {
        waiting.push(rig.submit(&[buy(id)]).await.unwrap());
        gate.wait();
        if id != "m3" {
            let more = format!("{id}.more");
            waiting.push(rig.submit(&[buy(&more)]).await.unwrap());
            let before = waiting.len() as u64;
            while folded(&mut rig).await < before {
                tokio::task::yield_now().await;
            }
            gate.let_go(None);
            gate.wait();
        }
        gate.let_go(None);
    }
    drop(gate);
    for answer in waiting {
        assert_eq!(answer.await.unwrap(), Ok(vec![Verdict::Accepted]));
    }
    let all = ["m1", "m1.more", "m2", "m2.more", "m3"];
    assert_eq!(ids(&mut rig).await, all);
    rig.stop();
    rig.set_faults(Faults::default());
    rig.run();
    assert_eq!(ids(&mut rig).await, all, "after a restart");
}

#[tokio::test]
async fn a_commit_that_fails_takes_down_what_was_folded_on_top_of_it() {
    let (mut rig, gate) = gated(Step::Append);
    let first = rig.submit(&[buy("m1")]).await.unwrap();
    gate.wait();
    let second = rig.submit(&[buy("m2")]).await.unwrap();
    while folded(&mut rig).await < 2 {
        tokio::task::yield_now().await;
    }
    gate.let_go(Some(Fault::Full));
    drop(gate);
    assert_eq!(first.await.unwrap(), Err(Unavailable));
    assert_eq!(second.await.unwrap(), Err(Unavailable));
    for id in ["m1", "m2"] {
        let verdicts = rig.send_until_taken(&[buy(id)]).await;
        assert_eq!(verdicts, [Verdict::Accepted]);
    }
    assert_eq!(ids(&mut rig).await, ["m1", "m2"]);
    assert!(rig.is_member("42", "vip").await);
}

/// Nothing is written back until the very end.
fn lazy() -> Bounds {
    Bounds {
        write_back_ms: i64::from(u32::MAX),
        ..Bounds::default()
    }
}

#[tokio::test]
async fn what_waited_for_a_commit_is_folded_again_at_the_instant_at_which_it_was_folded() {
    let when = json!({ "did": { "event": "buy", "in": "1h" } });
    let story = Story::default().audience("fresh", &when);
    let (mut rig, gate) = gated_with(Step::Append, story, lazy());
    let first = rig
        .submit(&[track("41", "buy", "m1", BEGIN)])
        .await
        .unwrap();
    gate.wait();
    let second = rig.submit(&[buy("m2")]).await.unwrap();
    while folded(&mut rig).await < 1 {
        tokio::task::yield_now().await;
    }
    // The store takes its time; meanwhile both of them stop being fresh.
    rig.clock.advance(Duration::from_secs(90 * 60));
    gate.let_go(None);
    gate.wait();
    gate.let_go(None);
    let dies = gate.dies.clone();
    drop(gate);
    for answer in [first, second] {
        assert_eq!(answer.await.unwrap(), Ok(vec![Verdict::Accepted]));
    }
    let before = rig.person("42").await.unwrap().profile;
    assert!(
        before
            .memberships
            .iter()
            .any(|(_, standing)| !standing.member)
    );
    dies.store(true, Ordering::SeqCst);
    rig.stop();
    rig.set_faults(Faults::default());
    rig.run();
    let after = rig.person("42").await.unwrap().profile;
    assert_eq!(after.memberships, before.memberships, "folded again alike");
}

#[tokio::test]
async fn who_comes_while_a_commit_is_under_way_joins_by_what_they_did() {
    let when = json!({ "in_order": ["view", "buy"], "within": "1d" });
    let tell = json!({ "id": "t", "name": "T", "audience": "done", "on": "join", "to": "shop",
        "payload": { "kind": "template", "body": { "what": "{event.sku}" } } });
    let story = Story::default().audience("done", &when).activation(tell);
    let (mut rig, gate) = gated_with(Step::Append, story, lazy());
    let first = rig
        .submit(&[track("41", "visit", "m1", BEGIN)])
        .await
        .unwrap();
    gate.wait();
    let second = rig
        .submit(&[track("42", "view", "m2", BEGIN)])
        .await
        .unwrap();
    while folded(&mut rig).await < 1 {
        tokio::task::yield_now().await;
    }
    rig.clock.advance(Duration::from_millis(20));
    let later = BEGIN.plus(20);
    let bought = Event {
        properties: Some(r#"{"sku":"s1"}"#),
        ..track("42", "buy", "m3", later)
    };
    let third = rig.submit(&[bought]).await.unwrap();
    while folded(&mut rig).await < 2 {
        tokio::task::yield_now().await;
    }
    gate.let_go(None);
    gate.wait();
    gate.let_go(None);
    drop(gate);
    for answer in [first, second, third] {
        assert_eq!(answer.await.unwrap(), Ok(vec![Verdict::Accepted]));
    }
    let told = rig.delivery().await;
    assert_eq!(told.body, r#"{"what":"s1"}"#, "at once, and by the event");
}

#[tokio::test]
async fn what_is_still_to_be_folded_at_a_stop_is_folded_and_answered() {
    let mut rig = Rig::start(Story::default());
    let ids: Vec<String> = (0..40).map(|n| format!("m{n}")).collect();
    let mut answers = Vec::new();
    for id in &ids {
        let event = track("ada", "visit", id, BEGIN);
        answers.push(rig.submit(&[event]).await.unwrap());
    }
    rig.stop();
    for answer in answers {
        assert_eq!(answer.await.unwrap().unwrap(), [Verdict::Accepted]);
    }
    rig.run();
    let person = rig.person("ada").await.unwrap();
    let kept = history::events(&person.history).unwrap();
    assert_eq!(kept.len(), ids.len());
}

#[tokio::test]
async fn an_event_that_comes_late_while_its_person_is_written_counts_as_any_other() {
    let left = json!({ "did": "add", "then_not": "buy", "within": "10m" });
    let twelve = json!({ "did": { "event": "add", "count": { "gte": 12 } } });
    let story = Story::default()
        .audience("left", &left)
        .audience("twelve", &twelve);
    let bounds = Bounds {
        write_back_ms: 0,
        ..Bounds::default()
    };
    let (mut rig, gate) = gated_with(Step::WriteBack, story, bounds);
    let ids: Vec<String> = (0..12).map(|n| format!("m{n}")).collect();
    let many: Vec<_> = ids[..11]
        .iter()
        .map(|id| track("42", "add", id, BEGIN))
        .collect();
    let first = rig.submit(&many).await.unwrap();
    gate.wait();
    assert_eq!(first.await.unwrap(), Ok(vec![Verdict::Accepted; 11]));
    // Older than the newest few: `left` is folded again from the history, which waits for the write.
    let late = track("42", "add", &ids[11], BEGIN.plus(-60_000));
    let second = rig.submit(&[late]).await.unwrap();
    gate.let_go(None);
    drop(gate);
    assert_eq!(second.await.unwrap(), Ok(vec![Verdict::Accepted]));
    assert!(rig.is_member("42", "twelve").await);
}
