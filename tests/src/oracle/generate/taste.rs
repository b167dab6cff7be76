//! What one case is like: its pace, its words, its people.

use super::dice::Dice;
use crate::oracle::calendar::{DAY, HOUR, MINUTE};
use crate::oracle::case::BEGIN;

/// The pace of a case, in milliseconds: from bursts, where every instant meets another one, to
/// years.
const UNITS: [i64; 8] = [3, 40, 1_000, 20_000, 5 * MINUTE, 2 * HOUR, DAY, 12 * DAY];

/// What one case is like.
#[derive(Debug)]
pub(super) struct Taste {
    /// How long things take, in milliseconds.
    pub(super) unit: i64,
    /// The names of events.
    pub(super) events: Vec<&'static str>,
    /// How many users there are, and as many visitors.
    pub(super) people: usize,
    /// Whether people log in, and ids are merged.
    pub(super) merges: bool,
    /// Whether things happen at one instant.
    pub(super) ties: bool,
    /// How many of a hundred events come late.
    pub(super) late_percent: u64,
    /// How many of a hundred events are sent again.
    pub(super) repeat_percent: u64,
    /// How many of a hundred events are about consents.
    pub(super) consent_percent: u64,
    /// Instants that definitions name and at which things happen.
    pub(super) instants: Vec<i64>,
    /// Durations that definitions use, so that they share memories.
    durations: Vec<i64>,
    zone: &'static str,
}

impl Taste {
    pub(super) fn new(dice: &mut Dice, zone: &'static str) -> Self {
        let unit = *dice.pick(&UNITS);
        let names = [
            "view", "cart", "buy", "refund", "visit", "login", "share", "rate",
        ];
        let many = *dice.pick(&[1, 2, 2, 3, 3, 4, 8]);
        let merges = dice.chance(35);
        let durations = (0..4).map(|_| Self::duration_of(dice, unit)).collect();
        let instants = (0..3).map(|_| Self::instant_of(dice, unit)).collect();
        Self {
            unit,
            events: names[..many].to_vec(),
            people: *dice.pick(&[1, 1, 1, 2, 3]),
            merges,
            ties: !merges && dice.chance(40),
            late_percent: *dice.pick(&[0, 0, 15, 50]),
            repeat_percent: *dice.pick(&[7, 7, 25]),
            consent_percent: *dice.pick(&[7, 7, 30]),
            instants,
            durations,
            zone,
        }
    }

    fn duration_of(dice: &mut Dice, unit: i64) -> i64 {
        let round = unit * dice.between(1, 12);
        if dice.chance(25) {
            round + dice.between(1, 5)
        } else {
            round
        }
    }

    /// A duration, often one that others use too.
    pub(super) fn duration(&self, dice: &mut Dice) -> i64 {
        if dice.chance(70) {
            *dice.pick(&self.durations)
        } else {
            Self::duration_of(dice, self.unit)
        }
    }

    /// All durations that are used often.
    pub(super) fn durations(&self) -> &[i64] {
        &self.durations
    }

    /// An instant around the script's beginning.
    fn instant_of(dice: &mut Dice, unit: i64) -> i64 {
        BEGIN + unit * dice.between(-8, 20)
    }

    /// A date around the script's beginning, as it is written; often one at which things happen.
    pub(super) fn date(&self, dice: &mut Dice) -> String {
        let at = if dice.chance(60) {
            *dice.pick(&self.instants)
        } else {
            Self::instant_of(dice, self.unit)
        };
        let instant = jiff::Timestamp::from_millisecond(at).expect("it is in this century");
        if self.unit >= HOUR && dice.chance(50) {
            let zone = jiff::tz::TimeZone::get(self.zone).expect("it is a real zone");
            return zone.to_datetime(instant).date().to_string();
        }
        format!("{instant:.3}")
    }

    /// A birthday whose anniversary is near.
    pub(super) fn birthday(dice: &mut Dice) -> String {
        let at = BEGIN + DAY * dice.between(-20, 60);
        let instant = jiff::Timestamp::from_millisecond(at).expect("it is in this century");
        let day = jiff::tz::TimeZone::UTC.to_datetime(instant).date();
        let leap_day = dice.chance(15);
        let (month, day) = if leap_day {
            (2, 29)
        } else {
            (day.month(), day.day())
        };
        format!("{}-{month:02}-{day:02}", *dice.pick(&[1984, 1996, 2000]))
    }
}
