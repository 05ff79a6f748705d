//! B1 to B5: nobody passed before what he waited for.

use std::collections::BTreeMap;

use super::super::diary::{Meeting, Page, Pass, Until};
use super::super::order::{Life, Order};
use super::super::work::barriers::{CYCLIC, DOUBLE, PARTIES};

pub(super) fn judge(page: &Page, order: &Order, findings: &mut Vec<String>) {
    for pass in &page.passes {
        let was_so = match pass.until {
            Until::Present => was_present(pass, order),
            Until::Absent => was_absent(pass, order),
            Until::CountedDown => order.data(&pass.path).any(|(at, data)| {
                let left = data[..].try_into().map(i32::from_be_bytes);
                at.ms <= pass.told && left.is_ok_and(|left| left <= 0)
            }),
        };
        if !was_so {
            let Pass {
                path, until, told, ..
            } = pass;
            findings.push(format!(
                "B1: {path} was passed at {told} ms, and not {until:?} by then"
            ));
        }
    }
    double(page, order, findings);
    cyclic(page, order, findings);
}

/// At some place in the order that the waiter can have seen: not before it began, not after it was told.
fn was_present(pass: &Pass, order: &Order) -> bool {
    let mut lives = order.lives(&pass.path).iter();
    lives.any(|life| life.created.ms <= pass.told && life.end().zxid > pass.after)
}

fn was_absent(pass: &Pass, order: &Order) -> bool {
    let lives = order.lives(&pass.path);
    let at_the_begin = !lives.iter().any(|life| life.is_at(pass.after));
    at_the_begin
        || lives
            .iter()
            .filter_map(|life| life.deleted)
            .any(|deleted| deleted.zxid > pass.after && deleted.ms <= pass.told)
}

/// Who were there when a `ready` was made entered together; each of them leaves when all of them are gone.
fn double(page: &Page, order: &Order, findings: &mut Vec<String>) {
    let ready = order.lives(&format!("{DOUBLE}/ready"));
    let members: Vec<(&str, &Life)> = order
        .below(DOUBLE)
        .filter(|(node, _)| !node.ends_with("/ready"))
        .collect();
    let mut together: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for life in ready {
        let there = members
            .iter()
            .filter(|(_, member)| member.is_at(life.created.zxid));
        let there: Vec<&(&str, &Life)> = there.collect();
        if there.len() < usize::from(PARTIES) {
            findings.push(format!("B2: {} entered together", there.len()));
        }
        let gone = there
            .iter()
            .map(|(_, member)| member.end().ms)
            .max()
            .unwrap_or(0);
        for (node, _) in there {
            together.entry(node).or_insert((life.created.ms, gone));
        }
    }
    for meeting in &page.meetings {
        match meeting {
            Meeting::Entered { node, told } => {
                if together
                    .get(node.as_str())
                    .is_none_or(|(opened, _)| opened > told)
                {
                    findings.push(format!("B2: {node} entered before the others were there"));
                }
            }
            Meeting::Left { node, told } => {
                if together
                    .get(node.as_str())
                    .is_none_or(|(_, gone)| gone > told)
                {
                    findings.push(format!("B3: {node} left before the others had"));
                }
            }
            Meeting::Round { .. } => {}
        }
    }
}

