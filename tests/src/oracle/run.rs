//! One case through the engine, compared with the judge at every turn.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::case::{Action, BEGIN, Case};
use super::engine::Engine;
use super::event::Happening;
use super::instants::Clockwork;
use super::judge::Judge;
use super::language::Audience;
use super::outbox;
use super::report::Tally;
use super::world::{Id, Person, Standing, Verdict, World};
use crate::random::Random;

/// How many instants at which an answer changes are looked at between two steps.
const CHANGES_MAX: usize = 6;
/// How many other instants at which one could.
const CHANCES_MAX: usize = 2;

/// The engine and the judge disagree.
#[derive(Debug, Clone)]
pub struct Failure {
    /// When, in milliseconds.
    pub now: i64,
    /// About what.
    pub what: String,
}

/// What a run was like.
#[derive(Debug, Default)]
pub struct Observed {
    /// Questions by kind, answers by truth.
    pub tally: Tally,
    /// Every answer: the instant, the person, the audience, the standing.
    pub answers: Vec<(i64, Id, String, Standing)>,
}

/// Runs a case.
///
/// # Errors
///
/// The first disagreement.
pub fn run(case: &Case) -> Result<Observed, Failure> {
    let engine = Engine::start(case, BEGIN).map_err(|refused| Failure {
        now: BEGIN,
        what: format!("the definitions are refused: {refused}"),
    })?;
    let mut run = Run {
        engine,
        world: World::default(),
        audiences: case.audiences.clone(),
        clockwork: Clockwork::of(&case.audiences),
        zone: case.time_zone(),
        now: BEGIN,
        random: Random::new(case.seed),
        observed: Observed::default(),
        gone: Vec::new(),
    };
    run.observed.tally.definitions(&case.audiences);
    for step in &case.steps {
        run.pass_until(step.at)?;
        run.act(&step.action)?;
        run.compare()?;
    }
    let Run {
        engine,
        observed,
        now,
        ..
    } = run;
    let folder = engine.finish();
    outbox::check(folder.path()).map_err(|what| Failure { now, what })?;
    Ok(observed)
}

struct Run {
    engine: Engine,
    world: World,
    audiences: Vec<Audience>,
    clockwork: Clockwork,
    zone: TimeZone,
    now: i64,
    random: Random,
    observed: Observed,
    /// Ids of people who were erased or became part of others.
    gone: Vec<Id>,
}

impl Run {
    fn fail<T>(&self, what: String) -> Result<T, Failure> {
        Err(Failure {
            now: self.now,
            what,
        })
    }

    /// Time passes, with stops at the instants that matter.
    fn pass_until(&mut self, until: i64) -> Result<(), Failure> {
        for probe in self.probes(until) {
            self.now = probe;
            self.engine.advance_to(probe);
            self.judge_all();
            self.compare()?;
        }
        Ok(())
    }

    fn probes(&mut self, until: i64) -> Vec<i64> {
        let mut instants: Vec<i64> = Vec::new();
        for person in self.world.people() {
            instants.extend(self.clockwork.between(self.now, until, person, &self.zone));
        }
        instants.sort_unstable();
        instants.dedup();
        let (mut changes, mut chances) = (Vec::new(), Vec::new());
        let mut before = (self.now, self.answers_at(self.now));
        for at in instants {
            // Between two such instants nothing changes, so the last answers hold until just
            // before this one; where they do not, that is for the comparison to find.
            let answers = self.answers_at(at);
            if answers != before.1 {
                changes.push(at);
            } else {
                chances.push(at);
            }
            before = (at, answers);
        }
        let mut stops = Vec::new();
        self.some_of(changes, CHANGES_MAX, &mut stops);
        self.some_of(chances, CHANCES_MAX, &mut stops);
        let mut probes: Vec<i64> = stops
            .into_iter()
            .flat_map(|at| [at - 1, at, at + 1])
            .collect();
        let span = u64::try_from(until - self.now).unwrap_or_default();
        probes.push(self.now + i64::try_from(self.random.below(span)).unwrap_or_default());
        probes.push(until);
        probes.retain(|at| self.now < *at && *at <= until);
        probes.sort_unstable();
        probes.dedup();
        probes
    }

