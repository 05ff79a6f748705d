//! Barriers at which parties meet round by round.

use std::collections::BTreeMap;

use zk_wire::Zxid;

use super::sites::{Sites, returned_by};
use crate::known::{Life, number_in};
use crate::records::{Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property};

/// `B5`, and `G9` of waits that give up.
pub(super) fn judge(sites: &Sites<'_>, path: Text, calls: &[(usize, Op)], findings: &mut Findings) {
    let parties: Vec<&Life> = sites
        .children(path)
        .into_iter()
        .map(|(_, life)| life)
        .collect();
    // The parties of each transaction that let any pass.
    let mut rounds: BTreeMap<_, Vec<&Life>> = BTreeMap::new();
    for party in &parties {
        let passed: Vec<_> = sites
            .rows
            .at(party.path)
            .iter()
            .filter(|row| row.version > 0)
            .collect();
        if let [_, again, ..] = passed.as_slice() {
            let text = format!("{} passes again at {}", sites.name(party.path), again.zxid);
            findings.add(Property::B5, &[], text);
        }
        if let Some(first) = passed.first() {
            rounds.entry(first.zxid).or_default().push(party);
        }
    }
    for (zxid, parties) in &rounds {
        for party in parties {
            // Nobody can tell a party that is made late from one that waits.
            let gone = ghost(sites, party, *zxid, calls);
            if let Some(gone) = gone.filter(|_| !sites.late.has(party.czxid)) {
                let (name, at) = (sites.name(party.path), zxid);
                let text = format!("{name} passes at {at}, whose caller had given up");
                findings.add(Property::B5, &[gone], text);
            }
        }
    }
    let user = |party: &&&Life| sites.ends.user(party.owner);
    let mut passed: BTreeMap<_, usize> = BTreeMap::new();
    for (place, op) in calls {
        let wanted = op
            .expected
            .and_then(|count| usize::try_from(count).ok())
            .unwrap_or(1);
        if op.outcome != Outcome::Ok {
            let own = rounds.iter().find(|(_, parties)| {
                let mut own = parties
                    .iter()
                    .filter(|party| user(party) == Some(op.process));
                own.any(|party| op.invoked <= party.created)
            });
            let row =
                own.and_then(|(zxid, _)| sites.rows.at(path).iter().find(|row| row.zxid == *zxid));
            let since = row.map(|row| row.at).filter(|at| !returned_by(op, *at));
            sites.in_vain((*place, op), since, findings);
            continue;
        }
        let what = sites.what(op);
        let round = number_in(&sites.history.texts, Some(op.reply));
        let row = sites.rows.at(path).iter().find(|row| {
            Some(i64::from(row.version)) == round && row.is_within(op) && row.after.is_some()
        });
        let Some(row) = row else {
            let text = format!("{what} passed in a round that nobody completed meanwhile");
            findings.add(Property::B5, &[*place], text);
            continue;
        };
        let met = rounds.get(&row.zxid).map(Vec::as_slice).unwrap_or_default();
        if met.len() != wanted {
            let (count, zxid) = (met.len(), row.zxid);
            let text = format!("{what} passed at {zxid} with {count} parties of {wanted}");
            findings.add(Property::B5, &[*place], text);
        }
        if !met.iter().any(|party| user(&party) == Some(op.process)) {
            let text = format!("{what} passed at {} among others", row.zxid);
            findings.add(Property::B5, &[*place], text);
        }
        if let Some(before) = passed.insert((row.zxid, op.process), *place) {
            let text = format!("{what} passed twice in one round");
            findings.add(Property::B5, &[before, *place], text);
        }
    }
}

/// The call that made the party, if it had given up before the round was complete.
fn ghost(sites: &Sites<'_>, party: &Life, round: Zxid, calls: &[(usize, Op)]) -> Option<usize> {
    let row = sites
        .rows
        .at(party.path)
        .iter()
        .find(|row| row.zxid == round)?;
    let user = sites.ends.user(party.owner)?;
    let made = |op: &Op| op.process == user && op.invoked <= party.created;
    let (place, op) = calls.iter().rev().find(|(_, op)| made(op))?;
    sites.had_given_up(op, row.at).then_some(*place)
}
