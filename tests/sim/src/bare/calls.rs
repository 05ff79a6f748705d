//! What a process does: calls about registers, and the way into a lock.

use std::time::Duration;

use zk_checkers::{Function, Outcome, WatchEvent as Told, WatchKind, WatchMode};
use zk_session::{Event, RequestId, Submit, WatchEvent, WatchId};
use zk_wire::{EventType, Moment, OpCode, Request, Response, Stat};

use super::contender::{Contender, Progress, answer};
use super::holding::{Holding, Releasing};
use super::journal::{Hold, Scene, with_stat};
use super::process::Process;
use crate::schedule::Phase;
use crate::workload::{lock_path, register_path};

/// What a process is doing.
pub(super) enum Doing {
    /// Waits for a session; an acquisition goes on in it.
    Connecting(Option<Acquiring>),
    Idle(Moment),
    Reading(Call, Then),
    Writing(Call),
    Watching(Watching),
    Acquiring(Contender, Acquiring),
    Holding(Box<Holding>),
    Releasing(Releasing),
    Closing,
    Over,
}

/// A request and the call it is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) id: RequestId,
    pub(super) place: usize,
}

/// What comes after a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Nothing,
    /// Set if nobody has written since.
    Set,
    /// Wait for a change, for so long.
    Watch(WatchId, Duration),
    /// The last call of all.
    Close,
}

/// A call of acquire, over all its attempts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Acquiring {
    pub(super) lock: usize,
    pub(super) place: usize,
    waits: bool,
    limit: Option<Moment>,
    /// Given up after so many more events.
    cancel: Option<u64>,
    last: bool,
}

/// A watch on a register that was set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watching {
    watch: WatchId,
    place: usize,
    register: usize,
    until: Moment,
}

impl Doing {
    /// When it goes on by itself.
    pub(super) fn until(&self) -> Option<Moment> {
        match self {
            Self::Idle(until) => Some(*until),
            Self::Watching(watching) => Some(watching.until),
            Self::Acquiring(_, acquiring) | Self::Connecting(Some(acquiring)) => acquiring.limit,
            Self::Holding(holding) => holding.until(),
            _ => None,
        }
    }