    /// Takes some of them, anywhere.
    fn some_of(&mut self, mut all: Vec<i64>, most: usize, taken: &mut Vec<i64>) {
        while all.len() > most {
            let gone = self.random.below(all.len() as u64);
            all.remove(usize::try_from(gone).expect("it is an index"));
        }
        taken.extend(all);
    }

    /// Who the person is in, and since when conditions hold whose memberships last for a while.
    /// Those that were not known to hold do since `unknown`, or since now.
    fn answers_of(
        &self,
        person: &Person,
        now: i64,
        unknown: Option<i64>,
    ) -> (BTreeSet<String>, BTreeMap<String, i64>) {
        let (mut member_of, mut held) = (BTreeSet::new(), BTreeMap::new());
        for audience in &self.audiences {
            let judge = Judge {
                zone: &self.zone,
                history: &person.history,
                now,
                member_of: &member_of,
            };
            let mut member = judge.holds(&audience.when);
            if let Some(lasts) = audience.lasts.filter(|_| member) {
                let known = person.held.get(&audience.id).copied();
                let since = known.or(unknown).unwrap_or(now);
                held.insert(audience.id.clone(), since);
                // Whatever the person does meanwhile is a match as well.
                let last_match = person.last_seen.map_or(since, |seen| seen.max(since));
                member = now < last_match + lasts;
            }
            if member {
                member_of.insert(audience.id.clone());
            }
        }
        (member_of, held)
    }

    fn answers_at(&self, now: i64) -> Vec<BTreeSet<String>> {
        let people = self.world.people();
        people
            .map(|person| self.answers_of(person, now, None).0)
            .collect()
    }

    /// Everybody's standings as they have to be now.
    fn judge_all(&mut self) {
        let everybody: Vec<Id> = self.world.people().map(|one| one.root.clone()).collect();
        everybody.iter().for_each(|root| self.judge_one(root, None));
    }

    fn judge_one(&mut self, root: &Id, unknown: Option<i64>) {
        let Some(person) = self.world.owner(root) else {
            return;
        };
        let (member_of, held) = self.answers_of(person, self.now, unknown);
        let person = self.world.person_mut(root).expect("it was there just now");
        person.held = held;
        for audience in &self.audiences {
            let member = member_of.contains(&audience.id);
            let standing = person.standings.entry(audience.id.clone()).or_default();
            if standing.member != member {
                standing.member = member;
                standing.number += 1;
            }
        }
    }

    /// Other definitions apply. Since when their conditions hold nobody knows: since the person
    /// was there last.
    fn edit(&mut self, audiences: &[Audience]) -> Result<(), Failure> {
        self.audiences = audiences.to_vec();
        self.clockwork = Clockwork::of(audiences);
        self.observed.tally.definitions(audiences);
        let roots: Vec<Id> = self.world.people().map(|one| one.root.clone()).collect();
        for root in &roots {
            let person = self
                .world
                .person_mut(root)
                .expect("it is one of the people");
            let is_left = |id: &String| audiences.iter().any(|one| one.id == *id);
            person.standings.retain(|id, _| is_left(id));
            person.held.retain(|id, _| is_left(id));
            let seen = person.last_seen;
            self.judge_one(root, seen);
        }
        match self.engine.edit(audiences) {
            Ok(()) => Ok(()),
            Err(refused) => self.fail(format!("the edit is refused: {refused}")),
        }
    }

