//! Reads, writes and watches of registers whose every value is written once.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use zk_checkers::{
    Function, History, NodeKind, Op, Outcome, WatchEvent as Told, WatchKind, WatchMode,
};
use zk_client::{Error, Node, Stat, Watch, WatchEvent};
use zk_wire::{SessionId, Zxid};

use super::Application;
use crate::actor::Called;
use crate::paths::register_path;
use crate::recorder::{OpenCall, code, failed};
use crate::schedule::{Call, Phase};
use crate::truth::kind_of;
use crate::world::Seen;

/// The place of the call that set a watch, its session, and the path.
type Watched<'a> = (usize, SessionId, &'a str);

impl Application {
    /// One call about a register.
    pub(super) async fn use_register(&mut self) {
        let register = self.pick(self.plan.registers);
        let path = register_path(register);
        match self.rng.below(10) {
            0..4 => {
                self.read(&path).await;
            }
            4..6 => self.write(&path, None).await,
            6..8 => {
                // Compare and set, by the version read before.
                if let Some(stat) = self.read(&path).await {
                    self.write(&path, Some(stat.version)).await;
                }
            }
            _ => self.watch(&path).await,
        }
    }

    async fn read(&mut self, path: &str) -> Option<Stat> {
        self.actor.enter(Phase::Reading);
        let call = self.begin(Function::Get, path, |_, _| {});
        let called = self.actor.call(Call::Get, self.client.get(path)).await;
        let answered = self.answered_at(path);
        self.end(call, called, |op, history, node: &Node| {
            read(op, history, node, answered);
        })
        .map(|node| node.stat)
    }

    async fn write(&mut self, path: &str, expected: Option<i32>) {
        self.actor.enter(Phase::Writing);
        let value = self.fresh_value();
        let call = self.begin(Function::Set, path, |op, history| {
            op.data = history.data(value.as_bytes());
            op.expected = expected;
        });
        let mut set = self.client.set(path, value);
        if let Some(version) = expected {
            set = set.version(version);
        }
        let called = self.actor.call(Call::Set, set).await;
        self.end(call, called, |op, history, stat: &Stat| {
            written(op, history, stat);
        });
    }

    async fn watch(&mut self, path: &str) {
        self.actor.enter(Phase::Watching);
        let call = self.begin(Function::Get, path, |op, _| op.watch = WatchMode::Once);
        let place = call.place();
        let get = self.client.get(path).watch();
        let called = self.actor.call(Call::Watch, get).await;
        let answered = self.answered_at(path);
        let ended = self.end(call, called, |op, history, (node, _): &(Node, Watch)| {
            read(op, history, node, answered);
        });
        let Some((_, mut watch)) = ended else {
            return;
        };
        let session = answered.map_or_else(|| self.session(), |(session, _)| session);
        let patience = Duration::from_millis(self.rng.between(10, 1500));
        match tokio::time::timeout(patience, watch.next()).await {
            Ok(event) => self.told((place, session, path), event),
            Err(_) if self.rng.percent(50) => {
                self.look_again((place, session, path), &mut watch).await;
            }
            Err(_) => self.note_watch((place, session, path), WatchKind::Dropped, None),
        }
    }

    /// Reads once more before it lets go of a watch: what the read shows, the watch has told before.
    async fn look_again(&self, watched: Watched<'_>, watch: &mut Watch) {
        let (_, _, path) = watched;
        let call = self.begin(Function::Get, path, |_, _| {});
        let called = self.actor.call(Call::Get, self.client.get(path)).await;
        let answered = self.answered_at(path);
        let event = poll_fn(|cx| match pin!(watch.next()).poll(cx) {
            Poll::Ready(event) => Poll::Ready(Some(event)),
            Poll::Pending => Poll::Ready(None),
        });
        let event = event.await;
        let silent = event.is_none();
        if let Some(event) = event {
            self.told(watched, event);
        }
        self.end(call, called, |op, history, node: &Node| {
            read(op, history, node, answered);
        });
        if silent {
            self.note_watch(watched, WatchKind::Dropped, None);
        }
    }