    /// The calls that have not returned.
    pub(super) fn open_calls(&self) -> Vec<usize> {
        match self {
            Self::Reading(call, _) | Self::Writing(call) => vec![call.place],
            Self::Acquiring(_, acquiring) | Self::Connecting(Some(acquiring)) => {
                vec![acquiring.place]
            }
            Self::Holding(holding) => holding.call.iter().map(|call| call.place).collect(),
            Self::Releasing(releasing) => releasing.place.into_iter().collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn hold_mut(&mut self) -> Option<&mut Hold> {
        match self {
            Self::Holding(holding) => Some(&mut holding.hold),
            _ => None,
        }
    }
}

impl Process {
    /// Does what is due now; false if nothing is.
    pub(super) fn go_on(&mut self, scene: &mut Scene<'_>) -> bool {
        let session = &self.client.session;
        let connected = session.state().is_connected() && !session.is_closing();
        let due = self.doing.until().is_some_and(|until| until <= scene.now);
        match std::mem::replace(&mut self.doing, Doing::Over) {
            Doing::Connecting(acquiring) if connected => match acquiring {
                Some(acquiring) => self.attempt(scene, acquiring),
                None => self.rest(scene),
            },
            Doing::Connecting(Some(acquiring)) if due => {
                scene.end(acquiring.place, Outcome::NotApplied, |_, _| {});
                self.doing = Doing::Connecting(None);
            }
            Doing::Idle(_) if due => self.next_call(scene),
            Doing::Watching(watching) if due => {
                self.tell(scene, watching, WatchKind::Dropped, None);
                let now = self.client.local(scene.now);
                self.client.session.forget_watch(now, watching.watch);
                self.rest(scene);
            }
            Doing::Acquiring(contender, acquiring) if due => {
                self.give_up(scene, contender, acquiring, Outcome::NotApplied);
            }
            Doing::Holding(holding) if due => self.work(scene, *holding),
            other => {
                self.doing = other;
                return false;
            }
        }
        true
    }

    /// Takes an event of the session.
    pub(super) fn take(&mut self, scene: &mut Scene<'_>, event: &Event) {
        match std::mem::replace(&mut self.doing, Doing::Over) {
            Doing::Reading(call, then) => self.read_answered(scene, call, then, event),
            Doing::Writing(call) => match event {
                Event::Done { id, outcome } if *id == call.id => {
                    match answer(OpCode::SetData, outcome) {
                        Some(Response::Stat(stat)) => {
                            let session = self.session;
                            scene.end(call.place, Outcome::Ok, |op, _| {
                                op.session = session;
                                with_stat(op, &stat);
                            });
                        }
                        _ => scene.end_failed(call.place, outcome, self.view().1),
                    }
                    self.rest(scene);
                }
                _ => self.doing = Doing::Writing(call),
            },
            Doing::Watching(watching) => match event {
                Event::Watch { id, event } if *id == watching.watch => {
                    let (what, zxid) = match event {
                        WatchEvent::Fired { kind, zxid, .. } => (kind_of(*kind), *zxid),
                        WatchEvent::Gap => (WatchKind::Gap, None),
                        _ => (WatchKind::Ended, None),
                    };
                    self.tell(scene, watching, what, zxid);
                    self.rest(scene);
                }
                _ => self.doing = Doing::Watching(watching),
            },
            Doing::Acquiring(contender, acquiring) => {
                self.contender_heeds(scene, contender, acquiring, event);
            }
            Doing::Holding(holding) => self.holder_heeds(scene, *holding, event),
            Doing::Releasing(releasing) => self.releaser_heeds(scene, releasing, event),
            other => self.doing = other,
        }
    }

    /// The session is over, and every request of it has been told of.
    pub(super) fn call_over(&mut self, scene: &mut Scene<'_>, closed: bool) {
        match std::mem::replace(&mut self.doing, Doing::Connecting(None)) {
            Doing::Acquiring(_, acquiring) | Doing::Connecting(Some(acquiring)) if !closed => {
                self.doing = Doing::Connecting(Some(acquiring));
            }
            Doing::Acquiring(_, acquiring) | Doing::Connecting(Some(acquiring)) => {
                scene.end(acquiring.place, Outcome::NotApplied, |_, _| {});
            }
            Doing::Holding(holding) => self.hold_over(scene, *holding),
            Doing::Watching(watching) => self.tell(scene, watching, WatchKind::Ended, None),
            _ => {}
        }
    }

    /// Nothing for a while.
    pub(super) fn rest(&mut self, scene: &mut Scene<'_>) {
        self.enter(scene, Phase::Idle);
        self.doing = Doing::Idle(self.later(scene, scene.plan.think));
    }

    /// Up to that much later.
    pub(super) fn later(&mut self, scene: &Scene<'_>, longest: Duration) -> Moment {
        let longest = u64::try_from(longest.as_millis()).unwrap_or(0).max(1);
        scene.now + Duration::from_millis(self.rng.between(1, longest))
    }

    /// A value that nobody else writes.
    pub(super) fn fresh_value(&mut self) -> String {
        self.values += 1;
        format!("{}.{}", self.number(), self.values)
    }

    fn next_call(&mut self, scene: &mut Scene<'_>) {
        if self.draining {
            match self.wishes.pop() {
                Some(lock) => self.acquire(scene, lock, (true, None), true),
                None => self.read(scene, 0, Then::Close),
            }
            return;
        }
        let Some(left) = self.calls.checked_sub(1) else {
            // Asks again whether the end has come.
            self.doing = Doing::Idle(scene.now + Duration::from_millis(50));
            return;
        };
        self.calls = left;
        if self.rng.percent(scene.plan.lock_percent) {
            let lock = self.pick(scene.plan.locks);
            match self.rng.below(10) {
                0..6 => self.acquire(scene, lock, (true, None), false),
                6..8 => {
                    let limit = Duration::from_millis(self.rng.between(1, 1500));
                    self.acquire(scene, lock, (true, Some(limit)), false);
                }
                _ => self.acquire(scene, lock, (false, None), false),
            }
            return;
        }
        let register = self.pick(scene.plan.registers);
        match self.rng.below(10) {
            0..4 => self.read(scene, register, Then::Nothing),
            4..6 => self.write(scene, register, None),
            6..8 => self.read(scene, register, Then::Set),
            _ => self.watch(scene, register),
        }
    }

    fn pick(&mut self, count: usize) -> usize {
        usize::try_from(self.rng.below(count as u64)).unwrap_or(0)
    }

    fn read(&mut self, scene: &mut Scene<'_>, register: usize, then: Then) {
        self.enter(scene, Phase::Reading);
        let path = register_path(register);
        let place = scene.begin(self.number(), self.view(), Function::Get, &path, |_, _| {});
        let request = Request::GetData { path, watch: false };
        let submit = self.limited(scene);
        match self.client.submit(scene.now, request, submit) {
            Some(id) => self.doing = Doing::Reading(Call { id, place }, then),
            None => self.refused(scene, place),
        }
    }

    fn watch(&mut self, scene: &mut Scene<'_>, register: usize) {
        self.enter(scene, Phase::Watching);
        let path = register_path(register);
        let patience = Duration::from_millis(self.rng.between(10, 1500));
        let place = scene.begin(self.number(), self.view(), Function::Get, &path, |op, _| {
            op.watch = WatchMode::Once;
        });
        match self.client.get_watched(scene.now, &path) {
            Some((id, watch)) => {
                self.doing = Doing::Reading(Call { id, place }, Then::Watch(watch, patience));
            }
            None => self.refused(scene, place),
        }
    }

    fn write(&mut self, scene: &mut Scene<'_>, register: usize, expected: Option<i32>) {
        self.enter(scene, Phase::Writing);
        let path = register_path(register);
        let value = self.fresh_value();
        let place = scene.begin(
            self.number(),
            self.view(),
            Function::Set,
            &path,
            |op, history| {
                op.data = history.data(value.as_bytes());
                op.expected = expected;
            },
        );
        let request = Request::SetData {
            path,
            data: Some(value.into()),
            version: expected.unwrap_or(-1),
        };
        let submit = self.limited(scene);
        match self.client.submit(scene.now, request, submit) {
            Some(id) => self.doing = Doing::Writing(Call { id, place }),
            None => self.refused(scene, place),
        }
    }

    /// With the deadline that the library gives its requests.
    pub(super) fn limited(&self, scene: &Scene<'_>) -> Submit {
        let limit = self.client.local(scene.now) + scene.plan.session * 2;
        Submit::new().deadline(limit)
    }

    /// The session takes no requests: it is being closed.
    fn refused(&mut self, scene: &mut Scene<'_>, place: usize) {
        scene.end(place, Outcome::NotApplied, |_, _| {});
        self.rest(scene);
    }

    fn read_answered(&mut self, scene: &mut Scene<'_>, call: Call, then: Then, event: &Event) {
        let Event::Done { id, outcome } = event else {
            self.doing = Doing::Reading(call, then);
            return;
        };
        if *id != call.id {
            self.doing = Doing::Reading(call, then);
            return;
        }
        let read = match (answer(OpCode::GetData, outcome), outcome) {
            (Some(Response::Data { data, stat }), zk_session::Outcome::Reply { zxid, .. }) => {
                let session = self.session;
                scene.end(call.place, Outcome::Ok, |op, history| {
                    op.session = session;
                    op.at = *zxid;
                    op.reply = history.data(&data.unwrap_or_default());
                    with_stat(op, &stat);
                });
                Some(stat)
            }
            _ => {
                scene.end_failed(call.place, outcome, self.view().1);
                None
            }
        };
        self.after_read(scene, call, then, read);
    }

    fn after_read(&mut self, scene: &mut Scene<'_>, call: Call, then: Then, read: Option<Stat>) {
        let path = scene.history.ops.get(call.place).map(|op| op.path);
        let register = path.map(|path| scene.history.texts.shown(path));
        let register = register.and_then(|path| path.rsplit('/').next()?.parse().ok());
        let register = register.unwrap_or(0);
        match (then, read) {
            (Then::Set, Some(stat)) => self.write(scene, register, Some(stat.version)),
            (Then::Watch(watch, patience), Some(_)) => {
                self.doing = Doing::Watching(Watching {
                    watch,
                    place: call.place,
                    register,
                    until: scene.now + patience,
                });
            }
            (Then::Close, Some(_)) => {
                let now = self.client.local(scene.now);
                self.client.session.close(now);
                self.doing = Doing::Closing;
            }
            _ => self.rest(scene),
        }
    }

    fn tell(
        &mut self,
        scene: &mut Scene<'_>,
        watching: Watching,
        what: WatchKind,
        zxid: Option<zk_wire::Zxid>,
    ) {
        let at = scene.history.stamp(scene.now);
        let path = scene.history.text(&register_path(watching.register));
        let session = scene.history.ops.get(watching.place);
        let session = session.map_or(self.session, |op| op.session);
        scene.history.events.push(Told {
            process: self.number(),
            session,
            op: u32::try_from(watching.place).ok(),
            path,
            what,
            at,
            zxid: zxid.unwrap_or_default(),
        });
    }

    fn acquire(
        &mut self,
        scene: &mut Scene<'_>,
        lock: usize,
        (waits, limit): (bool, Option<Duration>),
        last: bool,
    ) {
        self.enter(scene, Phase::Acquiring);
        let path = lock_path(lock);
        let limit = limit.map(|limit| scene.now + limit);
        let function = if waits {
            Function::Acquire
        } else {
            Function::TryAcquire
        };
        let place = scene.begin(
            self.number(),
            self.view(),
            function,
            &path,
            |op, history| {
                op.recipe = history.text(&path);
                op.deadline = limit;
            },
        );
        let acquiring = Acquiring {
            lock,
            place,
            waits,
            limit,
            cancel: self.cancel.take(),
            last,
        };
        self.attempt(scene, acquiring);
    }

    /// One more node for an acquisition.
    fn attempt(&mut self, scene: &mut Scene<'_>, acquiring: Acquiring) {
        let mut chance = [0; 16];
        for half in chance.chunks_mut(8) {
            half.copy_from_slice(&self.rng.next().to_le_bytes());
        }
        let (now, lock) = (scene.now, lock_path(acquiring.lock));
        let entered = Contender::enter(
            &mut self.client,
            now,
            &lock,
            self.layout,
            chance,
            acquiring.waits,
        );
        self.doing = match entered {
            Some(contender) => Doing::Acquiring(contender, acquiring),
            // Closing: what is next is told with the end of the session.
            None => Doing::Connecting(Some(acquiring)),
        };
    }

    fn contender_heeds(
        &mut self,
        scene: &mut Scene<'_>,
        mut contender: Contender,
        mut acquiring: Acquiring,
        event: &Event,
    ) {
        let progress = contender.heed(&mut self.client, scene.now, event);
        if let Some(left) = acquiring.cancel {
            acquiring.cancel = left.checked_sub(1);
            if left <= 1 && progress != Progress::Granted {
                self.give_up(scene, contender, acquiring, Outcome::Cancelled);
                return;
            }
        }
        match progress {
            Progress::Goes => self.doing = Doing::Acquiring(contender, acquiring),
            Progress::Granted => self.granted(scene, contender, acquiring),
            Progress::Behind => self.give_up(scene, contender, acquiring, Outcome::NotApplied),
            Progress::Again | Progress::Gone => {
                contender.leave(&mut self.client, scene.now);
                if self.client.session.state().is_terminal() {
                    self.doing = Doing::Acquiring(contender, acquiring);
                } else {
                    self.attempt(scene, acquiring);
                }
            }
            Progress::Refused(code) => {
                let place = acquiring.place;
                self.give_up(scene, contender, acquiring, Outcome::NotApplied);
                if let Some(op) = scene.history.ops.get_mut(place) {
                    op.error = code;
                }
            }
        }
    }

    fn give_up(
        &mut self,
        scene: &mut Scene<'_>,
        mut contender: Contender,
        acquiring: Acquiring,
        outcome: Outcome,
    ) {
        contender.leave(&mut self.client, scene.now);
        scene.end(acquiring.place, outcome, |_, _| {});
        if acquiring.last {
            self.wishes.push(acquiring.lock);
        }
        self.rest(scene);
    }

    fn granted(&mut self, scene: &mut Scene<'_>, contender: Contender, acquiring: Acquiring) {
        let (session, at) = self.view();
        scene.end(acquiring.place, Outcome::Ok, |op, history| {
            op.session = session;
            op.seen = zk_wire::Zxid::NONE;
            op.at = at;
            op.reply = history.text(&contender.node);
            op.token = contender.token;
            op.czxid = contender.token;
        });
        let hold = Hold {
            process: self.number(),
            lock: contender.lock.clone(),
            node: contender.node.clone(),
            token: contender.token,
            session,
            judged: !self.doomed.contains(&session),
        };
        self.holds(scene, contender, hold, (acquiring.lock, acquiring.last));
    }
}

const fn kind_of(kind: EventType) -> WatchKind {
    match kind {
        EventType::Created => WatchKind::Created,
        EventType::Deleted => WatchKind::Deleted,
        EventType::DataChanged => WatchKind::Changed,
        EventType::ChildrenChanged => WatchKind::Children,
        _ => WatchKind::Gap,
    }
}