/// A round is a write of the barrier's node together with one of each party, all of them there.
fn cyclic(page: &Page, order: &Order, findings: &mut Vec<String>) {
    let mut told: BTreeMap<i64, (u64, i64)> = BTreeMap::new();
    for meeting in &page.meetings {
        if let Meeting::Round { number, told: at } = meeting {
            let (count, first) = told.entry(*number).or_insert((0, i64::MAX));
            *count += 1;
            *first = (*first).min(*at);
        }
    }
    let written: Vec<_> = order.data(CYCLIC).skip(1).map(|(at, _)| *at).collect();
    for (number, at) in (1..).zip(&written) {
        let parties = order.below(CYCLIC).filter(|(_, party)| {
            party.is_at(at.zxid) && party.data.iter().any(|(written, _)| written == at)
        });
        let parties = parties.count();
        if parties != usize::from(PARTIES) {
            let zxid = at.zxid;
            findings.push(format!("B5: round {number} at {zxid:#x} is of {parties}"));
        }
    }
    for (number, (count, first)) in told {
        let made = usize::try_from(number - 1)
            .ok()
            .and_then(|place| written.get(place));
        if made.is_none_or(|at| at.ms > first) {
            findings.push(format!("B5: round {number} was passed before it was one"));
        }
        if count > u64::from(PARTIES) {
            findings.push(format!("B5: {count} passed in round {number}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::kit::{findings, order};
    use super::*;

    #[test]
    fn b1_a_wait_that_ended_early_is_found() {
        let order = order(&[
            "+/g",
            "+/x",
            "-/g",
            "+/g",
            "+/l \0\0\0\u{1}",
            "=/l \0\0\0\0",
        ]);
        let found = |path: &str, until, after, told| {
            let path = path.to_owned();
            let page = Page {
                passes: vec![Pass {
                    path,
                    until,
                    after,
                    told,
                }],
                ..Page::default()
            };
            findings(&page, &order).len()
        };
        let (absent, present) = (Until::Absent, Until::Present);
        for (until, after, told, wrong) in [
            (absent, 1, 2, 1),
            (absent, 1, 3, 0),
            (absent, 3, 9, 0),
            (absent, 4, 9, 1),
            (present, 1, 1, 0),
            (present, 3, 3, 1),
            (present, 3, 4, 0),
        ] {
            assert_eq!(
                found("/g", until, after, told),
                wrong,
                "{until:?} {after} {told}"
            );
        }
        assert_eq!(found("/l", Until::CountedDown, 1, 5), 1);
        assert_eq!(found("/l", Until::CountedDown, 1, 6), 0);
    }

    fn meetings(meetings: Vec<Meeting>) -> Page {
        Page {
            meetings,
            ..Page::default()
        }
    }

    #[test]
    fn b2_b3_members_who_were_not_together_are_found() {
        let member = |n| format!("{DOUBLE}/{n}");
        let (enter, leave) = (
            format!("+{DOUBLE}/1;+{DOUBLE}/2;+{DOUBLE}/3"),
            format!("-{DOUBLE}/3"),
        );
        let all = format!("-{DOUBLE}/1;-{DOUBLE}/2");
        let ready = format!("+{DOUBLE}/ready");
        let good = order(&[&enter, &ready, &leave, &all]);
        let entered = |told| Meeting::Entered {
            node: member(1),
            told,
        };
        let left = |told| Meeting::Left {
            node: member(1),
            told,
        };
        assert_eq!(
            findings(&meetings(vec![entered(2), left(4)]), &good),
            Vec::<String>::new()
        );
        assert_eq!(findings(&meetings(vec![entered(1)]), &good).len(), 1);
        assert_eq!(findings(&meetings(vec![left(3)]), &good).len(), 1);
        let early = order(&[&format!("+{DOUBLE}/1;+{DOUBLE}/2"), &ready]);
        assert_eq!(
            findings(&meetings(Vec::new()), &early),
            ["B2: 2 entered together"]
        );
    }

    #[test]
    fn b5_rounds_that_are_not_of_all_are_found() {
        let parties: Vec<String> = (1..=3).map(|n| format!("{CYCLIC}/party-{n}")).collect();
        let made = format!("+{CYCLIC};+{};+{};+{}", parties[0], parties[1], parties[2]);
        let round = format!("={CYCLIC};={};={};={}", parties[0], parties[1], parties[2]);
        let good = order(&[&made, &round]);
        let told = |number, told| Meeting::Round { number, told };
        assert_eq!(
            findings(&meetings(vec![told(1, 2); 3]), &good),
            Vec::<String>::new()
        );
        assert_eq!(findings(&meetings(vec![told(1, 2); 4]), &good).len(), 1);
        assert_eq!(findings(&meetings(vec![told(1, 1)]), &good).len(), 1);
        assert_eq!(findings(&meetings(vec![told(2, 9)]), &good).len(), 1);
        let few = order(&[&made, &format!("={CYCLIC};={}", parties[0])]);
        assert_eq!(findings(&meetings(Vec::new()), &few).len(), 1);
    }
}
