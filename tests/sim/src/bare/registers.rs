//! Calls about registers: read, write, compare and set, watch.

use std::time::Duration;

use zk_checkers::{Function, Outcome, WatchEvent as Told, WatchKind, WatchMode};
use zk_session::{Event, Outcome as Answered, Submit, WatchEvent};
use zk_wire::{EventType, OpCode, Request, Response, Stat, Zxid};

use super::contender::answer;
use super::journal::{Scene, with_stat};
use super::state::{Call, Doing, Process, Then, Watching};
use crate::paths::register_path;
use crate::schedule::Phase;

impl Process {
    pub(super) fn read(&mut self, scene: &mut Scene<'_>, register: usize, then: Then) {
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

    pub(super) fn watch(&mut self, scene: &mut Scene<'_>, register: usize) {
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

    pub(super) fn write(&mut self, scene: &mut Scene<'_>, register: usize, expected: Option<i32>) {
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

    pub(super) fn read_answered(
        &mut self,
        scene: &mut Scene<'_>,
        call: Call,
        then: Then,
        event: &Event,
    ) {
        let Some(outcome) = call.answered(event) else {
            self.doing = Doing::Reading(call, then);
            return;
        };
        let read = match (answer(OpCode::GetData, outcome), outcome) {
            (Some(Response::Data { data, stat }), Answered::Reply { zxid, .. }) => {
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

    pub(super) fn write_answered(&mut self, scene: &mut Scene<'_>, call: Call, event: &Event) {
        let Some(outcome) = call.answered(event) else {
            self.doing = Doing::Writing(call);
            return;
        };
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

    pub(super) fn watch_heeds(&mut self, scene: &mut Scene<'_>, watching: Watching, event: &Event) {
        match event {
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
        }
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

    pub(super) fn tell(
        &mut self,
        scene: &mut Scene<'_>,
        watching: Watching,
        what: WatchKind,
        zxid: Option<Zxid>,
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
