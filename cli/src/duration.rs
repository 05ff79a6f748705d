//! Durations as people write them.

use std::time::Duration;

/// Reads `500ms`, `5s`, `1.5m`, `2h`, `1d`.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let seconds = match unit.trim_start() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        "" if !number.is_empty() => {
            return Err(format!("the unit is missing; did you mean {number}s?"));
        }
        _ => return Err(EXPECTED.to_owned()),
    };
    let number: f64 = number.parse().map_err(|_| EXPECTED.to_owned())?;
    let duration = Duration::try_from_secs_f64(number * seconds).map_err(|e| e.to_string())?;
    // Whole microseconds: 0.1 has no exact binary form.
    Ok(Duration::from_micros(
        (duration.as_nanos() as f64 / 1e3).round() as u64,
    ))
}

/// As [`parse`], but not zero.
pub(crate) fn parse_positive(text: &str) -> Result<Duration, String> {
    match parse(text)? {
        Duration::ZERO => Err("must be more than zero".to_owned()),
        duration => Ok(duration),
    }
}

const EXPECTED: &str = "write a number and a unit (ms, s, m, h, d), for example 500ms, 5s or 2m";

/// A duration in two digits or so, for people.
pub(crate) fn show(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{}ms", duration.as_millis()),
        1..60 => format!("{:.1}s", duration.as_secs_f64()),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit_make_a_duration() {
        for (text, millis) in [
            ("500ms", 500),
            ("5s", 5_000),
            ("5 s", 5_000),
            ("1.5s", 1_500),
            ("0.1s", 100),
            ("2m", 120_000),
            ("1h", 3_600_000),
            ("1d", 86_400_000),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_an_example() {
        assert_eq!(
            parse("5").unwrap_err(),
            "the unit is missing; did you mean 5s?"
        );
        for text in ["", "s", "-5s", "5y", "1.2.3s", "five", "1e3s"] {
            assert_eq!(parse(text).unwrap_err(), EXPECTED, "{text:?}");
        }
        assert!(parse("99999999999999999999999d").is_err());
        assert!(parse_positive("0ms").is_err());
    }

    #[test]
    fn a_shown_duration_is_short() {
        for (millis, text) in [
            (7, "7ms"),
            (1_500, "1.5s"),
            (61_000, "1m01s"),
            (3_660_000, "1h01m"),
            (90_000_000, "1d01h"),
        ] {
            assert_eq!(show(Duration::from_millis(millis)), text);
        }
    }
}
