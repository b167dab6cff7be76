//! Jobs advance piece by piece, each once.

use std::collections::HashSet;

use super::{Violation, add, claimed, equal, members, names, numbered, second};
use crate::segments::{
    Advance, Answer, Delivery, DeliveryOutcome, JobId, JobState, JobStep, JobWork, Plan,
    SegmentStore, Skipped,
};

const GROUP: &str = "conformance-jobs";

fn step(job: &JobWork, from: usize, count: usize) -> JobStep {
    JobStep {
        job: job.job.id.clone(),
        from,
        changes: job.changes[from..from + count].to_vec(),
        unknown: HashSet::new(),
        kept_until: second(100),
    }
}

pub(super) async fn check(store: &dyn SegmentStore) -> Result<(), Violation> {
    store.create_group(GROUP, "Jobs").await?;
    let id = JobId::new("conformance-job".to_owned());
    let changes = vec![add("a", "vip", 1), add("b", "vip", 1), add("a", "vip", 1)];
    let stored = Delivery {
        plan: Plan::Store(id.clone()),
        skipped: vec![Skipped::new(9, "invalid_person", "it was refused before")],
        ..claimed(GROUP, "job", changes.clone())
    };
    let open = store.has_open_job(GROUP).await?;
    equal("a group without jobs has none that is open", &open, &false)?;
    let delivered = store.deliver(stored.clone()).await?;
    let accepted = Answer::Accepted { job: id.clone() };
    let expected = DeliveryOutcome::Answered(accepted.clone());
    equal(
        "a job is stored and answered",
        &delivered.outcome,
        &expected,
    )?;
    let other = Delivery {
        plan: Plan::Store(JobId::new("conformance-other".to_owned())),
        ..stored
    };
    let repeated = store.deliver(other).await?.outcome;
    let rule = "a repeat names the first job";
    equal(rule, &repeated, &DeliveryOutcome::Repeated(accepted))?;
    let found = members(store, GROUP, "vip").await?;
    equal(
        "nothing is applied before the job runs",
        &found,
        &Vec::new(),
    )?;
    equal(
        "a stored job is open",
        &store.has_open_job(GROUP).await?,
        &true,
    )?;

    let Some(work) = store.next_job().await? else {
        return equal("the oldest open job comes next", &"none", &"a job");
    };
    equal("the oldest open job comes next", &work.job.id, &id)?;
    equal("a job has its changes", &work.changes, &numbered(changes))?;
    advance(store, &id, &work).await
}

async fn advance(store: &dyn SegmentStore, id: &JobId, work: &JobWork) -> Result<(), Violation> {
    let lost = store.advance_job(step(work, 1, 1)).await?;
    let rule = "a piece that does not follow is lost";
    equal(rule, &lost, &Advance::Lost)?;
    let first = store.advance_job(step(work, 0, 1)).await?;
    let told = match &first {
        Advance::Applied(changes) => changes.iter().map(|change| change.joined.len()).sum(),
        Advance::Lost => 0,
    };
    equal("a piece is applied and told", &told, &1_usize)?;
    let twice = store.advance_job(step(work, 0, 1)).await?;
    equal("a piece counts once", &twice, &Advance::Lost)?;
    let found = store.job(id).await?;
    let state = found.map(|job| (job.state, job.done, job.applied));
    let rule = "a job says how far it is";
    equal(rule, &state, &Some((JobState::Running, 1, 1)))?;

    store.advance_job(step(work, 1, 2)).await?;
    let found = store.job(id).await?;
    let (state, skipped) = found.map_or((JobState::Queued, Vec::new()), |job| {
        let skipped = job.skipped.iter().map(|skipped| skipped.index);
        (job.state, skipped.collect())
    });
    let rule = "a finished job says all that it skipped, in order";
    equal(rule, &(state, skipped), &(JobState::Done, vec![2, 9]))?;
    let found = members(store, GROUP, "vip").await?;
    equal("a finished job is applied", &found, &names(&["a", "b"]))?;
    let open = store.has_open_job(GROUP).await?;
    equal("a finished job is not open", &open, &false)?;
    let unknown = store.job(&JobId::new("no\0such".to_owned())).await?;
    equal("any text may be asked for as a job", &unknown, &None)
}
