//! The lease's pauses and the rate limiter's windows.

use std::collections::BTreeMap;

use super::super::diary::Page;
use super::super::order::Order;
use super::super::work::limits::{MIN_HOLD, PER, PERMITS};

const LAST: &str = "/chaos/lease/last";
const RATE: &str = "/chaos/rate";

pub(super) fn judge(page: &Page, order: &Order, findings: &mut Vec<String>) {
    let starts: Vec<_> = order.data(LAST).collect();
    for pair in starts.windows(2) {
        let pause = pair[1].0.ms - pair[0].0.ms;
        // One start is written again if its answer is lost.
        let is_another = pair[0].1 != pair[1].1;
        if is_another && u128::try_from(pause).unwrap_or(0) < MIN_HOLD.as_millis() {
            findings.push(format!("lease: it ran again after {pause} ms"));
        }
    }
    let mut windows: BTreeMap<i64, u64> = BTreeMap::new();
    for (at, data) in order.data(RATE) {
        let text = String::from_utf8_lossy(data);
        let window = text
            .split_once(' ')
            .and_then(|(start, used)| Some((start.parse().ok()?, used.parse::<u64>().ok()?)));
        let Some((start, used)) = window else {
            findings.push(format!("rate: `{text}` is no window"));
            continue;
        };
        let known = windows.entry(start).or_default();
        if used < *known || used > u64::from(PERMITS) {
            findings.push(format!("rate: {used} were reserved at {} ms", at.ms));
        }
        *known = used;
    }
    let starts: Vec<&i64> = windows.keys().collect();
    for pair in starts.windows(2) {
        let length = pair[1] - pair[0];
        if u128::try_from(length).unwrap_or(0) < PER.as_millis() {
            findings.push(format!("rate: a window of {length} ms"));
        }
    }
    let reserved: u64 = windows.values().sum();
    if page.permits > reserved {
        let granted = page.permits;
        findings.push(format!("rate: {granted} granted and {reserved} reserved"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::kit::{findings, order};
    use super::*;

    #[test]
    fn a_lease_that_ran_again_too_soon_is_found() {
        let begun = "+/chaos/lease/last a";
        for (then, wrong) in [("=/chaos/lease/last b", 1), ("=/chaos/lease/last a", 0)] {
            let order = order(&[begun, then]);
            assert_eq!(findings(&Page::default(), &order).len(), wrong, "{then}");
        }
    }

    #[test]
    fn more_permits_than_were_reserved_or_than_there_are_are_found() {
        let page = |permits| Page {
            permits,
            ..Page::default()
        };
        let used = order(&[
            "+/chaos/rate 0 0",
            "=/chaos/rate 0 7",
            "=/chaos/rate 5000 3",
        ]);
        assert_eq!(findings(&page(10), &used), Vec::<String>::new());
        assert_eq!(findings(&page(11), &used).len(), 1);
        for wrong in ["0 21", "0 6", "10 1", "x"] {
            let wrong = format!("=/chaos/rate {wrong}");
            let order = order(&["+/chaos/rate 0 7", &wrong]);
            assert_eq!(findings(&page(0), &order).len(), 1, "{wrong}");
        }
    }
}
