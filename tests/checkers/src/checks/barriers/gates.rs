//! Gates: a node that is there or not; and latches, whose number comes to 0.

use zk_wire::Moment;

use super::sites::{Sites, returned_by};
use crate::known::{Row, number_in};
use crate::records::{Function, Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property};

/// `B1`, and `G9` of waits that give up.
pub(super) fn judge(sites: &Sites<'_>, path: Text, calls: &[(usize, Op)], findings: &mut Findings) {
    let gate = Gate {
        sites,
        rows: sites.rows.at(path),
    };
    for (place, op) in calls {
        let wanted = match op.function {
            Function::Raise => State::There,
            Function::AwaitPresent => State::There,
            Function::AwaitZero => State::Zero,
            Function::AwaitAbsent => State::Gone,
            Function::Lower => {
                gate.lowered(*place, op, calls, findings);
                continue;
            }
            _ => continue,
        };
        if op.outcome != Outcome::Ok {
            gate.sites
                .in_vain((*place, op), gate.since(wanted, op), findings);
            continue;
        }
        // That a node is there, or a number 0, is read from any server: it may have been so before.
        let from = match op.function {
            Function::AwaitPresent | Function::AwaitZero => gate.seen_by(op, calls),
            _ => op.invoked,
        };
        if !gate.was(wanted, from, op.returned) {
            let text = format!(
                "{} passed, and it was never {}",
                sites.what(op),
                wanted.word()
            );
            findings.add(Property::B1, &[*place], text);
        }
    }
    gate.deletes(path, calls, findings);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    There,
    Gone,
    Zero,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::There => "there",
            Self::Gone => "gone",
            Self::Zero => "counted down",
        }
    }
}

struct Gate<'s, 'h> {
    sites: &'s Sites<'h>,
    rows: &'s [Row],
}

impl Gate<'_, '_> {
    fn is(&self, wanted: State, row: Option<&Row>) -> bool {
        let data = row.and_then(|row| row.after);
        match wanted {
            State::There => data.is_some(),
            State::Gone => data.is_none(),
            State::Zero => {
                let texts = &self.sites.history.texts;
                data.is_some() && number_in(texts, data).is_some_and(|left| left <= 0)
            }
        }
    }

    /// Whether it was so at a moment from `from` to `to`.
    fn was(&self, wanted: State, from: Moment, to: Option<Moment>) -> bool {
        let first = self.rows.partition_point(|row| row.at <= from);
        let within = self.rows.get(first..).unwrap_or_default().iter();
        let mut within = within.take_while(|row| to.is_none_or(|to| row.at <= to));
        let at_first = first.checked_sub(1).and_then(|last| self.rows.get(last));
        self.is(wanted, at_first) || within.any(|row| self.is(wanted, Some(row)))
    }

    /// Since when it is so without a break at the call's return.
    fn since(&self, wanted: State, op: &Op) -> Option<Moment> {
        let end = op.returned?;
        let mut since = None;
        let at_first = self.is(wanted, None).then_some(Moment::ZERO);
        for row in self.rows.iter().take_while(|row| row.at <= end) {
            let is = self.is(wanted, Some(row));
            since = match since {
                Some(since) if is => Some(since),
                _ if is => Some(row.at),
                _ => None,
            };
        }
        match self.rows.first() {
            Some(first) if first.at <= end => since,
            _ => at_first,
        }
    }

    /// When the last change of the call's session was made that it knows of: it reads nothing older.
    fn seen_by(&self, op: &Op, calls: &[(usize, Op)]) -> Moment {
        if op.session.is_none() {
            return Moment::ZERO;
        }
        let own = calls.iter().map(|(_, call)| call);
        let own = own.filter(|call| {
            call.session == op.session
                && call.outcome == Outcome::Ok
                && returned_by(call, op.invoked)
        });
        let rows = own.filter_map(|call| {
            let mut rows = self.rows.iter().rev();
            rows.find(|row| row.session == call.session && row.is_within(call))
        });
        rows.map(|row| row.at).max().unwrap_or(Moment::ZERO)
    }

    /// What a call says of a node that it was to delete.
    fn lowered(&self, place: usize, op: &Op, calls: &[(usize, Op)], findings: &mut Findings) {
        if op.outcome != Outcome::Ok {
            return;
        }
        let had_one = self.sites.history.texts.bytes(op.reply) == b"yes";
        let holds = if had_one {
            let gone = self.rows.iter().filter(|row| row.after.is_none());
            let floor = self.seen_by(op, calls);
            let mut gone = gone.skip_while(|row| row.at < floor);
            gone.any(|row| op.returned.is_none_or(|returned| row.at <= returned))
        } else {
            self.was(State::Gone, op.invoked, op.returned)
        };
        if !holds {
            let says = if had_one { "deleted one" } else { "was none" };
            let text = format!(
                "{} says that there {says}, and the log does not",
                self.sites.what(op)
            );
            findings.add(Property::B1, &[place], text);
        }
    }

    /// Nobody deletes the gate but who lowers it, and each call deletes one node at most. A delete that is carried out late comes
    /// on top.
    fn deletes(&self, path: Text, calls: &[(usize, Op)], findings: &mut Findings) {
        let mut used = vec![false; calls.len()];
        let lowers = calls.iter().any(|(_, op)| op.function == Function::Lower);
        let gone = self.rows.iter().filter(|row| row.after.is_none());
        for row in gone.filter(|row| lowers && !self.sites.late.has(row.zxid)) {
            let may = |op: &Op| {
                let unknown = matches!(
                    op.outcome,
                    Outcome::Unknown | Outcome::Cancelled | Outcome::Pending
                );
                let known = op.outcome == Outcome::Ok
                    && self.sites.history.texts.bytes(op.reply) == b"yes"
                    && row.is_within(op);
                op.function == Function::Lower
                    && row.process == Some(op.process)
                    && op.invoked <= row.at
                    && (known || unknown)
            };
            let mut open = calls.iter().zip(&mut used).rev();
            match open.find(|((_, op), used)| !**used && may(op)) {
                Some((_, used)) => *used = true,
                None => {
                    let (name, zxid) = (self.sites.name(path), row.zxid);
                    let text = format!(
                        "that {name} is deleted at {zxid} is no call's, or a second time one's"
                    );
                    findings.add(Property::B1, &[], text);
                }
            }
        }
    }
}
