//! Lengths of time as people write them.

/// The units with their milliseconds, the longest first.
const UNITS: [(&str, i64); 6] = [
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Milliseconds of `500ms`, `15s`, `10m`, `24h`, `30d`, `2w` or `1h 30m`: whole numbers, each with
/// its unit.
///
/// A day is 24 hours here: what has to follow the calendar of an account asks its time zone.
#[must_use]
pub fn duration_ms(text: &str) -> Option<i64> {
    let parts = text.split_whitespace().map(part_ms);
    parts.reduce(|total, part| total?.checked_add(part?))?
}

fn part_ms(text: &str) -> Option<i64> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
    let (_, unit_ms) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    number.parse::<i64>().ok()?.checked_mul(unit_ms)
}

/// The shortest way to write so many milliseconds: what [`duration_ms`] reads.
#[must_use]
pub fn duration_text(ms: i64) -> String {
    let unit = UNITS
        .into_iter()
        .find(|(_, unit_ms)| ms % unit_ms == 0 && ms != 0);
    let (unit, unit_ms) = unit.unwrap_or(("s", 1_000));
    format!("{}{unit}", ms / unit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit_are_a_duration() {
        for (text, ms) in [
            ("500ms", 500),
            ("0s", 0),
            ("15s", 15_000),
            ("10m", 600_000),
            ("24h", 86_400_000),
            ("30d", 2_592_000_000),
            ("2w", 1_209_600_000),
            ("1h 30m", 5_400_000),
        ] {
            assert_eq!(duration_ms(text), Some(ms), "{text}");
        }
    }

    #[test]
    fn everything_else_is_none() {
        for text in [
            "",
            "s",
            "15",
            "-1s",
            "+1s",
            "1.5h",
            "1 h",
            "1h30m",
            "1H",
            "1min",
            "1µs",
            "9223372036854775807d",
            "99999999999999999999s",
        ] {
            assert_eq!(duration_ms(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_written_in_their_longest_unit() {
        for text in ["0s", "1ms", "1500ms", "15s", "10m", "23h", "365d", "2w"] {
            let ms = duration_ms(text).unwrap();
            assert_eq!(duration_text(ms), text);
        }
        assert_eq!(duration_text(60_000), "1m");
    }
}
