//! A1: changes of numbers that were told took place once, those told not to have did not, and all form one chain.

use std::collections::{BTreeMap, BTreeSet};

use super::super::diary::{Page, Step, Told};
use super::super::order::{Order, number};
use super::super::work::barriers::PARTIES;
use super::super::work::numbers::BLOCK;

pub(super) fn judge(page: &Page, order: &Order, findings: &mut Vec<String>) {
    let mut paths: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    for step in &page.steps {
        paths.entry(&step.path).or_default().push(step);
    }
    for (path, steps) in paths {
        changes(path, &steps, order, findings);
    }
    let mut seen = BTreeSet::new();
    for number in page.numbers.iter().filter(|number| !seen.insert(**number)) {
        findings.push(format!("A1: {number} was handed out twice"));
    }
    let reserved = order.data(BLOCK).last().and_then(|(_, data)| number(data));
    if seen.last().copied() >= Some(reserved.unwrap_or(0)) && !seen.is_empty() {
        findings.push("A1: a number beyond the reserved ones was handed out".to_owned());
    }
}

/// Each change that was told is one in the log, and no others are there than those of unknown fate.
fn changes(path: &str, steps: &[&Step], order: &Order, findings: &mut Vec<String>) {
    let begin = if path.contains("countdown") {
        i64::from(PARTIES)
    } else {
        0
    };
    let mut there: BTreeMap<(i64, i64), u64> = BTreeMap::new();
    let mut last = begin;
    for (at, data) in order.data(path) {
        let Some(next) = number(data) else {
            findings.push(format!("A1: {path} is no number at {} ms", at.ms));
            return;
        };
        // The node may be made with what it begins with.
        if next != last {
            *there.entry((last, next)).or_default() += 1;
        }
        last = next;
    }
    for change in steps.iter().filter_map(|step| step.change) {
        match there.get_mut(&change) {
            Some(count) if *count > 0 => *count -= 1,
            _ => findings.push(format!(
                "A1: no change of {path} from {} to {}",
                change.0, change.1
            )),
        }
    }
    let others: u64 = there.values().sum();
    let unknown = steps
        .iter()
        .filter(|step| step.told == Told::Unknown)
        .count();
    if others > u64::try_from(unknown).unwrap_or(0) {
        findings.push(format!(
            "A1: {others} changes of {path} that nobody told of, {unknown} unknown"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::super::kit::{findings, order};
    use super::*;

    fn step(told: Told, change: Option<(i64, i64)>) -> Step {
        Step {
            path: "/n".to_owned(),
            told,
            change,
        }
    }

    fn found(steps: &[Step]) -> usize {
        // Four bytes each: 0, then 1, then 2.
        let order = order(&["+/n \0\0\0\0", "=/n \0\0\0\u{1}", "=/n \0\0\0\u{2}"]);
        let page = Page {
            steps: steps.to_vec(),
            ..Page::default()
        };
        findings(&page, &order).len()
    }

    #[test]
    fn changes_are_told_or_unknown_and_none_is_missing() {
        let (first, second) = (Some((0, 1)), Some((1, 2)));
        assert_eq!(
            found(&[step(Told::Done, first), step(Told::Done, second)]),
            0
        );
        assert_eq!(
            found(&[step(Told::Done, second), step(Told::Unknown, None)]),
            0
        );
        let refused = [step(Told::Done, second), step(Told::NotApplied, None)];
        assert_eq!(found(&refused), 1, "it was applied nevertheless");
        let twice = [
            step(Told::Done, first),
            step(Told::Done, first),
            step(Told::Done, second),
        ];
        assert_eq!(found(&twice), 1);
        let skipped = [step(Told::Done, Some((0, 2))), step(Told::Unknown, None)];
        assert_eq!(found(&skipped), 2);
    }

    #[test]
    fn numbers_are_handed_out_once_and_reserved_before() {
        let order = order(&["+/chaos/block \0\0\0\u{5}"]);
        let found = |numbers: &[i64]| {
            let numbers = numbers.to_vec();
            let page = Page {
                numbers,
                ..Page::default()
            };
            findings(&page, &order).len()
        };
        assert_eq!(found(&[0, 4, 2]), 0);
        assert_eq!(found(&[0, 4, 0]), 1);
        assert_eq!(found(&[5]), 1);
    }
}
