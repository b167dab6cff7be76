//! Users of whom some are busier than others.

use std::sync::Arc;

use crate::random::Random;

/// How unequal users are: the exponent of their distribution.
const SKEW: f64 = 0.99;
/// Spreads busy users over all ids; it shares no factor with round numbers.
pub(crate) const SPREAD: u64 = 7_919;

/// Users of whom the k-th busiest is seen about 1/k^0.99 as often as the busiest.
///
/// The inverse of the distribution is approximated as in "Quickly Generating Billion-Record
/// Synthetic Databases" (Gray et al., 1994), in constant time and without a table.
#[derive(Debug, Clone)]
pub(crate) struct Zipf {
    constants: Arc<Constants>,
}

#[derive(Debug)]
struct Constants {
    users: f64,
    sum: f64,
    eta: f64,
}

impl Zipf {
    pub(crate) fn over(users: u32) -> Self {
        let sum: f64 = (1..=users).map(|rank| weight(f64::from(rank))).sum();
        let users = f64::from(users);
        let eta = (1.0 - (2.0 / users).powf(1.0 - SKEW)) / (1.0 - (1.0 + weight(2.0)) / sum);
        let constants = Arc::new(Constants { users, sum, eta });
        Self { constants }
    }

    /// How much of all that happens is of so many of the busiest.
    pub(crate) fn share_of(&self, busiest: u32) -> f64 {
        let theirs: f64 = (1..=busiest).map(|rank| weight(f64::from(rank))).sum();
        theirs / self.constants.sum
    }

    /// One user, from 0.
    pub(crate) fn next(&self, random: &mut Random) -> u32 {
        let Constants { users, sum, eta } = *self.constants;
        let unit = (random.bits() >> 11) as f64 / (1_u64 << 53) as f64;
        let scaled = unit * sum;
        let rank = if scaled < 1.0 {
            0.0
        } else if scaled < 1.0 + weight(2.0) {
            1.0
        } else {
            users * (eta * (unit - 1.0) + 1.0).powf(1.0 / (1.0 - SKEW))
        };
        let rank = rank.clamp(0.0, users - 1.0) as u64;
        (rank * SPREAD % users as u64) as u32
    }
}

fn weight(rank: f64) -> f64 {
    rank.powf(-SKEW)
}
