//! Barriers that all enter together and all leave together.

use zk_wire::Moment;

use super::sites::{Sites, returned_by};
use crate::known::Life;
use crate::records::{ChangeKind, Function, Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property};

/// `B2`, `B3`, and `G9` of waits that give up.
pub(super) fn judge(sites: &Sites<'_>, path: Text, calls: &[(usize, Op)], findings: &mut Findings) {
    let children = sites.children(path);
    let (gates, members): (Vec<_>, Vec<_>) = children
        .into_iter()
        .partition(|(name, _)| *name == b"ready");
    let meeting = Meeting {
        sites,
        calls,
        gates: gates.into_iter().map(|(_, life)| life).collect(),
        members: members.into_iter().map(|(_, life)| life).collect(),
    };
    for (place, op) in calls {
        match op.function {
            Function::Enter => meeting.enter(*place, op, findings),
            Function::Leave => meeting.leave(*place, op, findings),
            _ => {}
        }
    }
}

struct Meeting<'s, 'h> {
    sites: &'s Sites<'h>,
    calls: &'s [(usize, Op)],
    gates: Vec<&'s Life>,
    members: Vec<&'s Life>,
}

impl Meeting<'_, '_> {
    /// Who enters was there with as many as are to meet at the moment when the gate was made; who had given up is not counted.
    fn enter(&self, place: usize, op: &Op, findings: &mut Findings) {
        let wanted = op
            .expected
            .and_then(|count| usize::try_from(count).ok())
            .unwrap_or(1);
        if op.outcome != Outcome::Ok {
            // It has no node to tell of: any that its process made meanwhile, unless an earlier call has sent it.
            let own = self.members.iter().filter(|life| {
                let user = self.sites.ends.user(life.owner);
                let sent = |to| self.sites.had_connection(op.process, op.invoked, to);
                user == Some(op.process)
                    && op.invoked <= life.created
                    && !returned_by(op, life.created)
                    && sent(life.created)
            });
            let gates = own.filter_map(|life| Some((life, self.gate_of(life)?.created)));
            // A gate whose member went with its session before it was due to pass is another generation's.
            let missed = |life: &Life, gate| {
                let expired = life.removal.filter(|it| it.cause == ChangeKind::Expire);
                expired.is_some_and(|it| !self.sites.bounds.is_late(gate, Some(it.at)))
            };
            let gate = gates
                .filter(|(life, gate)| !missed(life, *gate))
                .map(|(_, gate)| gate)
                .min();
            self.sites.in_vain((place, op), gate, findings);
            return;
        }
        let what = self.sites.what(op);
        let Some(life) = self.member(op) else {
            let text = format!("{what} entered without a node");
            findings.add(Property::B2, &[place], text);
            return;
        };
        let Some(gate) = self
            .gate_of(life)
            .filter(|gate| !returned_by(op, gate.created))
        else {
            let text = format!("{what} entered, and nobody opened while it was there");
            findings.add(Property::B2, &[place], text);
            return;
        };
        let ghosts = self.together(gate).filter(|life| self.is_ghost(life, gate));
        let there = self.together(gate).count() - ghosts.count();
        if there < wanted {
            let text = format!(
                "{what} entered at {} with {there} members of {wanted}",
                gate.czxid
            );
            findings.add(Property::B2, &[place], text);
        }
    }

    /// Who has left leaves nobody behind who was there when it entered.
    fn leave(&self, place: usize, op: &Op, findings: &mut Findings) {
        let own = self.member(op);
        let Some((own, gate)) = own.and_then(|own| Some((own, self.gate_of(own)?))) else {
            return;
        };
        let returned = op.returned.unwrap_or(self.sites.bounds.ended);
        let gone = |life: &&&Life| life.removal.is_some_and(|removal| removal.at <= returned);
        if op.outcome == Outcome::Ok {
            if let Some(other) = self.together(gate).find(|life| !gone(life)) {
                let other = self.sites.name(other.path);
                let text = format!("{} has left while {other} is there", self.sites.what(op));
                findings.add(Property::B3, &[place], text);
            }
            return;
        }
        let mut last = Some(Moment::ZERO);
        for life in self.together(gate).filter(|life| life.czxid != own.czxid) {
            let gone = life
                .removal
                .map(|removal| removal.at)
                .filter(|at| *at <= returned);
            last = last.zip(gone).map(|(one, other)| one.max(other));
        }
        self.sites.in_vain((place, op), last, findings);
    }

    /// Whether the call that made the member had given up before the gate was made.
    fn is_ghost(&self, life: &Life, gate: &Life) -> bool {
        let user = self.sites.ends.user(life.owner);
        let made = |op: &Op| {
            let enters = op.function == Function::Enter && Some(op.process) == user;
            enters && op.invoked <= life.created
        };
        let call = self.calls.iter().rev().find(|(_, op)| made(op));
        call.is_some_and(|(_, op)| self.sites.had_given_up(op, gate.created))
    }

    /// The node that a call tells of: the last one of that name.
    fn member(&self, op: &Op) -> Option<&Life> {
        let mut members = self.members.iter().rev();
        members.find(|life| life.path == op.reply).copied()
    }

    /// The first gate that was made while the member was there.
    fn gate_of(&self, life: &Life) -> Option<&Life> {
        let mut gates = self.gates.iter();
        let gate = gates.find(|gate| gate.czxid > life.czxid).copied()?;
        let there = life.removal.is_none_or(|removal| removal.zxid > gate.czxid);
        there.then_some(gate)
    }

    /// The members that were there when the gate was made.
    fn together<'m>(&'m self, gate: &'m Life) -> impl Iterator<Item = &'m &'m Life> {
        self.members.iter().filter(|life| {
            let gone = life
                .removal
                .is_some_and(|removal| removal.zxid < gate.czxid);
            life.czxid < gate.czxid && !gone
        })
    }
}
