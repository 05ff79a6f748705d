//! Confirming that the session lives while something is held.

use bytes::Bytes;
use zk_wire::{ErrorCode, Moment, MultiOp, MultiResult, OpCode, Reader, Request, Response};

use crate::config::Confirm;
use crate::connection::timers::Timer;
use crate::event::Event;
use crate::ids::DutyId;
use crate::requests::purpose::{ConfirmPart, Purpose};
use crate::requests::queue::Queued;
use crate::session::Session;
use crate::session::lifecycle::Break;

/// How many nodes one multi checks.
const CHECKS_PER_MULTI: usize = 256;

/// Rounds per session timeout.
const ROUNDS: u32 = 6;

impl Session {
    /// Makes the next round of confirms, or sets the timer for it.
    pub(crate) fn schedule_confirms(&mut self, now: Moment) {
        self.timers.stop(Timer::Confirm);
        let active = matches!(self.config.confirm, Confirm::Active { .. });
        if !active || !self.link.can_write() || self.closing.is_some() {
            return;
        }
        let interval = self.timeout / ROUNDS;
        match self.holds.next_round(now, interval, &self.window) {
            Some(at) if at <= now => self.start_round(now),
            Some(at) => self.timers.set(Timer::Confirm, at),
            None => {}
        }
    }

    /// A multi of checks was answered. Whether they succeeded does not matter for the session: a failed
    /// multi is committed, too. One that was refused before it was queued touched nothing.
    pub(crate) fn confirm_answered(
        &mut self,
        now: Moment,
        (part, nodes): (ConfirmPart, &[DutyId]),
        sent_at: Moment,
        (error, touched): (Option<ErrorCode>, bool),
        body: &Bytes,
    ) {
        let round_sent_at = match part {
            ConfirmPart::Round => self.holds.part_answered(sent_at, error.is_some()),
            ConfirmPart::Repeat => None,
        };
        match round_sent_at {
            Some(round_sent_at) => {
                self.stats.confirms += 1;
                self.window.confirmed(round_sent_at, now);
            }
            None if touched => self.window.answered(sent_at, now),
            None => {}
        }
        if error.is_none() {
            match Response::decode(OpCode::Multi, &mut Reader::new(body.clone())) {
                Ok(Response::Multi(results)) => self.read_checks(nodes, &results),
                _ => {
                    self.give_up(now, Break::protocol("the reply to a multi has no results"));
                    return;
                }
            }
        }
        self.schedule_confirms(now);
        self.judge_doubt(now);
    }

    /// Looks whether what is held has come into doubt, or out of it.
    pub(crate) fn judge_doubt(&mut self, now: Moment) {
        let (changed, look_again) = self.holds.judge(now, self.window.until(), self.timeout / 2);
        if let Some(in_doubt) = changed {
            self.events.push_back(Event::Doubt { in_doubt });
        }
        match look_again {
            Some(at) => self.timers.set(Timer::Doubt, at),
            None => self.timers.stop(Timer::Doubt),
        }
    }

    fn start_round(&mut self, now: Moment) {
        let nodes: Vec<_> = self.holds.checkable().map(|(duty, _)| duty).collect();
        let parts = nodes.chunks(CHECKS_PER_MULTI).len().max(1);
        self.holds.round_started(now, parts);
        if nodes.is_empty() {
            // Nothing we may read: an empty multi is committed as well.
            self.send_checks(ConfirmPart::Round, Vec::new());
        }
        for chunk in nodes.chunks(CHECKS_PER_MULTI) {
            self.send_checks(ConfirmPart::Round, chunk.to_vec());
        }
    }

    fn send_checks(&mut self, part: ConfirmPart, nodes: Vec<DutyId>) {
        let paths = nodes.iter().filter_map(|duty| self.holds.path(*duty));
        let checks = paths.map(|path| MultiOp::Check {
            path: path.to_owned(),
            version: -1,
        });
        let request = Request::Multi(checks.collect());
        self.queue
            .push_urgent(Queued::internal(request, Purpose::Confirm { part, nodes }));
    }

    /// The first check that fails hides those behind it, so they are repeated without it.
    fn read_checks(&mut self, nodes: &[DutyId], results: &[MultiResult]) {
        let failed = results
            .iter()
            .enumerate()
            .find_map(|(index, result)| match result {
                MultiResult::Failed(code) => ErrorCode::from_raw(*code).map(|code| (index, code)),
                _ => None,
            });
        let Some((index, code)) = failed else {
            return;
        };
        let Some(&duty) = nodes.get(index) else {
            return;
        };
        if code == ErrorCode::NoNode {
            if let Some(held) = self.holds.remove(duty) {
                self.events.push_back(Event::HoldGone {
                    duty,
                    path: held.path,
                });
            }
        } else {
            self.holds.not_checkable(duty);
        }
        let behind = nodes.iter().skip(index + 1).copied();
        let behind: Vec<_> = behind
            .filter(|duty| self.holds.path(*duty).is_some())
            .collect();
        if !behind.is_empty() {
            self.send_checks(ConfirmPart::Repeat, behind);
        }
    }
}