    fn act(&mut self, action: &Action) -> Result<(), Failure> {
        match action {
            Action::Send(events) => self.send(events),
            Action::Edit(audiences) => self.edit(audiences),
            Action::Restart => {
                self.engine.restart();
                Ok(())
            }
            Action::Crash => {
                self.engine.crash();
                Ok(())
            }
            Action::Erase(id) => {
                let expected = self.world.erase(id, self.now);
                self.gone.push(id.clone());
                if self.engine.erase(id) == expected {
                    Ok(())
                } else {
                    self.fail(format!("erasing {id:?} has to say {expected}"))
                }
            }
            Action::Pass => Ok(()),
        }
    }

    fn send(&mut self, events: &[Happening]) -> Result<(), Failure> {
        let received = self.now;
        let mut sent = Vec::new();
        let mut expected = Vec::new();
        for event in events {
            // Nobody hears of the future.
            let time = event.time.min(received);
            let event = Happening {
                time,
                received,
                ..event.clone()
            };
            if self.world.is_beyond_memory(&event, self.now) {
                continue;
            }
            let verdict = self.world.verdict(&event);
            expected.push(verdict);
            if verdict == Verdict::Accepted {
                self.take(&event);
            }
            sent.push(event);
        }
        let told = self.engine.send(&sent);
        if told != expected {
            return self.fail(format!("verdicts {told:?}, has to be {expected:?}"));
        }
        self.observed.tally.sent(&expected);
        let late = sent.iter().filter(|event| event.time < received).count();
        self.observed.tally.late(late);
        Ok(())
    }

    fn take(&mut self, event: &Happening) {
        let before: Vec<Id> = self.world.people().map(|one| one.root.clone()).collect();
        let (root, merged) = self.world.link(event);
        if merged {
            self.judge_one(&root, None);
            let lost = before
                .into_iter()
                .filter(|root| self.world.person_mut(root).is_none());
            let lost: Vec<Id> = lost.collect();
            self.gone.extend(lost);
        }
        self.world.add(&root, event);
        self.judge_one(&root, None);
    }

    fn compare(&mut self) -> Result<(), Failure> {
        let roots: Vec<Id> = self.world.people().map(|one| one.root.clone()).collect();
        let unknown = self.world.without_owner(&self.gone);
        let asked: Vec<Id> = roots.iter().chain(&unknown).cloned().collect();
        let mut found = self.engine.standings(&asked);
        let nobody = found.split_off(roots.len());
        if let Some((id, _)) = unknown
            .iter()
            .zip(nobody)
            .find(|(_, found)| found.is_some())
        {
            return self.fail(format!("{id:?} was erased and is known"));
        }
        let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
        for (root, found) in roots.iter().zip(found) {
            let Some(found) = found else {
                return self.fail(format!("{root:?} is not known"));
            };
            let person = self.world.owner(root).expect("it is one of the people");
            for audience in &self.audiences {
                let expected = person
                    .standings
                    .get(&audience.id)
                    .copied()
                    .unwrap_or_default();
                let found = found.get(&audience.id).copied().unwrap_or_default();
                if found != expected {
                    return self.fail(format!(
                        "{root:?} in {}: the engine says {found:?}, the judge {expected:?}",
                        audience.id
                    ));
                }
                *sizes.entry(&audience.id).or_default() += u64::from(expected.member);
                self.observed.tally.answer(&audience.when, expected.member);
                let seen = (self.now, root.clone(), audience.id.clone(), expected);
                self.observed.answers.push(seen);
            }
        }
        for audience in &self.audiences {
            let expected = sizes.get(audience.id.as_str()).copied().unwrap_or_default();
            let found = self.engine.size(&audience.id, expected);
            if found != expected {
                let id = &audience.id;
                return self.fail(format!(
                    "{id} has {expected} members, the engine says {found}"
                ));
            }
        }
        Ok(())
    }
}

/// What the judge counts on of a verdict: nothing is lost without a word.
impl Tally {
    fn sent(&mut self, verdicts: &[Verdict]) {
        for verdict in verdicts {
            *self
                .verdicts
                .entry(format!("{verdict:?}").to_lowercase())
                .or_default() += 1;
        }
    }
}
