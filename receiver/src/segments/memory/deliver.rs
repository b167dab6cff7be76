//! Carrying out deliveries and jobs.

use super::claims::Looked;
use super::state::{State, StoredJob};
use crate::payload::PersonId;
use crate::segments::{
    Advance, Answer, Delivered, Delivery, DeliveryOutcome, Job, JobState, JobStep, JobWork, Plan,
    SegmentChange, Standing, Tally,
};

impl State {
    pub(super) fn deliver(&mut self, delivery: Delivery) -> Delivered {
        self.claims.expire(delivery.now);
        let claim = delivery.claim.as_ref();
        let looked = claim.map(|key| self.claims.look(key, delivery.claimed_until));
        let place = match looked {
            Some(Looked::Answered(answer)) => return DeliveryOutcome::Repeated(answer).into(),
            Some(Looked::Free(place)) => Some(place),
            None => None,
        };
        let Some(group) = self.groups.get_mut(&delivery.group) else {
            return DeliveryOutcome::UnknownGroup.into();
        };
        let mut tally = Tally::new(delivery.skipped);
        let mut changes = Vec::new();
        let answer = match delivery.plan {
            Plan::Try => {
                let mut scratch = group.scratch(&delivery.changes);
                scratch.apply(&delivery.changes, &delivery.unknown, &mut tally);
                let (summary, _) = tally.finish(&delivery.group);
                return DeliveryOutcome::Answered(Answer::Applied(summary)).into();
            }
            Plan::Apply => {
                group.apply(&delivery.changes, &delivery.unknown, &mut tally);
                self.pending.extend(delivery.unknown);
                let (summary, moved) = tally.finish(&delivery.group);
                changes = moved;
                Answer::Applied(summary)
            }
            Plan::Store(id) => {
                let (summary, _) = tally.finish(&delivery.group);
                let job = Job {
                    id: id.clone(),
                    activation: (*delivery.activation).to_owned(),
                    segment_group: delivery.group,
                    state: JobState::of(0, delivery.changes.len()),
                    changes: delivery.changes.len(),
                    done: 0,
                    applied: 0,
                    skipped: summary.skipped,
                    pending: 0,
                };
                let kept =
                    |job: &StoredJob| job.kept_until.is_none_or(|until| until > delivery.now);
                self.jobs.retain(kept);
                let work = JobWork {
                    job,
                    changes: delivery.changes,
                };
                self.jobs.push(StoredJob {
                    work,
                    kept_until: None,
                });
                Answer::Accepted { job: id }
            }
        };
        group.locked = true;
        if let Some(place) = place {
            place.keep(answer.clone());
        }
        Delivered {
            outcome: DeliveryOutcome::Answered(answer),
            changes,
        }
    }

    pub(super) fn advance(&mut self, step: JobStep) -> Advance {
        let Some(stored) = self
            .jobs
            .iter_mut()
            .find(|stored| stored.work.job.id == step.job)
        else {
            return Advance::Lost;
        };
        let job = &mut stored.work.job;
        let Some(group) = self.groups.get_mut(&job.segment_group) else {
            return Advance::Lost;
        };
        if job.done != step.from || job.state == JobState::Done {
            return Advance::Lost;
        }
        let mut tally = Tally::new(std::mem::take(&mut job.skipped));
        group.apply(&step.changes, &step.unknown, &mut tally);
        let (summary, changes) = tally.finish(&job.segment_group);
        job.done += step.changes.len();
        job.applied += summary.applied;
        job.pending += summary.pending;
        job.skipped = summary.skipped;
        job.state = JobState::of(job.done, job.changes);
        if job.state == JobState::Done {
            stored.work.changes = Vec::new();
            stored.kept_until = Some(step.kept_until);
        }
        self.pending.extend(step.unknown);
        Advance::Applied(changes)
    }

    pub(super) fn settle(&mut self, persons: &[PersonId]) -> Vec<SegmentChange> {
        let mut settled = Vec::new();
        for (id, group) in &mut self.groups {
            let mut tally = Tally::default();
            for (id, segment) in &mut group.segments {
                for person in persons {
                    if let Some(row) = segment.rows.get_mut(person)
                        && row.standing == Standing::Pending
                    {
                        row.standing = Standing::Member;
                        let (before, after) = (Some(Standing::Pending), Some(Standing::Member));
                        tally.moved(id, person, row.sequence, before, after);
                    }
                }
            }
            settled.extend(tally.finish(id).1);
        }
        for person in persons {
            self.pending.remove(person);
        }
        settled
    }
}
