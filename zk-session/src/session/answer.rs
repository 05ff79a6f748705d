//! A reply reaches whoever asked.

use bytes::Bytes;
use zk_wire::{ErrorCode, Moment, OpCode, Zxid};

use crate::event::Event;
use crate::ids::RequestId;
use crate::outcome::{FailCause, Fate, Outcome, WatchKind};
use crate::requests::coalescer::Kind;
use crate::requests::in_flight::{Slot, WatchToSet};
use crate::requests::purpose::Purpose;
use crate::session::Session;
use crate::session::commands::table_for;
use crate::session::lifecycle::Break;
use crate::state::SessionState;
use crate::watches::Registered;

impl Session {
    /// Hands the reply over.
    pub(crate) fn settle_slot(
        &mut self,
        now: Moment,
        slot: Slot,
        zxid: Zxid,
        error: Option<ErrorCode>,
        body: Bytes,
    ) {
        let Slot {
            op,
            sent_at,
            purpose,
            watch,
            deadline,
            abandoned,
            ..
        } = slot;
        // A refusal made before the request was queued carries no zxid and touched nothing.
        let touched = zxid.as_raw() > 0;
        #[cfg(feature = "__seeded-bugs")]
        let sent_at = if crate::seeded::is_on("window-counted-from-the-answer") {
            now + self.timeout
        } else {
            sent_at
        };
        if touched && !matches!(purpose, Purpose::Confirm { .. }) {
            if error.is_none() && commits(op) {
                self.window.confirmed(sent_at, now);
                self.holds.committed(sent_at);
                self.schedule_confirms(now);
                self.judge_doubt(now);
            } else {
                self.window.answered(sent_at, now);
            }
        }
        let refused = watch.and_then(|watch| self.settle_watch(watch, error));
        match purpose {
            Purpose::User { id, duty } => {
                if let (None, Some(kind)) = (error, kind_of(op)) {
                    self.coalescer.learn(kind, body.len());
                }
                if let Some(deadline) = deadline {
                    self.deadlines.remove(&(deadline, id));
                }
                if !abandoned {
                    let result = error.map_or_else(|| Ok(body.clone()), Err);
                    let outcome = Outcome::Reply { zxid, result };
                    self.events.push_back(Event::Done { id, outcome });
                }
                if let Some(duty) = duty {
                    self.create_answered(now, duty, op, error, &body);
                }
            }
            Purpose::Reads(reads) => self.reads_answered(now, reads, zxid, error, &body),
            Purpose::Rewatch => match error {
                None => self.rewatch_answered(),
                Some(code) => {
                    let text = format!("refused to register watches again: {code}");
                    self.give_up(now, Break::hang_up(text));
                }
            },
            Purpose::Unwatch => {
                if error == Some(ErrorCode::Unimplemented) {
                    self.no_remove_watches = true;
                }
            }
            Purpose::Renew { path, mode } => self.renewed(now, &path, mode, error),
            Purpose::Duty(id, step) => self.duty_answered(now, id, step, error, &body),
            Purpose::Confirm { part, nodes } => {
                self.confirm_answered(now, (part, &nodes), sent_at, (error, touched), &body);
            }
            Purpose::Close => self.end(SessionState::Closed, &FailCause::Closed),
        }
        if let Some(refused) = refused {
            self.uncovered(now, &refused);
        }
    }

    /// The create of a duty was taken out of the queue by the duty itself.
    pub(crate) fn withdrawn(&mut self, id: RequestId) {
        let outcome = Outcome::Failed {
            cause: FailCause::Withdrawn,
            fate: Fate::NotApplied,
        };
        self.events.push_back(Event::Done { id, outcome });
    }

    /// Yields the watch if it was not set.
    fn settle_watch(&mut self, watch: WatchToSet, error: Option<ErrorCode>) -> Option<WatchToSet> {
        let Some(table) = table_for(watch.kind, error) else {
            self.watches.forget(watch.id);
            return Some(watch);
        };
        match table {
            WatchKind::Persistent => self.renew_recursive(&watch.path),
            WatchKind::Recursive => self.implied.set(&watch.path),
            WatchKind::Data | WatchKind::Exist | WatchKind::Child => {}
        }
        if self.watches.register(watch.id, &watch.path, table) == Registered::Orphan {
            self.remove_from_server(watch.path);
        }
        None
    }
}

/// What kind of read that can be joined was answered.
const fn kind_of(op: OpCode) -> Option<Kind> {
    match op {
        OpCode::GetData => Some(Kind::Data),
        OpCode::GetChildren => Some(Kind::Children),
        _ => None,
    }
}

/// Whether a quorum committed the request, if it was answered without error: then it confirms the session
/// as well as a multi of checks does.
const fn commits(op: OpCode) -> bool {
    matches!(
        op,
        OpCode::Create
            | OpCode::Create2
            | OpCode::CreateContainer
            | OpCode::CreateTtl
            | OpCode::Delete
            | OpCode::SetData
            | OpCode::SetAcl
            | OpCode::Multi
    )
}
