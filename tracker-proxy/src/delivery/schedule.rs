//! When the next attempt is due.

use crate::clock::TimeMs;

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// The wait after each failed attempt, in milliseconds: a good three days in all.
pub const BACK_OFF_MS: [i64; 12] = [
    5 * SECOND_MS,
    30 * SECOND_MS,
    2 * MINUTE_MS,
    10 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    2 * HOUR_MS,
    5 * HOUR_MS,
    10 * HOUR_MS,
    14 * HOUR_MS,
    20 * HOUR_MS,
    24 * HOUR_MS,
];

/// How many attempts there are in all: one at once, and one after each wait.
#[expect(
    clippy::cast_possible_truncation,
    reason = "twelve waits, and casts are all that a constant can do"
)]
pub const ATTEMPTS_MAX: u32 = BACK_OFF_MS.len() as u32 + 1;

/// The waits differ by up to this many thousandths either way, so that what failed together is
/// not tried together again.
const JITTER_PERMILLE: u32 = 200;

/// What follows a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The next attempt is due at this time.
    At(TimeMs),
    /// That was the last one.
    GaveUp,
}

/// When to try again after `attempts` attempts, the last of which failed at `now`.
///
/// `random` is any random number. What the destination asks for (`retry_after_ms`) lengthens the
/// wait and never shortens it: otherwise `Retry-After: 1` on each answer of an outage would burn
/// three days of attempts within seconds.
#[must_use]
pub fn next(
    attempts: u32,
    attempts_max: u32,
    now: TimeMs,
    retry_after_ms: Option<i64>,
    random: u32,
) -> Next {
    if attempts >= attempts_max {
        return Next::GaveUp;
    }
    let step = (attempts.max(1) as usize - 1).min(BACK_OFF_MS.len() - 1);
    let jitter = i64::from(random % (2 * JITTER_PERMILLE + 1));
    let back_off = BACK_OFF_MS[step] * (1_000 - i64::from(JITTER_PERMILLE) + jitter) / 1_000;
    // A wait that was asked for is only ever exceeded, by up to half as much jitter.
    let asked = retry_after_ms.map_or(0, |ms| ms.saturating_add(ms / 4_000 * jitter));
    Next::At(now.plus(back_off.max(asked)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: TimeMs = TimeMs(1_000_000);
    /// The random number that adds no jitter.
    const MIDDLE: u32 = JITTER_PERMILLE;

    fn wait(attempts: u32, retry_after_ms: Option<i64>, random: u32) -> i64 {
        match next(attempts, ATTEMPTS_MAX, NOW, retry_after_ms, random) {
            Next::At(at) => at.since(NOW),
            Next::GaveUp => panic!("gave up after {attempts} attempts"),
        }
    }

    #[test]
    fn the_waits_grow_over_three_days() {
        let waits: Vec<i64> = (1..ATTEMPTS_MAX).map(|n| wait(n, None, MIDDLE)).collect();
        assert_eq!(waits, BACK_OFF_MS);
        let hours = waits.iter().sum::<i64>() / HOUR_MS;
        assert!((72..96).contains(&hours), "{hours} hours");
    }

    #[test]
    fn the_last_attempt_is_the_last() {
        let after = |attempts| next(attempts, ATTEMPTS_MAX, NOW, Some(1_000), 7);
        assert_eq!(after(ATTEMPTS_MAX), Next::GaveUp);
        assert_eq!(after(u32::MAX), Next::GaveUp);
        assert_ne!(after(ATTEMPTS_MAX - 1), Next::GaveUp);
        assert_eq!(next(1, 1, NOW, None, 0), Next::GaveUp);
        assert_eq!(
            next(100, 1_000, NOW, None, MIDDLE),
            Next::At(NOW.plus(24 * HOUR_MS))
        );
    }

    #[test]
    fn jitter_stays_within_a_fifth() {
        let waits: Vec<i64> = (0..=u32::from(u16::MAX))
            .map(|r| wait(1, None, r))
            .collect();
        assert_eq!(
            (waits.iter().min(), waits.iter().max()),
            (Some(&4_000), Some(&6_000))
        );
        assert!((4_000..=6_000).contains(&wait(1, None, u32::MAX)));
    }

    #[test]
    fn what_is_asked_for_lengthens_and_never_shortens() {
        assert_eq!(wait(1, Some(0), MIDDLE), 5_000);
        assert_eq!(wait(4, Some(1_000), MIDDLE), 10 * MINUTE_MS);
        for random in [0, MIDDLE, u32::MAX] {
            let wait = wait(1, Some(HOUR_MS), random);
            assert!((HOUR_MS..=HOUR_MS + HOUR_MS / 10).contains(&wait), "{wait}");
        }
    }
}
