//! What one event costs: beside audiences that it has nothing to do with, beside another index of
//! boolean expressions, and for a person of whom much is remembered.
//!
//! `cargo bench -p segue-benches`; a name after `--` runs what begins with it.
#![expect(clippy::print_stdout, reason = "a benchmark says what it measured")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use a_tree::{ATree, AttributeDefinition};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use jiff::tz::TimeZone;
use segue_tracker_proxy::audience::{AudienceSet, Definition, Numbering, Touched};
use segue_tracker_proxy::clock::TimeMs;
use segue_tracker_proxy::document::{Mistakes, parse};
use segue_tracker_proxy::ingest::{Event, EventKind};
use segue_tracker_proxy::keys::{CatalogVersion, JournalSeq, ProfileId};
use segue_tracker_proxy::profile::{Cause, Profile};

/// 2026-01-01.
const BEGIN_MS: i64 = 1_767_225_600_000;

/// A person and what they are asked for.
struct World {
    set: AudienceSet,
    profile: Profile,
    touched: Touched,
    now: i64,
}

impl World {
    fn new(audiences: &str) -> Self {
        let mut mistakes = Mistakes::default();
        // One audience in a line; all of them are longer than a document may be.
        let lines: Vec<&str> = audiences.lines().filter(|line| !line.is_empty()).collect();
        let mut definitions = Vec::with_capacity(lines.len());
        for some in lines.chunks(1_000) {
            let node = parse(&some.join("\n")).expect("YAML");
            let nodes = node.as_list().expect("a list").iter();
            definitions.extend(nodes.filter_map(|node| Definition::read(node, &mut mistakes)));
        }
        assert_eq!(mistakes.into_sorted(), []);
        let version = CatalogVersion(1);
        let mut numbering = Numbering::default();
        let set = AudienceSet::compile(&definitions, version, &mut numbering, &TimeZone::UTC);
        let now = BEGIN_MS;
        Self {
            set: set.expect("audiences that compile"),
            profile: Profile::new(ProfileId([7; 16]), JournalSeq(1), TimeMs(now), version),
            touched: Touched::new(),
            now,
        }
    }

    /// Folds one event and looks at what it touched.
    fn take(&mut self, name: &str, properties: &str) -> usize {
        self.fold(name, properties);
        let now = TimeMs(self.now);
        let changes = self
            .set
            .evaluate(&mut self.profile, &mut self.touched, now, Cause::Event);
        self.touched.clear();
        changes.len()
    }

    /// Closes all memories, as when they are stored; returns how many bytes they are.
    fn close(&mut self) -> usize {
        let mut packed = Vec::new();
        self.profile.conditions.pack_into(&mut packed);
        self.profile.conditions.close(&packed);
        packed.len()
    }

    fn fold(&mut self, name: &str, properties: &str) {
        self.now += 1;
        let event = event(name, properties, self.now);
        self.set.fold(&mut self.profile, &event, &mut self.touched);
    }
}

fn event<'a>(name: &'a str, properties: &'a str, at: i64) -> Event<'a> {
    Event {
        kind: EventKind::Track,
        name,
        message_id: "m",
        user_id: Some("u"),
        anonymous_id: None,
        claimed_user_id: None,
        previous_id: None,
        group_id: None,
        time: TimeMs(at),
        received: TimeMs(at),
        stated_time: None,
        properties: Some(properties),
        traits: None,
        context: None,
        consents: None,
    }
}

