use super::*;
use crate::activation::{DEFAULT_ACTIVATE_WITHIN_MS, DEFAULT_SETTLE_MS, SegueFields};
use crate::keys::{CatalogVersion, JournalSeq, ProfileId};
use crate::profile::{Consent, KnownId, Transition};

const NO: ActivationNo = ActivationNo(1);
const VIP: AudienceNo = AudienceNo(7);
const NOW: TimeMs = TimeMs(1_000_000_000);

fn activation(mode: Mode, on: On) -> Activation {
    Activation {
        id: "a".to_owned(),
        name: "A".to_owned(),
        description: String::new(),
        audiences: vec!["vip".to_owned()],
        mode,
        on,
        to: "shop".to_owned(),
        repeat: Repeat::Every,
        consent: Vec::new(),
        multiple_user_ids: false,
        known_only: false,
        include_existing: false,
        settle_ms: DEFAULT_SETTLE_MS,
        activate_within_ms: DEFAULT_ACTIVATE_WITHIN_MS,
        active: true,
        payload: Payload::Segue(SegueFields {
            segment_group: "g".to_owned(),
            person_identifier: "userid".to_owned(),
        }),
    }
}

fn person(user_ids: &[&str]) -> Profile {
    let mut profile = Profile::new(ProfileId([1; 16]), JournalSeq(1), NOW, CatalogVersion(1));
    profile.user_ids = user_ids
        .iter()
        .map(|id| KnownId {
            id: (*id).into(),
            since: NOW,
        })
        .collect();
    profile
}

fn join(profile: &mut Profile, cause: Cause) -> Happening {
    let change = profile.memberships.set(VIP, true, NOW, cause).unwrap();
    let event_time = (cause == Cause::Event).then_some(NOW);
    Happening {
        change,
        event_time,
        settled: false,
    }
}

#[test]
fn a_join_by_an_event_is_sent_and_one_by_time_waits() {
    let trigger_join = activation(Mode::Trigger, On::Join);
    let mut profile = person(&["42"]);
    let by_event = join(&mut profile, Cause::Event);
    assert_eq!(
        trigger(NO, &trigger_join, &profile, &by_event, NOW),
        Triggered::Send
    );
    let mut profile = person(&["42"]);
    let mut by_time = join(&mut profile, Cause::Time);
    let held = trigger(NO, &trigger_join, &profile, &by_time, NOW);
    assert!(matches!(held, Triggered::Hold(held) if held.due == NOW.plus(DEFAULT_SETTLE_MS)));
    by_time.settled = true;
    assert_eq!(
        trigger(NO, &trigger_join, &profile, &by_time, NOW),
        Triggered::Send
    );
}

#[test]
fn what_history_tells_is_not_sent_unless_asked_for() {
    let mut activation = activation(Mode::Trigger, On::Join);
    let mut profile = person(&["42"]);
    let warmed = join(&mut profile, Cause::Warming);
    let skipped = Triggered::Skip(Reason::Historical);
    assert_eq!(trigger(NO, &activation, &profile, &warmed, NOW), skipped);
    let mut profile = person(&["42"]);
    let mut old = join(&mut profile, Cause::Event);
    old.event_time = Some(NOW.plus(-DEFAULT_ACTIVATE_WITHIN_MS - 1));
    assert_eq!(trigger(NO, &activation, &profile, &old, NOW), skipped);
    activation.include_existing = true;
    assert_eq!(
        trigger(NO, &activation, &profile, &old, NOW),
        Triggered::Send
    );
}

#[test]
fn once_is_once_for_good_and_at_most_every_counts_from_the_last_time() {
    let mut once = activation(Mode::Trigger, On::Join);
    once.repeat = Repeat::Once;
    let mut profile = person(&["42"]);
    let happening = join(&mut profile, Cause::Event);
    profile.ledger.activate(NO, NOW);
    let again = Triggered::Skip(Reason::AlreadyActivated);
    assert_eq!(trigger(NO, &once, &profile, &happening, NOW), again);
    once.repeat = Repeat::AtMostEvery(1_000);
    assert_eq!(
        trigger(NO, &once, &profile, &happening, NOW.plus(999)),
        again
    );
    assert_eq!(
        trigger(NO, &once, &profile, &happening, NOW.plus(1_000)),
        Triggered::Send
    );
}

#[test]
fn every_listed_consent_has_to_be_granted() {
    let mut asking = activation(Mode::Trigger, On::Join);
    asking.consent = vec!["mail".to_owned(), "ads".to_owned()];
    let mut profile = person(&["42"]);
    let happening = join(&mut profile, Cause::Event);
    profile.consents.decide(
        "mail",
        Consent {
            granted: true,
            at: NOW,
        },
    );
    let refused = Triggered::Skip(Reason::NoConsent);
    assert_eq!(trigger(NO, &asking, &profile, &happening, NOW), refused);
    profile.consents.decide(
        "ads",
        Consent {
            granted: true,
            at: NOW,
        },
    );
    assert_eq!(
        trigger(NO, &asking, &profile, &happening, NOW),
        Triggered::Send
    );
}

