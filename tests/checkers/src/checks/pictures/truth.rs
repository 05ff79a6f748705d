//! What is shown was so, and does not go back.

use std::collections::{BTreeMap, BTreeSet};

use zk_wire::{Moment, Zxid};

use super::picture::{Picture, age, told};
use crate::history::History;
use crate::known::{Bounds, Rows, Tree};
use crate::records::{Cached, ChangeKind, NewsKind};
use crate::text::Text;
use crate::verdict::{Findings, Property};

/// What the servers know.
pub(super) struct Truth<'h> {
    pub(super) history: &'h History,
    pub(super) tree: &'h Tree<'h>,
    pub(super) rows: &'h Rows,
    pub(super) bounds: &'h Bounds,
    /// All nodes that ever were.
    pub(super) paths: &'h BTreeSet<Text>,
}

/// The paths of all nodes that ever were.
pub(super) fn paths(history: &History) -> BTreeSet<Text> {
    let created = history.truth.changes.iter();
    let created = created.filter(|change| change.kind == ChangeKind::Create);
    created.map(|change| change.path).collect()
}

/// `C1`: each node that is shown or told was so by then. `C2`: what is shown, and what is told, goes on.
pub(super) fn judge(truth: &Truth<'_>, picture: &Picture<'_>, findings: &mut Findings) {
    let mut shown: BTreeMap<Text, (Zxid, Zxid)> = BTreeMap::new();
    for (place, op, nodes) in &picture.looks {
        for node in nodes.values() {
            was(truth, picture, node, op.returned, &[*place], findings);
            onwards(picture, &mut shown, node, &[*place], findings);
        }
    }
    let mut heard: BTreeMap<Text, (Zxid, Zxid)> = BTreeMap::new();
    for (news, nodes) in &picture.news {
        let one = matches!(news.what, NewsKind::Created | NewsKind::Changed);
        let one = one.then(|| told(news));
        for node in nodes.values().chain(&one) {
            was(truth, picture, node, Some(news.at), &[], findings);
            onwards(picture, &mut heard, node, &[], findings);
        }
    }
}

fn was(
    truth: &Truth<'_>,
    picture: &Picture<'_>,
    node: &Cached,
    by: Option<Moment>,
    ops: &[usize],
    findings: &mut Findings,
) {
    if node.mzxid == Zxid::NONE {
        return was_once(truth, picture, node, by, ops, findings);
    }
    let rows = truth.rows.at(node.path);
    let row = rows.iter().find(|row| row.zxid == node.mzxid);
    let data = row.and_then(|row| row.after);
    let in_time = row.is_some_and(|row| by.is_none_or(|by| row.at <= by));
    let of_this_life = truth.tree.made(node.path, node.czxid).is_some_and(|life| {
        let within = life.removal.is_none_or(|removal| node.mzxid < removal.zxid);
        node.czxid <= node.mzxid && within
    });
    if data != Some(node.data) || !in_time || !of_this_life || !covered(picture, node) {
        let text = format!(
            "{} shows {} as {:?} of {} and {}, which was not so",
            picture.name(),
            picture.history.texts.shown(node.path),
            picture.history.texts.shown(node.data),
            node.czxid,
            node.mzxid
        );
        findings.add(Property::C1, ops, text);
    }
}

/// The same where it is not known of which write it is shown.
fn was_once(
    truth: &Truth<'_>,
    picture: &Picture<'_>,
    node: &Cached,
    by: Option<Moment>,
    ops: &[usize],
    findings: &mut Findings,
) {
    let mut rows = truth.rows.at(node.path).iter();
    let held = rows.any(|row| {
        let of_this_life = node.czxid == Zxid::NONE
            || truth.tree.made(node.path, node.czxid).is_some_and(|life| {
                let within = life.removal.is_none_or(|removal| row.zxid < removal.zxid);
                node.czxid <= row.zxid && within
            });
        let in_time = by.is_none_or(|by| row.at <= by);
        row.after == Some(node.data) && of_this_life && in_time
    });
    if !held || !covered(picture, node) {
        let text = format!(
            "{} shows {} as {:?}, which was not so",
            picture.name(),
            picture.history.texts.shown(node.path),
            picture.history.texts.shown(node.data),
        );
        findings.add(Property::C1, ops, text);
    }
}

fn covered(picture: &Picture<'_>, node: &Cached) -> bool {
    picture.covers(picture.history.texts.bytes(node.path))
}

fn onwards(
    picture: &Picture<'_>,
    seen: &mut BTreeMap<Text, (Zxid, Zxid)>,
    node: &Cached,
    ops: &[usize],
    findings: &mut Findings,
) {
    let before = seen.insert(node.path, age(node));
    if before.is_some_and(|before| before > age(node)) {
        let path = picture.history.texts.shown(node.path);
        let text = format!("{} shows {path} as it was before", picture.name());
        findings.add(Property::C2, ops, text);
    }
}
