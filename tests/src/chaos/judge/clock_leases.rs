//! The lease by the clocks of its holders: nobody writes over a lease that is not over, and who is told to have it has it alone.
//!
//! All holders have one clock, and the servers have it, too: so what is no promise over several clocks can be asked for here.

use serde_json::Value;

use super::super::diary::{Page, Span};
use super::super::order::Order;
use super::super::work::clock_leases::CLOCK;

/// What was stored at a time.
struct Stored {
    ms: i64,
    holder: String,
    end: i64,
}

pub(super) fn judge(page: &Page, order: &Order, findings: &mut Vec<String>) {
    let mut stored: Vec<Stored> = Vec::new();
    for (at, data) in order.data(&format!("{CLOCK}/lease_holder")) {
        match read(data) {
            Some((holder, end)) => stored.push(Stored {
                ms: at.ms,
                holder,
                end,
            }),
            None => findings.push(format!("clock lease: {} is none", data.escape_ascii())),
        }
    }
    for pair in stored.windows(2) {
        if let [first, then] = pair {
            if first.holder != then.holder && then.ms < first.end {
                let early = first.end - then.ms;
                let (first, then) = (&first.holder, &then.holder);
                findings.push(format!(
                    "clock lease: {then} wrote over that of {first} {early} ms before it ended"
                ));
            }
        }
    }
    let mut spans: Vec<&Span> = page.spans.iter().collect();
    for Span { holder, end, .. } in &spans {
        let is_it = |stored: &Stored| stored.holder == *holder && stored.end == *end;
        if !stored.iter().any(is_it) {
            findings.push(format!(
                "clock lease: {holder} was told to have it until {end}, which was not stored"
            ));
        }
    }
    // Told late, when it was over already, it was nobody's.
    spans.retain(|span| span.from < span.to);
    spans.sort_by_key(|span| span.from);
    let mut last: Option<&Span> = None;
    for span in spans {
        if let Some(other) = last.filter(|other| other.holder != span.holder) {
            if span.from < other.to {
                let (one, two) = (&other.holder, &span.holder);
                let at = span.from;
                findings.push(format!("clock lease: {one} and {two} had it at {at}"));
            }
        }
        // What its holder renewed ends as the renewal does.
        last = Some(span);
    }
}

/// Who has it, and until when, in milliseconds since 1970.
fn read(data: &[u8]) -> Option<(String, i64)> {
    let json: Value = serde_json::from_slice(data).ok()?;
    let holder = json.get("holder")?.as_str()?.to_owned();
    Some((holder, millis(json.get("end")?.as_str()?)?))
}

/// Of a date and time of UTC to the second.
fn millis(text: &str) -> Option<i64> {
    let (date, time) = text.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    // Years that begin in March, so that the day that comes and goes is their last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leaps = year / 4 - year / 100 + year / 400;
    let days = year * 365 + leaps + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

fn numbers(text: &str, between: char) -> Option<[i64; 3]> {
    let numbers: Option<Vec<i64>> = text.split(between).map(|one| one.parse().ok()).collect();
    numbers?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::super::kit::{findings, order};
    use super::*;

    fn end(second: u8) -> String {
        format!("1970-01-01T00:00:{second:02}")
    }

    fn stored(sign: &str, holder: &str, second: u8) -> String {
        let end = end(second);
        format!(
            "{sign}{CLOCK}/lease_holder {{\"version\":1,\"holder\":\"{holder}\",\"end\":\"{end}\"}}"
        )
    }

    fn span(holder: &str, from: i64, to: i64) -> Span {
        Span {
            holder: holder.to_owned(),
            end: 1000,
            from,
            to,
        }
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00", 0),
            ("2000-02-29T00:00:00", 951_782_400),
            ("2024-02-29T00:00:01", 1_709_164_801),
            ("2025-12-31T23:59:59", 1_767_225_599),
        ] {
            assert_eq!(millis(text), Some(seconds * 1000), "{text}");
        }
        assert_eq!(millis("tomorrow"), None);
    }

    #[test]
    fn a_lease_that_is_written_over_before_its_end_is_found() {
        let wrong = |first: (&str, u8), then: (&str, u8)| {
            let lines = [stored("+", first.0, first.1), stored("=", then.0, then.1)];
            let order = order(&lines.each_ref().map(String::as_str));
            findings(&Page::default(), &order).len()
        };
        assert_eq!(wrong(("a", 0), ("b", 1)), 0, "it was over");
        assert_eq!(wrong(("a", 1), ("a", 2)), 0, "it is renewed");
        assert_eq!(wrong(("a", 1), ("b", 2)), 1);
        let other = order(&[&*format!("+{CLOCK}/lease_holder x")]);
        assert_eq!(findings(&Page::default(), &other).len(), 1);
    }

    #[test]
    fn two_that_have_it_at_once_and_one_whose_lease_was_not_stored_are_found() {
        let both = [
            stored("+", "a", 1),
            stored("=", "a", 0),
            stored("=", "b", 1),
        ];
        let order = order(&both.each_ref().map(String::as_str));
        let wrong = |spans: Vec<Span>| {
            let page = Page {
                spans,
                ..Page::default()
            };
            findings(&page, &order).len()
        };
        assert_eq!(wrong(vec![span("a", 0, 500), span("b", 500, 1000)]), 0);
        assert_eq!(wrong(vec![span("a", 0, 501), span("b", 500, 1000)]), 1);
        assert_eq!(wrong(vec![span("a", 0, 501), span("b", 1100, 1000)]), 0);
        let renewed = [span("a", 0, 900), span("a", 100, 200), span("b", 300, 1000)];
        assert_eq!(wrong(renewed.to_vec()), 0, "and given back then");
        assert_eq!(wrong(vec![span("c", 0, 1000)]), 1);
    }
}
