//! What is stored of a lease, as kazoo stores it: JSON, with the end as a date and time of UTC.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::{Value, json};
use zk_client::{Error, ErrorKind, OpKind};

/// Who has a lease until when.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeaseSpan {
    /// The path of the lease.
    pub path: String,
    /// Its holder's identifier.
    pub holder: String,
    /// When it is over, by the clock of its holder: a whole second.
    pub until: SystemTime,
}

/// What kazoo 2.11 writes and reads.
const VERSION: u64 = 1;

/// The last second of the year 9999, since 1970.
pub(super) const LAST: u64 = 253_402_300_799;

const DAY: u64 = 86_400;

pub(super) fn encode(span: &LeaseSpan) -> Bytes {
    let until = span.until.duration_since(UNIX_EPOCH).unwrap_or_default();
    let end = date(until.as_secs().min(LAST));
    let json = json!({"version": VERSION, "holder": span.holder, "end": end});
    Bytes::from(json.to_string())
}

/// The lease at `path`, by the data of the node `at`.
pub(super) fn decode(path: &str, at: &str, data: &[u8]) -> Result<LeaseSpan, Error> {
    let none = |why: &str| {
        let text = format!("cannot read {at} as a lease: {why}");
        let hint = "it may belong to something else, or to a kazoo newer than 2.11";
        Error::new(ErrorKind::Undecodable, text)
            .with_op(OpKind::Get, at)
            .with_hint(hint)
    };
    let json: Value = serde_json::from_slice(data).map_err(|_| none("it is no JSON"))?;
    match json.get("version").and_then(Value::as_u64) {
        Some(VERSION) => {}
        Some(other) => return Err(none(&format!("its version is {other}, not {VERSION}"))),
        None => return Err(none("it has no version")),
    }
    let text = |name: &str| json.get(name).and_then(Value::as_str);
    let holder = text("holder").ok_or_else(|| none("it has no holder"))?;
    let end = text("end").ok_or_else(|| none("it has no end"))?;
    let until = seconds(end).ok_or_else(|| none("its end is no date and time"))?;
    Ok(LeaseSpan {
        path: path.to_owned(),
        holder: holder.to_owned(),
        until: UNIX_EPOCH + Duration::from_secs(until),
    })
}

fn days_of_year(year: u64) -> u64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    365 + u64::from(is_leap)
}

/// How many days each month has.
fn months(year: u64) -> [u64; 12] {
    let february = days_of_year(year) - 337;
    [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

/// The date and time at so many seconds after the beginning of 1970.
fn date(seconds: u64) -> String {
    let (mut day, second) = (seconds / DAY, seconds % DAY);
    let mut year = 1970;
    while day >= days_of_year(year) {
        day -= days_of_year(year);
        year += 1;
    }
    let mut month = 1;
    for days in months(year) {
        if day < days {
            break;
        }
        day -= days;
        month += 1;
    }
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!(
        "{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{:02}",
        day + 1,
        second % 60
    )
}

/// The seconds from the beginning of 1970 to a date and time; none before it.
fn seconds(text: &str) -> Option<u64> {
    let (day, time) = text.split_once('T')?;
    let [year, month, day] = numbers(day, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let months = months(year);
    let days = *months.get(usize::try_from(month.checked_sub(1)?).ok()?)?;
    // A minute may have 61 seconds, as in Python.
    let is_valid = (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 62;
    if !is_valid || !(1..=9999).contains(&year) {
        return None;
    }
    if year < 1970 {
        return Some(0);
    }
    let years = (1970..year).map(days_of_year).sum::<u64>();
    let before = months.iter().take(usize::try_from(month - 1).ok()?);
    let days = years + before.sum::<u64>() + day - 1;
    Some(days * DAY + hour * 3600 + minute * 60 + second)
}

/// Three numbers of digits alone.
fn numbers(text: &str, between: char) -> Option<[u64; 3]> {
    let number = |text: &str| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().ok()).flatten()
    };
    let numbers: Option<Vec<u64>> = text.split(between).map(number).collect();
    numbers?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar_and_read_back() {
        for (at, text) in [
            (0, "1970-01-01T00:00:00"),
            (951_782_399, "2000-02-28T23:59:59"),
            (951_782_400, "2000-02-29T00:00:00"),
            (951_868_800, "2000-03-01T00:00:00"),
            (1_709_164_799, "2024-02-28T23:59:59"),
            (1_735_689_599, "2024-12-31T23:59:59"),
            (4_107_542_400, "2100-03-01T00:00:00"),
            (LAST, "9999-12-31T23:59:59"),
        ] {
            assert_eq!(date(at), text);
            assert_eq!(seconds(text), Some(at));
        }
        for day in 0..200_000 {
            let at = day * DAY + day % DAY;
            assert_eq!(seconds(&date(at)), Some(at));
        }
        assert_eq!(seconds("1969-12-31T23:59:59"), Some(0), "long over");
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "T",
            "2024-01-01",
            "2024-01-01 00:00:00",
            "2024-00-01T00:00:00",
            "2024-13-01T00:00:00",
            "2023-02-29T00:00:00",
            "2024-01-01T24:00:00",
            "2024-01-01T00:60:00",
            "2024-01-01T00:00:00.5",
            "2024-01-01T00:00:00Z",
            "2024-+1-01T00:00:00",
            "99999999999999999999-01-01T00:00:00",
            "10000-01-01T00:00:00",
            "0000-01-01T00:00:00",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn a_lease_is_what_kazoo_writes_and_all_else_says_why_not() {
        let span = LeaseSpan {
            path: "/l".to_owned(),
            holder: "\"a\" ü".to_owned(),
            until: UNIX_EPOCH + Duration::from_secs(951_782_400),
        };
        let decoded = |data: &str| decode("/l", "/l/lease_holder", data.as_bytes());
        assert_eq!(
            decode("/l", "/l/lease_holder", &encode(&span)).unwrap(),
            span
        );
        let kazoos = r#"{"version": 1, "holder": "\"a\" \u00fc", "end": "2000-02-29T00:00:00"}"#;
        assert_eq!(decoded(kazoos).unwrap(), span);
        for (data, why) in [
            ("", "it is no JSON"),
            ("[]", "it has no version"),
            (r#"{"version": 2}"#, "its version is 2, not 1"),
            (r#"{"version": 1}"#, "it has no holder"),
            (r#"{"version": 1, "holder": "a"}"#, "it has no end"),
            (
                r#"{"version": 1, "holder": "a", "end": "soon"}"#,
                "its end is no date and time",
            ),
        ] {
            let error = decoded(data).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Undecodable);
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
