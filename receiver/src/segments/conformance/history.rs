//! Generated histories, delivered out of order and repeatedly, against a simple model.

use std::collections::{BTreeMap, BTreeSet};

use super::{Violation, add, claimed, delivery, equal, members, remove, replace};
use crate::payload::Change;
use crate::segments::{Delivery, DeliveryOutcome, JobId, JobStep, JobWork, Plan, SegmentStore};

const GROUP: &str = "conformance-history";
const HISTORIES: u64 = 24;
const CHANGES: usize = 30;
const PERSONS: [&str; 6] = ["1", "10", "2", "a", "A", "ä"];

/// Numbers that look random and are the same every time (Numerical Recipes' constants).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % bound
    }

    fn person(&mut self) -> &'static str {
        PERSONS[self.below(PERSONS.len())]
    }
}

pub(super) async fn check(store: &dyn SegmentStore) -> Result<(), Violation> {
    store.create_group(GROUP, "History").await?;
    for seed in 0..HISTORIES {
        check_one(store, seed).await?;
    }
    Ok(())
}

async fn check_one(store: &dyn SegmentStore, seed: u64) -> Result<(), Violation> {
    let mut numbers = Numbers(seed);
    let history: Vec<Change> = (0..CHANGES)
        .map(|at| change(&mut numbers, seed, at as u64))
        .collect();
    let model = model(&history);
    // Every change at least once, in deliveries of a few, in any order; some come again.
    let mut places: Vec<usize> = (0..CHANGES).chain((0..CHANGES).step_by(3)).collect();
    for at in (1..places.len()).rev() {
        places.swap(at, numbers.below(at + 1));
    }
    for (number, places) in places.chunks(3).enumerate() {
        let changes = places.iter().map(|at| history[*at].clone()).collect();
        let id = format!("{seed}-{number}");
        let sent = match numbers.below(4) {
            0 => Delivery {
                plan: Plan::Store(JobId::new(format!("conformance-{id}"))),
                ..delivery(GROUP, changes)
            },
            1 => delivery(GROUP, changes),
            _ => claimed(GROUP, &id, changes),
        };
        let copies = 1 + numbers.below(2);
        for _ in 0..copies {
            let twice = store.deliver(sent.clone()).await?;
            let known = twice.outcome != DeliveryOutcome::UnknownGroup;
            equal("the group is there", &known, &true)?;
            work_off(store).await?;
            if matches!(sent.plan, Plan::Store(_)) {
                break;
            }
        }
    }
    for (segment, expected) in &model {
        let found = members(store, GROUP, segment).await?;
        let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        equal("the newest sequences hold, in any order", &found, &expected)?;
    }
    Ok(())
}

fn change(numbers: &mut Numbers, seed: u64, sequence: u64) -> Change {
    let segment = format!("h{seed}-{}", numbers.below(2));
    match numbers.below(8) {
        0..4 => add(numbers.person(), &segment, sequence),
        4..7 => remove(numbers.person(), &segment, sequence),
        _ => {
            let count = numbers.below(PERSONS.len());
            let listed: Vec<_> = (0..count).map(|_| numbers.person()).collect();
            replace(&listed, &segment, sequence)
        }
    }
}

/// Who is a member when the history is read once, in order.
fn model(history: &[Change]) -> BTreeMap<String, BTreeSet<String>> {
    let mut model: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for change in history {
        let members = model.entry(change.audience().id.clone()).or_default();
        let named = change.persons().iter().map(ToString::to_string);
        match change {
            Change::Add { .. } => members.extend(named),
            Change::Remove { .. } => {
                let gone: BTreeSet<String> = named.collect();
                members.retain(|member| !gone.contains(member));
            }
            Change::Replace { .. } => *members = named.collect(),
        }
    }
    model
}

/// Works off all jobs, one change at a time.
async fn work_off(store: &dyn SegmentStore) -> Result<(), Violation> {
    while let Some(JobWork { job, changes }) = store.next_job().await? {
        for (from, change) in changes.into_iter().enumerate().skip(job.done) {
            let step = JobStep {
                job: job.id.clone(),
                from,
                changes: vec![change],
                unknown: std::collections::HashSet::new(),
                kept_until: super::second(100),
            };
            store.advance_job(step).await?;
        }
    }
    Ok(())
}
