//! Reads of a node's children.

use std::collections::BTreeMap;

use zk_wire::Zxid;

use crate::history::History;
use crate::known::{Tree, name};
use crate::records::{ChangeKind, Function, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property};

/// Each list is the set of children at some zxid between the session's last seen and the reply's.
pub(super) fn judge(history: &History, tree: &Tree<'_>, floors: &[Zxid], findings: &mut Findings) {
    let mut known: BTreeMap<Text, Sets> = BTreeMap::new();
    for (place, (op, floor)) in history.ops.iter().zip(floors).enumerate() {
        let list = op.function == Function::Children && op.outcome == Outcome::Ok;
        if !list || op.at == Zxid::NONE {
            continue;
        }
        findings.stats.judged += 1;
        let sets = known
            .entry(op.path)
            .or_insert_with(|| Sets::of(history, tree, op.path));
        let names = history.texts.bytes(op.reply);
        let print = names
            .split(|byte| *byte == b',')
            .filter(|name| !name.is_empty())
            .fold(0, |print, name| print ^ fingerprint(name));
        if op.at >= *floor && sets.holds_within(print, *floor, tree.visible(op.at)) {
            continue;
        }
        let went_back = sets.holds_within(print, Zxid::NONE, *floor);
        let (property, why) = if op.at < *floor || went_back {
            (Property::G1, "goes back behind what the session had seen")
        } else {
            (Property::Read, "is no state of the log in that range")
        };
        let (path, at) = (history.texts.shown(op.path), op.at);
        let names = history.texts.shown(op.reply);
        findings.add(
            property,
            &[place],
            format!("the list of {path} at {at}, after {floor}, says [{names}]: it {why}"),
        );
    }
}

/// The sets of children that a node ever had.
struct Sets {
    /// Since when which set holds, by fingerprint.
    since: Vec<(Zxid, u64)>,
    /// The places in `since` of each set.
    places: BTreeMap<u64, Vec<usize>>,
}

/// A child that comes or goes.
struct Turn {
    zxid: Zxid,
    print: u64,
    /// Whether it shows before the rest of its transaction does.
    alone: bool,
}

impl Sets {
    fn of(history: &History, tree: &Tree<'_>, parent: Text) -> Self {
        let mut turns: Vec<Turn> = Vec::new();
        for life in tree.children(parent) {
            let print = fingerprint(name(history.texts.bytes(life.path)));
            let turn = |zxid, alone| Turn { zxid, print, alone };
            turns.push(turn(life.czxid, false));
            turns.extend(life.removal.map(|removal| {
                // The nodes of a dead session go one by one.
                turn(removal.zxid, removal.cause != ChangeKind::Delete)
            }));
        }
        turns.sort_by_key(|turn| turn.zxid);
        let mut since: Vec<(Zxid, u64)> = vec![(Zxid::NONE, 0)];
        let mut set = 0;
        for turn in turns {
            set ^= turn.print;
            match since.last_mut() {
                // Any other transaction shows only its end.
                Some(last) if last.0 == turn.zxid && !turn.alone => last.1 = set,
                _ => since.push((turn.zxid, set)),
            }
        }
        let mut places: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (place, (_, set)) in since.iter().enumerate() {
            places.entry(*set).or_default().push(place);
        }
        Self { since, places }
    }

    /// Whether the set holds at some zxid in `from..=to`.
    fn holds_within(&self, set: u64, from: Zxid, to: Zxid) -> bool {
        let Some(places) = self.places.get(&set) else {
            return false;
        };
        let begins = |place: &usize| self.since.get(*place).map_or(Zxid::NONE, |turn| turn.0);
        // The last time that the set came about by `to` is the best candidate.
        let end = places.partition_point(|place| begins(place) <= to);
        let Some(place) = end.checked_sub(1).and_then(|last| places.get(last)) else {
            return false;
        };
        let until = self.since.get(place + 1).map(|turn| turn.0);
        from <= to && until.is_none_or(|until| until > from)
    }
}

/// A name's contribution to the fingerprint of a set: names come and go by exclusive or.
fn fingerprint(name: &[u8]) -> u64 {
    let mut print = 0xcbf2_9ce4_8422_2325_u64;
    for byte in name {
        print = (print ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    // Names differ in their last digits: spread them over all bits.
    print ^= print >> 29;
    print = print.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    print ^ (print >> 32)
}