    /// A watch has told something; `None` if it has ended.
    fn told(&self, watched: Watched<'_>, event: Option<WatchEvent>) {
        let (what, zxid) = match event {
            Some(WatchEvent::Fired { kind, zxid, .. }) => (kind_of(kind), zxid),
            Some(WatchEvent::Gap) => (WatchKind::Gap, None),
            _ => (WatchKind::Ended, None),
        };
        self.note_watch(watched, what, zxid);
    }

    fn note_watch(&self, (place, session, path): Watched<'_>, what: WatchKind, zxid: Option<Zxid>) {
        let process = self.process();
        self.actor.recorder.with(|history, at| {
            let path = history.text(path);
            history.events.push(Told {
                process,
                session,
                op: u32::try_from(place).ok(),
                path,
                what,
                at,
                zxid: zxid.unwrap_or_default(),
            });
        });
    }

    /// Which session answered the last read of a register, and where its answer stands.
    fn answered_at(&self, path: &str) -> Option<(SessionId, Zxid)> {
        let index = self.actor.index;
        self.actor.wire.look(|world| world.last_read(index, path))
    }

    /// A call of the client begins.
    pub(super) fn begin(
        &self,
        function: Function,
        path: &str,
        fill: impl FnOnce(&mut Op, &mut History),
    ) -> OpenCall {
        let session = self.session();
        let seen = self.actor.wire.look(|world| world.seen(self.actor.index));
        self.actor
            .recorder
            .begin(self.process(), function, path, |op, history| {
                op.session = session;
                op.seen = seen.of(session);
                op.kind = NodeKind::Persistent;
                op.deadline = Some(op.invoked + self.plan.session * 2 - Duration::from_millis(1));
                fill(op, history);
            })
    }

    /// A call of the client is over.
    pub(super) fn end<T>(
        &self,
        call: OpenCall,
        called: Called<Result<T, Error>>,
        fill: impl FnOnce(&mut Op, &mut History, &T),
    ) -> Option<T> {
        let session = self.session();
        let seen = self.actor.wire.look(|world| world.seen(self.actor.index));
        match called {
            Called::Returned(Ok(value), polls) => {
                call.end(polls, Outcome::Ok, |op, history| {
                    answered(op, session, seen);
                    fill(op, history, &value);
                });
                Some(value)
            }
            Called::Returned(Err(error), polls) => {
                call.end(polls, failed(&error), |op, _| {
                    op.error = code(&error);
                    op.at = seen.of(op.session);
                });
                None
            }
            Called::Dropped(polls) => {
                call.end(polls, Outcome::Cancelled, |_, _| {});
                None
            }
        }
    }
}

/// A call has an answer: by the session in which it was made, or the first since then. Where there is another session
/// now, nobody knows which of them answered.
fn answered(op: &mut Op, session: SessionId, seen: Seen) {
    if op.session != session && !op.session.is_none() {
        op.session = SessionId::NONE;
        op.seen = Zxid::NONE;
        return;
    }
    op.session = session;
    op.at = seen.of(session);
}

fn read(op: &mut Op, history: &mut History, node: &Node, answered: Option<(SessionId, Zxid)>) {
    if let Some((session, at)) = answered {
        // What had been seen was another session's, if it is another now.
        if op.session != session {
            op.seen = Zxid::NONE;
        }
        op.session = session;
        op.at = at;
    }
    op.reply = history.data(&node.data);
    with_stat(op, &node.stat);
}

/// A write has been answered, at its own place in the log: that tells also on which session, where there is another
/// one by now.
pub(super) fn written(op: &mut Op, history: &History, stat: &Stat) {
    with_stat(op, stat);
    if op.session.is_none() {
        let mut changes = history.truth.changes.iter().rev();
        let own = changes.find(|change| change.zxid == stat.mzxid);
        op.session = own.map_or(SessionId::NONE, |change| change.session);
    }
    if !op.session.is_none() {
        op.at = stat.mzxid;
    }
}

fn with_stat(op: &mut Op, stat: &Stat) {
    op.version = Some(stat.version);
    op.czxid = stat.czxid;
    op.mzxid = stat.mzxid;
    op.owner = stat.ephemeral_owner;
}