/// Three audiences that a purchase touches, and so many that it does not.
fn beside(unrelated: usize) -> World {
    let mut audiences = String::from(
        "
- { id: vip, when: { all: [ { did: { event: buy, in: 90d, count: { gte: 3 } } }, { have: { trait: city, eq: Riga } } ] } }
- { id: red, when: { did: { event: buy, where: { colour: red, size: { gte: 5 } } } } }
- { id: spender, when: { did: { event: buy, in: 90d, sum: { of: amount, gte: 500 } } } }
",
    );
    for n in 0..unrelated {
        let when = match n % 6 {
            0 => format!("{{ did: {{ event: other_{n}, in: 1d }} }}"),
            1 => format!("{{ did: {{ event: buy, where: {{ colour: shade_{n} }}, in: 1d }} }}"),
            2 => format!("{{ have: {{ trait: attribute_{n}, in_last: 30d }} }}"),
            3 => format!(
                "{{ did: {{ event: buy, where: {{ size: {{ gt: {} }} }} }} }}",
                n + 10
            ),
            4 => format!("{{ in_order: [other_{n}, else_{n}], within: 1h }}"),
            _ => format!("{{ did_not: {{ event: never_{n}, in: 1d }} }}"),
        };
        audiences.push_str(&format!("- {{ id: unrelated_{n}, when: {when} }}\n"));
    }
    World::new(&audiences)
}

