//! A conditional transaction takes one branch, which is the one that was told.

use super::super::diary::{Page, Turn};
use super::super::order::Order;
use super::super::work::transactions::{OTHERWISE, SWITCH, THEN};

pub(super) fn judge(page: &Page, order: &Order, findings: &mut Vec<String>) {
    for branch in &page.branches {
        let (id, turn) = (&branch.id, branch.turn);
        let at = |path: &str| -> Vec<i64> {
            let writes = order.data(path);
            let writes = writes.filter(|(_, data)| data == id.as_bytes());
            writes.map(|(at, _)| at.zxid).collect()
        };
        let (switch, then, otherwise) = (at(SWITCH), at(THEN), at(OTHERWISE));
        let is_right = match turn {
            Turn::Then => (then.len(), otherwise.len()) == (1, 0),
            Turn::Otherwise => (then.len(), otherwise.len()) == (0, 1),
            Turn::Neither => then.len() + otherwise.len() == 0,
            Turn::Unknown => then.len() + otherwise.len() <= 1,
        };
        if !is_right || switch != then {
            findings.push(format!(
                "G2: {id} took {turn:?}, and is there at {switch:x?}, {then:x?} and {otherwise:x?}"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::diary::Branch;
    use super::super::kit::{findings, order};
    use super::*;

    #[test]
    fn a_branch_that_was_not_told_or_is_torn_is_found() {
        let then = format!("={SWITCH} x;={THEN} x");
        let (torn, other) = (format!("={THEN} x"), format!("={OTHERWISE} x"));
        let found = |writes: &[&str], turn| {
            let made = format!("+{SWITCH};+{THEN};+{OTHERWISE}");
            let mut lines = vec![made.as_str()];
            lines.extend(writes);
            let id = "x".to_owned();
            let page = Page {
                branches: vec![Branch { id, turn }],
                ..Page::default()
            };
            findings(&page, &order(&lines)).len()
        };
        for (writes, turn, wrong) in [
            (vec![then.as_str()], Turn::Then, 0),
            (vec![&then], Turn::Unknown, 0),
            (vec![&then], Turn::Otherwise, 1),
            (vec![&then], Turn::Neither, 1),
            (vec![&other], Turn::Otherwise, 0),
            (vec![&other], Turn::Then, 1),
            (vec![&then, &other], Turn::Unknown, 1),
            (vec![&torn], Turn::Then, 1),
            (vec![], Turn::Neither, 0),
            (vec![], Turn::Then, 1),
        ] {
            assert_eq!(found(&writes, turn), wrong, "{writes:?} {turn:?}");
        }
    }
}
