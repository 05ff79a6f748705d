//! What the checkers of histories do not ask of queues: batches are put together, and bounds are kept.

use std::collections::{BTreeMap, BTreeSet};

use super::super::diary::{Batch, Page, Told};
use super::super::order::Order;
use super::super::work::queues::KINDS;

pub(super) fn judge(page: &Page, order: &Order, findings: &mut Vec<String>) {
    for batch in &page.batches {
        together(batch, order, findings);
    }
    for kind in KINDS {
        if let Some(bound) = kind.bound {
            bounded(kind.path, bound, order, findings);
        }
    }
}

/// All of it in one transaction, or none.
fn together(batch: &Batch, order: &Order, findings: &mut Vec<String>) {
    let Batch { path, items, told } = batch;
    let put = |item: &String| {
        let item = item.as_bytes();
        let holds = |data: &[u8]| data.windows(item.len()).any(|part| part == item);
        let nodes = order.below(path);
        let mut nodes = nodes.filter(|(_, life)| life.data.iter().any(|(_, data)| holds(data)));
        nodes.next().map(|(_, life)| life.created.zxid)
    };
    let zxids: BTreeSet<Option<i64>> = items.iter().map(put).collect();
    let is_put = zxids.first().copied().flatten().is_some();
    let is_right = match told {
        Told::Done => is_put,
        Told::NotApplied => !is_put,
        Told::Unknown => true,
    };
    if zxids.len() > 1 || !is_right {
        findings.push(format!(
            "Q4: {items:?} were put into {path} together, {told:?}, and are there at {zxids:x?}"
        ));
    }
}

/// Never more than there may be.
fn bounded(path: &str, bound: usize, order: &Order, findings: &mut Vec<String>) {
    let mut steps: BTreeMap<i64, i64> = BTreeMap::new();
    for (_, life) in order.below(path) {
        *steps.entry(life.created.zxid).or_default() += 1;
        if let Some(deleted) = life.deleted {
            *steps.entry(deleted.zxid).or_default() -= 1;
        }
    }
    let mut count = 0;
    for (zxid, step) in steps {
        count += step;
        if usize::try_from(count).is_ok_and(|count| count > bound) {
            findings.push(format!(
                "Q: {count} items are in {path} at {zxid:#x}, where {bound} may be"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::kit::{findings, order};
    use super::*;

    #[test]
    fn q4_a_batch_that_was_torn_or_is_not_what_was_told_is_found() {
        let found = |lines: &[&str], told| {
            let items = ["<1>", "<2>"].map(str::to_owned).to_vec();
            let path = "/q";
            let page = Page {
                batches: vec![Batch { path, items, told }],
                ..Page::default()
            };
            findings(&page, &order(lines)).len()
        };
        let whole: &[&str] = &["+/q/a ..<1>;+/q/b ..<2>", "-/q/a"];
        for (lines, told, wrong) in [
            (whole, Told::Done, 0),
            (whole, Told::Unknown, 0),
            (whole, Told::NotApplied, 1),
            (&["+/q/a ..<1>", "+/q/b ..<2>"], Told::Unknown, 1),
            (&["+/q/a ..<1>"], Told::Done, 1),
            (&["+/q/a ..<3>"], Told::Done, 1),
            (&["+/q/a ..<3>"], Told::NotApplied, 0),
        ] {
            assert_eq!(found(lines, told), wrong, "{lines:?} {told:?}");
        }
    }

    #[test]
    fn a_queue_that_has_more_than_it_may_is_found() {
        let bounded = KINDS.iter().find(|kind| kind.bound.is_some());
        let path = bounded.map_or("", |kind| kind.path);
        let put: Vec<String> = (0..4).map(|n| format!("+{path}/{n}")).collect();
        let mut lines: Vec<&str> = put.iter().map(String::as_str).collect();
        let (taken, more, most) = (
            format!("-{path}/0"),
            format!("+{path}/5"),
            format!("+{path}/6"),
        );
        lines.extend([taken.as_str(), &more]);
        assert_eq!(
            findings(&Page::default(), &order(&lines)),
            Vec::<String>::new()
        );
        lines.push(&most);
        assert_eq!(findings(&Page::default(), &order(&lines)).len(), 1);
    }
}