fn unrelated(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("unrelated");
    for many in [10, 10_000] {
        let mut world = None;
        group.bench_function(BenchmarkId::from_parameter(many), |bench| {
            let world = world.get_or_insert_with(|| beside(many));
            bench.iter(|| world.take("buy", r#"{"colour": "red", "size": 7, "amount": 19.99}"#));
        });
    }
    group.finish();
}

/// Audience `n`: ten for each event name, each with a threshold, two countries and a category.
fn parts(n: usize) -> (usize, usize, [&'static str; 2], usize) {
    let countries = [["PL", "DE"], ["US", "CA"], ["FR", "LV"]];
    (n / 10, n % 100, countries[n % 3], n % 50)
}

/// What a tree takes to build grows with the square of its expressions.
const TREE_MAX: usize = 10_000;

const PROPERTIES: &str = r#"{"amount": 55, "country": "US", "category": "c21"}"#;

/// So many stateless predicates, ten for each event name.
fn asking(many: usize) -> World {
    let mut audiences = String::new();
    for n in 0..many {
        let (event, amount, [a, b], category) = parts(n);
        audiences.push_str(&format!(
            "- {{ id: a{n}, when: {{ did: {{ event: e{event}, where: {{ amount: {{ gte: {amount} }}, country: [{a}, {b}], category: c{category} }} }} }} }}\n"
        ));
    }
    World::new(&audiences)
}

/// How many events a side of a comparison takes before it is the other's turn.
const TURN: u64 = 1_000;

/// A hundred predicates beside 50,000. They take turns, so that whatever else the machine does
/// falls on both; what is printed is the median of many ratios.
fn growth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("growth");
    let mut sides: Option<[World; 2]> = None;
    for (what, every_name) in [("one_name", false), ("every_name", true)] {
        let mut ratios = Vec::new();
        group.bench_function(what, |bench| {
            let sides = sides.get_or_insert_with(|| [100, 50_000].map(asking));
            let names = [10, 5_000].map(|many| -> Vec<String> {
                let names = if every_name { 0..many } else { 2..3 };
                names.map(|name| format!("e{name}")).collect()
            });
            let mut turns = names.each_ref().map(|names| names.iter().cycle());
            bench.iter_custom(|events| {
                let mut spent = [Duration::ZERO; 2];
                for turn in 0..events.div_ceil(TURN) {
                    let events = TURN.min(events - turn * TURN);
                    for ((world, names), spent) in sides.iter_mut().zip(&mut turns).zip(&mut spent)
                    {
                        let begin = Instant::now();
                        for (name, _) in names.zip(0..events) {
                            world.fold(name, PROPERTIES);
                            world.touched.clear();
                        }
                        *spent += begin.elapsed();
                    }
                }
                ratios.push(spent[1].as_secs_f64() / spent[0].as_secs_f64());
                spent[1]
            });
        });
        ratios.sort_by(f64::total_cmp);
        if let Some(median) = ratios.get(ratios.len() / 2) {
            println!("growth/{what}: 50,000 predicates take {median:.2} times as long as 100");
        }
    }
    group.finish();
}

/// The same for the `a-tree` crate.
fn tree(many: usize) -> ATree<usize> {
    let mut tree = ATree::new(&[
        AttributeDefinition::string("event"),
        AttributeDefinition::integer("amount"),
        AttributeDefinition::string("country"),
        AttributeDefinition::string("category"),
    ])
    .expect("attributes");
    for n in 0..many {
        let (event, amount, [a, b], category) = parts(n);
        let expression = format!(
            r#"event = "e{event}" and amount >= {amount} and country in ["{a}", "{b}"] and category = "c{category}""#
        );
        tree.insert(&n, &expression).expect("an expression");
    }
    tree
}

fn stateless(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stateless");
    // Audience 7 of each ten: US and c21 where the name's number allows it.
    let name = "e2";
    for many in [100, 1_000, 10_000, 50_000] {
        // Made for those that are run: the closures are called for no others.
        let mut world = None;
        group.bench_function(BenchmarkId::new("segue", many), |bench| {
            let world = world.get_or_insert_with(|| asking(many));
            bench.iter(|| {
                world.fold(name, PROPERTIES);
                world.touched.clear();
            });
        });
        if let Some(mut world) = world {
            let before = world.touched.work();
            world.fold(name, PROPERTIES);
            let probes = world.touched.work().predicates - before.predicates;
            println!("stateless/segue/{many}: {probes} predicates looked at per event");
        }
        if many > TREE_MAX {
            continue;
        }
        let mut built = None;
        group.bench_function(BenchmarkId::new("a-tree", many), |bench| {
            let tree = built.get_or_insert_with(|| tree(many));
            let mut builder = tree.make_event();
            builder.with_string("event", name).expect("a value");
            builder.with_integer("amount", 55).expect("a value");
            builder.with_string("country", "US").expect("a value");
            builder.with_string("category", "c21").expect("a value");
            let event = builder.build().expect("an event");
            bench.iter(|| {
                black_box(tree.search(black_box(&event))).map(|found| found.matches().len())
            });
        });
    }
    group.finish();
}

/// Two hundred audiences that share sixty memories of twenty kinds of events.
fn sixty_leaves(criterion: &mut Criterion) {
    let mut audiences = String::new();
    for n in 0..200 {
        let (e, k) = (n % 20, n / 20);
        let when = match n % 3 {
            0 => format!(
                "{{ did: {{ event: e{e}, in: {}d, count: {{ gte: 5 }} }} }}",
                10 + k
            ),
            1 => format!(
                "{{ did: {{ event: e{e}, in: 90d, sum: {{ of: amount, gte: {} }} }} }}",
                100 * k
            ),
            _ => format!("{{ have: {{ last: e{e}.category, eq: c{k} }} }}"),
        };
        let other = (n + 7) % 20;
        audiences.push_str(&format!(
            "- {{ id: a{n}, when: {{ all: [ {when}, {{ did: {{ event: e{other}, in: 90d }} }} ] }} }}\n"
        ));
    }
    let names: Vec<String> = (0..20).map(|n| format!("e{n}")).collect();
    let mut world = World::new(&audiences);
    let properties = r#"{"amount": 19.99, "category": "c3", "other": [1, 2, 3]}"#;
    let mut turn = 0;
    let mut next = |world: &mut World, step_ms: i64| {
        turn += 1;
        world.now += step_ms;
        world.take(&names[turn % 20], properties)
    };
    // Ninety days of a busy life.
    for _ in 0..2_700 {
        next(&mut world, 2_880_000);
    }
    println!(
        "sixty_leaves: {} memories, {} bytes",
        world.profile.conditions.len(),
        world.close()
    );
    // As it is for somebody who has just come into memory.
    criterion.bench_function("sixty_leaves_closed", |bench| {
        bench.iter_custom(|times| {
            let took = (0..times).map(|_| {
                world.close();
                let begun = Instant::now();
                black_box(next(&mut world, 1));
                begun.elapsed()
            });
            took.sum()
        });
    });
    criterion.bench_function("sixty_leaves", |bench| bench.iter(|| next(&mut world, 1)));
}

criterion_group!(benches, unrelated, sixty_leaves, growth, stateless);
criterion_main!(benches);
