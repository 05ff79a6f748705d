//! Locks that are got together or not at all.

use std::collections::BTreeMap;

use zk_wire::Zxid;

use super::view::Locks;
use crate::records::{Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property};

/// `L12`.
pub(super) fn judge(locks: &Locks<'_>, findings: &mut Findings) {
    let mut groups: BTreeMap<Text, Vec<(usize, &Op)>> = BTreeMap::new();
    for (place, op) in locks.history.ops.iter().enumerate() {
        if !op.together.is_empty() {
            groups.entry(op.together).or_default().push((place, op));
        }
    }
    for (word, parts) in groups {
        findings.stats.judged += 1;
        let places: Vec<usize> = parts.iter().map(|(place, _)| *place).collect();
        let got = parts.iter().filter(|(_, op)| op.outcome == Outcome::Ok);
        let word = locks.history.texts.shown(word);
        if ![0, parts.len()].contains(&got.clone().count()) {
            let text = format!("{word} gets some and not all");
            findings.add(Property::L12, &places, text);
            continue;
        }
        let lives = got.filter_map(|(_, op)| locks.tree.made(op.reply, op.token));
        let last = lives.clone().map(|life| life.czxid).max();
        let gone = lives.filter(|life| {
            let end: Option<Zxid> = life.removal.map(|removal| removal.zxid);
            end.is_some_and(|end| last.is_some_and(|last| end <= last))
        });
        for life in gone {
            let node = locks.history.texts.shown(life.path);
            let text = format!("{word} has {node}, which is gone before the last of them");
            findings.add(Property::L12, &places, text);
        }
    }
}
