//! Random numbers that need no system call: for message ids and jitter, never for secrets.

use std::sync::atomic::{AtomicU64, Ordering};

/// A stream of numbers that never repeats within 2^64, started from the system's randomness.
#[derive(Debug)]
pub(crate) struct Random {
    state: AtomicU64,
    salt: u16,
}

impl Random {
    /// Starts a stream of its own.
    pub(crate) fn seeded() -> Result<Self, getrandom::Error> {
        let mut salt = [0; 2];
        getrandom::fill(&mut salt)?;
        Ok(Self {
            state: AtomicU64::new(getrandom::u64()?),
            salt: u16::from_ne_bytes(salt),
        })
    }

    /// The next number (`SplitMix64`: a counter and a bijective mix, so there are no repeats).
    pub(crate) fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let before = self.state.fetch_add(STEP, Ordering::Relaxed);
        mix(before.wrapping_add(STEP))
    }

    /// A number in `0.0..1.0`.
    pub(crate) fn fraction(&self) -> f64 {
        // 53 bits are what a float holds exactly.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A new UUID version 7 for this millisecond since 1970.
    pub(crate) fn uuid(&self, millis: u64) -> uuid::Uuid {
        let mut bytes = [0; 10];
        bytes[..2].copy_from_slice(&self.salt.to_ne_bytes());
        bytes[2..].copy_from_slice(&self.next().to_ne_bytes());
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }
}

/// Spreads a number over all bits, without two numbers meeting.
pub(crate) const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_of_one_millisecond_differ() {
        let random = Random::seeded().unwrap();
        let ids: HashSet<_> = (0..10_000)
            .map(|_| random.uuid(1_763_632_800_000))
            .collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn fractions_stay_below_one() {
        let random = Random::seeded().unwrap();
        assert!((0..10_000).all(|_| (0.0..1.0).contains(&random.fraction())));
    }
}