#[test]
fn several_user_ids_are_sent_only_where_the_activation_says_so() {
    let mut single = activation(Mode::Trigger, On::Join);
    let mut profile = person(&["42", "43"]);
    let happening = join(&mut profile, Cause::Event);
    let refused = Triggered::Skip(Reason::MultipleUserIds);
    assert_eq!(trigger(NO, &single, &profile, &happening, NOW), refused);
    single.multiple_user_ids = true;
    assert_eq!(
        trigger(NO, &single, &profile, &happening, NOW),
        Triggered::Send
    );
}

fn said(person: &str, added: bool) -> Mirrored {
    Mirrored {
        person: person.into(),
        added,
    }
}

const JOINED: Look = Look::Transition(Transition::Join);
const LEFT: Look = Look::Transition(Transition::Leave);

#[test]
fn a_mirror_adds_whoever_joins_and_removes_whoever_leaves() {
    let mirroring = activation(Mode::Mirror, On::Change);
    let mut profile = person(&["42"]);
    join(&mut profile, Cause::Event);
    let adds = Mirror::Say(vec![said("42", true)]);
    assert_eq!(mirror(NO, &mirroring, VIP, &profile, JOINED), adds);
    profile.ledger.mirror(NO, VIP, said("42", true));
    assert_eq!(
        mirror(NO, &mirroring, VIP, &profile, Look::Person),
        Mirror::Nothing
    );
    profile.memberships.set(VIP, false, NOW, Cause::Time);
    let removes = Mirror::Say(vec![said("42", false)]);
    assert_eq!(mirror(NO, &mirroring, VIP, &profile, LEFT), removes);
}

#[test]
fn a_mirror_adds_a_member_whose_identifier_comes_later() {
    let mirroring = activation(Mode::Mirror, On::Change);
    let mut profile = person(&[]);
    join(&mut profile, Cause::Event);
    let skipped = Mirror::Skip(Reason::MissingField);
    assert_eq!(mirror(NO, &mirroring, VIP, &profile, JOINED), skipped);
    profile.user_ids.push(KnownId {
        id: "42".into(),
        since: NOW,
    });
    let adds = Mirror::Say(vec![said("42", true)]);
    assert_eq!(mirror(NO, &mirroring, VIP, &profile, Look::Person), adds);
}

#[test]
fn a_mirror_removes_a_member_who_withdraws_consent_and_says_nothing_of_one_who_never_gave_it() {
    let mut mirroring = activation(Mode::Mirror, On::Change);
    mirroring.consent = vec!["mail".to_owned()];
    let mut profile = person(&["42"]);
    join(&mut profile, Cause::Event);
    assert_eq!(
        mirror(NO, &mirroring, VIP, &profile, Look::Person),
        Mirror::Nothing
    );
    profile.ledger.mirror(NO, VIP, said("42", true));
    let removes = Mirror::Say(vec![said("42", false)]);
    assert_eq!(mirror(NO, &mirroring, VIP, &profile, Look::Person), removes);
}

#[test]
fn who_joins_is_added_though_they_were_once_and_the_mirror_did_not_see_them_leave() {
    let mirroring = activation(Mode::Mirror, On::Change);
    let mut profile = person(&["42"]);
    join(&mut profile, Cause::Event);
    profile.ledger.mirror(NO, VIP, said("42", true));
    let adds = Mirror::Say(vec![said("42", true)]);
    assert_eq!(mirror(NO, &mirroring, VIP, &profile, JOINED), adds);
}

#[test]
fn whoever_is_listed_is_noted_as_if_an_add_had_been_said() {
    let mirroring = activation(Mode::Mirror, On::Change);
    let mut profile = person(&["42"]);
    join(&mut profile, Cause::Event);
    let listed = list(NO, &mirroring, VIP, &profile);
    let is = Listed {
        name: Some("42".into()),
        past: None,
    };
    assert_eq!(listed, is);
    assert_eq!(listed.news(None), Some(said("42", true)));
    assert_eq!(listed.news(Some(&said("42", true))), None);
}

#[test]
fn a_list_leaves_out_whoever_may_not_be_told_of_and_knows_the_name_that_was() {
    let mut mirroring = activation(Mode::Mirror, On::Change);
    mirroring.consent = vec!["mail".to_owned()];
    let mut profile = person(&["42"]);
    join(&mut profile, Cause::Event);
    let never = list(NO, &mirroring, VIP, &profile);
    let nothing = Listed {
        name: None,
        past: None,
    };
    assert_eq!((never.news(None), never), (None, nothing));
    profile.ledger.mirror(NO, VIP, said("41", true));
    let left_out = list(NO, &mirroring, VIP, &profile);
    assert_eq!(left_out.past.as_deref(), Some("41"));
    assert_eq!(
        left_out.news(Some(&said("41", true))),
        Some(said("41", false))
    );
}

#[test]
fn a_member_with_another_identifier_is_moved() {
    let mirroring = activation(Mode::Mirror, On::Change);
    let mut profile = person(&["new"]);
    join(&mut profile, Cause::Event);
    profile.ledger.mirror(NO, VIP, said("old", true));
    let moved = Mirror::Say(vec![said("old", false), said("new", true)]);
    assert_eq!(mirror(NO, &mirroring, VIP, &profile, Look::Person), moved);
}
