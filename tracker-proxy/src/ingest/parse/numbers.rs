//! Numbers that JSON allows and nothing can count with.
//!
//! `1e999` is read as infinity by some and refused by others. Kept, it would come back to whoever
//! reads the event, or be sent to whoever gets the trait.

/// The fewest digits of a number that is too large without an exponent.
const DIGITS_MIN: usize = 309;

/// Whether `json`, which a parser has accepted, holds a number beyond the largest that a
/// double-precision float can be.
pub(super) fn beyond_all_bounds(json: &str) -> bool {
    may_be(json.as_bytes()) && outside_texts(json).any(is_infinite)
}

/// Sees most events in which there is no such number at once: an exponent follows a digit, and so
/// many digits in a row have one at every place that is a multiple of a little less.
fn may_be(json: &[u8]) -> bool {
    let exponent = |pair: &[u8]| pair[0].is_ascii_digit() & (pair[1] | 0x20 == b'e');
    json.windows(2).any(exponent)
        || json
            .iter()
            .step_by(DIGITS_MIN)
            .skip(1)
            .any(u8::is_ascii_digit)
}

fn is_infinite(piece: &str) -> bool {
    let of_number = |one: char| one.is_ascii_digit() || matches!(one, '-' | '+' | '.' | 'e' | 'E');
    piece
        .split(|one| !of_number(one))
        .filter_map(|number| number.parse::<f64>().ok())
        .any(f64::is_infinite)
}

/// The pieces of `json` between its texts.
fn outside_texts(json: &str) -> impl Iterator<Item = &str> {
    let mut rest = json;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, text) = rest.split_once('"').unwrap_or((rest, ""));
        let mut escaped = false;
        let end = text.bytes().position(|byte| {
            let ends = !escaped && byte == b'"';
            escaped = !escaped && byte == b'\\';
            ends
        });
        rest = end.map_or("", |end| &text[end + 1..]);
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_too_large_are_seen_wherever_they_stand() {
        let digits = "9".repeat(DIGITS_MIN);
        for number in ["1e999", "-1E+400", "0.1e310", &digits] {
            for json in [
                format!(r#"{{"a":{number}}}"#),
                format!(r#"{{"a":"\\","b":[1,{number}]}}"#),
                format!(r#"{{"a":"{}","b":{{"c":{number}}}}}"#, "x".repeat(400)),
            ] {
                assert!(beyond_all_bounds(&json), "{json}");
            }
        }
    }

    #[test]
    fn large_small_and_written_numbers_are_left_alone() {
        let digits = "9".repeat(308);
        for value in [
            "1e308",
            "1e-999",
            "12345678901234567890",
            &digits,
            r#""1e999""#,
            r#""\"1e999""#,
            "true",
        ] {
            let json = format!(r#"{{"a":{value},"1e999":null}}"#);
            assert!(!beyond_all_bounds(&json), "{json}");
        }
    }
}
