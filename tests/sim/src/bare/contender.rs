//! A contender for a lock: the steps of the library's engine, over the same decisions, as a state machine.

mod entering;

use std::collections::BTreeMap;

use zk_recipes::Layout;
use zk_recipes::decisions::{self, Next};
use zk_session::{DutyId, Event, Obligation, Outcome, RequestId, Submit, WatchEvent, WatchId};
use zk_wire::{
    Create, CreateMode, ErrorCode, EventType, Moment, OpCode, Reader, Request, Response, SessionId,
    Zxid,
};

use super::client::Client;

/// One node in the queue of a lock, from before its creation on.
pub(super) struct Contender {
    pub(super) lock: String,
    layout: Layout,
    mark: String,
    waits: bool,
    session: SessionId,
    pub(super) duty: DutyId,
    pub(super) node: String,
    pub(super) token: Zxid,
    stage: Stage,
    own: Own,
    /// Once watches had to be set again, only a list is certain.
    interrupted: bool,
    restoring: bool,
    /// What to forget when it is over.
    watches: Vec<WatchId>,
}

/// The watch on its own node.
enum Own {
    No,
    Asked(RequestId, WatchId),
    Watched(WatchId),
}

enum Stage {
    /// Create and list are on their way.
    Entering {
        create: Option<RequestId>,
        list: RequestId,
        names: Option<Vec<String>>,
    },
    /// The answer to the create was lost: barrier, list, owner.
    Barrier(RequestId),
    Finding(RequestId),
    Owning(RequestId, String, Vec<String>),
    /// The parents are made; these answers are to come.
    Parents(Vec<RequestId>),
    Listing(RequestId),
    /// The creation zxids of all.
    Creations(BTreeMap<RequestId, String>, Vec<(String, Zxid)>),
    /// The predecessor is read and watched.
    Watching(RequestId, WatchId, Turn),
    Waiting(WatchId, Turn),
    /// The predecessor went while watches were being set again.
    Unclear,
    Held,
    Over,
}

/// Where it stands in the queue.
#[derive(Clone, Copy)]
struct Turn {
    index: usize,
    by_creation: bool,
}

/// What has become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing new.
    Goes,
    /// First.
    Granted,
    /// Somebody is ahead and it does not wait.
    Behind,
    /// The next node may fare better.
    Again,
    /// A server refused something.
    Refused(i32),
    /// It held, and its node is gone.
    Gone,
}

impl Contender {
    /// Queues the creation of its node. `None` if the session takes no requests any more.
    pub(super) fn enter(
        client: &mut Client,
        now: Moment,
        lock: &str,
        layout: Layout,
        chance: [u8; 16],
        waits: bool,
    ) -> Option<Self> {
        let mark = decisions::mark(layout, chance);
        let duty = client.session.oblige(Obligation::DeleteMarked {
            parent: lock.to_owned(),
            mark: mark.clone(),
        });
        let path = format!("{lock}/{}", decisions::prefix(layout, &mark));
        let create = Create::new(path, "", CreateMode::EphemeralSequential);
        let create = client.submit(now, Request::Create(create), Submit::new().duty(duty))?;
        let list = client.submit(now, children(lock), Submit::new())?;
        Some(Self {
            lock: lock.to_owned(),
            layout,
            mark,
            waits,
            session: client.session.session_id().unwrap_or_default(),
            duty,
            node: String::new(),
            token: Zxid::NONE,
            stage: Stage::Entering {
                create: Some(create),
                list,
                names: None,
            },
            own: Own::No,
            interrupted: false,
            restoring: false,
            watches: Vec::new(),
        })
    }

    /// Gives up, or gives back: the session deletes the node. Its watches go.
    pub(super) fn leave(&mut self, client: &mut Client, now: Moment) {
        self.forget_watches(client, now);
        self.stage = Stage::Over;
        let local = client.local(now);
        client.session.perform(local, self.duty);
    }

    fn forget_watches(&mut self, client: &mut Client, now: Moment) {
        let local = client.local(now);
        for watch in std::mem::take(&mut self.watches) {
            client.session.forget_watch(local, watch);
        }
    }

    /// Nothing of it is left, and nothing can come.
    fn absent(&mut self, client: &mut Client, now: Moment) {
        self.forget_watches(client, now);
        let local = client.local(now);
        client.session.discharge(local, self.duty);
    }

    /// Takes an event of the session.
    pub(super) fn heed(&mut self, client: &mut Client, now: Moment, event: &Event) -> Progress {
        match event {
            Event::Done { id, outcome } => self.done(client, now, *id, outcome),
            Event::Watch { id, event } => self.watched(client, now, *id, event),
            Event::State(state) if !state.is_connected() => {
                self.interrupted = true;
                self.restoring = true;
                Progress::Goes
            }
            Event::WatchesRestored => {
                self.restoring = false;
                if matches!(self.stage, Stage::Unclear) {
                    self.list(client, now)
                } else {
                    Progress::Goes
                }
            }
            Event::HoldGone { duty, .. } if *duty == self.duty => self.gone(),
            _ => Progress::Goes,
        }
    }

    fn done(
        &mut self,
        client: &mut Client,
        now: Moment,
        id: RequestId,
        outcome: &Outcome,
    ) -> Progress {
        if let Own::Asked(asked, watch) = self.own {
            if asked == id {
                return self.own_answered(client, now, watch, outcome);
            }
        }
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Entering {
                create: Some(create),
                list,
                names,
            } if create == id => self.entered(client, now, (list, names), outcome),
            Stage::Entering { create, list, .. } if list == id => {
                let names = answer(OpCode::GetChildren, outcome).and_then(names_of);
                match (create, names) {
                    (None, Some(names)) => self.decide(client, now, &names),
                    (None, None) => self.list(client, now),
                    (create, names) => {
                        self.stage = Stage::Entering {
                            create,
                            list,
                            names: Some(names.unwrap_or_default()),
                        };
                        Progress::Goes
                    }
                }
            }
            Stage::Barrier(barrier) if barrier == id => match outcome {
                Outcome::Reply { result: Ok(_), .. } => self.ask(client, now, Stage::Finding),
                Outcome::Reply {
                    result: Err(code), ..
                } => Progress::Refused(code.raw()),
                Outcome::Failed { .. } => self.barrier(client, now),
            },
            Stage::Finding(find) if find == id => self.found(client, now, outcome),
            Stage::Owning(own, node, names) if own == id => {
                self.owned(client, now, (node, &names), outcome)
            }
            Stage::Parents(mut asked) => {
                asked.retain(|asked| *asked != id);
                if asked.is_empty() {
                    return Progress::Again;
                }
                self.stage = Stage::Parents(asked);
                Progress::Goes
            }
            Stage::Listing(list) if list == id => match outcome {
                Outcome::Reply {
                    result: Err(code), ..
                } if *code != ErrorCode::NoNode => Progress::Refused(code.raw()),
                Outcome::Failed { .. } => self.list(client, now),
                Outcome::Reply { .. } => {
                    let names = answer(OpCode::GetChildren, outcome).and_then(names_of);
                    self.decide(client, now, &names.unwrap_or_default())
                }
            },
            Stage::Creations(mut asked, mut created) if asked.contains_key(&id) => {
                let name = asked.remove(&id).unwrap_or_default();
                match outcome {
                    Outcome::Failed { .. } => return self.list(client, now),
                    Outcome::Reply { .. } => {
                        if let Some(Response::Stat(stat)) = answer(OpCode::Exists, outcome) {
                            created.push((name, stat.czxid));
                        }
                    }
                }
                if asked.is_empty() {
                    let me = self.node.rsplit('/').next().unwrap_or_default();
                    let next = decisions::by_creation(me, &created);
                    self.act(client, now, next, true)
                } else {
                    self.stage = Stage::Creations(asked, created);
                    Progress::Goes
                }
            }
            Stage::Watching(read, watch, turn) if read == id => match outcome {
                Outcome::Reply { result: Ok(_), .. } => {
                    self.stage = Stage::Waiting(watch, turn);
                    Progress::Goes
                }
                Outcome::Reply {
                    result: Err(ErrorCode::NoNode),
                    ..
                } => self.predecessor_gone(client, now, turn),
                Outcome::Reply {
                    result: Err(code), ..
                } => Progress::Refused(code.raw()),
                Outcome::Failed { .. } => self.list(client, now),
            },
            other => {
                self.stage = other;
                Progress::Goes
            }
        }
    }

    fn list(&mut self, client: &mut Client, now: Moment) -> Progress {
        self.ask(client, now, Stage::Listing)
    }

    fn ask(&mut self, client: &mut Client, now: Moment, stage: fn(RequestId) -> Stage) -> Progress {
        if let Some(id) = client.submit(now, children(&self.lock), Submit::new()) {
            self.stage = stage(id);
        }
        Progress::Goes
    }

    fn decide(&mut self, client: &mut Client, now: Moment, names: &[String]) -> Progress {
        let me = self.node.rsplit('/').next().unwrap_or_default();
        let next = decisions::by_name(self.layout, me, names);
        self.act(client, now, next, false)
    }

    fn act(&mut self, client: &mut Client, now: Moment, next: Next, by_creation: bool) -> Progress {
        match next {
            Next::Hold => {
                if matches!(self.own, Own::No) {
                    self.watch_own(client, now);
                }
                self.hold(client, now)
            }
            Next::Wait { .. } if !self.waits => Progress::Behind,
            Next::Wait { predecessor, index } => {
                if matches!(self.own, Own::No) {
                    self.watch_own(client, now);
                }
                let path = format!("{}/{predecessor}", self.lock);
                if let Some((read, watch)) = client.get_watched(now, &path) {
                    self.watches.push(watch);
                    self.stage = Stage::Watching(read, watch, Turn { index, by_creation });
                }
                Progress::Goes
            }
            Next::AskCreation(names) if !by_creation => {
                let mut asked = BTreeMap::new();
                for name in names {
                    let exists = Request::Exists {
                        path: format!("{}/{name}", self.lock),
                        watch: false,
                    };
                    if let Some(id) = client.submit(now, exists, Submit::new()) {
                        asked.insert(id, name);
                    }
                }
                self.stage = Stage::Creations(asked, Vec::new());
                Progress::Goes
            }
            Next::Vanished | Next::AskCreation(_) => Progress::Again,
            // Nobody here mixes families.
            Next::Mixed(_) => Progress::Refused(0),
        }
    }

    fn hold(&mut self, client: &mut Client, now: Moment) -> Progress {
        let local = client.local(now);
        if !client.session.hold(local, self.duty) {
            return Progress::Again;
        }
        if matches!(self.own, Own::Watched(_)) {
            client.session.set_watched(local, self.duty, true);
        }
        self.stage = Stage::Held;
        Progress::Granted
    }

    fn watch_own(&mut self, client: &mut Client, now: Moment) {
        let node = self.node.clone();
        if let Some((read, watch)) = client.get_watched(now, &node) {
            self.watches.push(watch);
            self.own = Own::Asked(read, watch);
        }
    }

    fn own_answered(
        &mut self,
        client: &mut Client,
        now: Moment,
        watch: WatchId,
        outcome: &Outcome,
    ) -> Progress {
        self.own = Own::No;
        match outcome {
            Outcome::Reply { result: Ok(_), .. } => {
                self.own = Own::Watched(watch);
                if matches!(self.stage, Stage::Held) {
                    let local = client.local(now);
                    client.session.set_watched(local, self.duty, true);
                }
                Progress::Goes
            }
            Outcome::Reply {
                result: Err(ErrorCode::NoNode),
                ..
            } => self.gone(),
            _ => {
                if !client.session.state().is_terminal() {
                    self.watch_own(client, now);
                }
                Progress::Goes
            }
        }
    }

    fn watched(
        &mut self,
        client: &mut Client,
        now: Moment,
        id: WatchId,
        event: &WatchEvent,
    ) -> Progress {
        let WatchEvent::Fired { kind, .. } = event else {
            return Progress::Goes;
        };
        if matches!(self.own, Own::Watched(own) if own == id) {
            self.own = Own::No;
            if *kind == EventType::Deleted {
                return self.gone();
            }
            self.watch_own(client, now);
            return Progress::Goes;
        }
        match self.stage {
            Stage::Waiting(watch, turn) if watch == id => {
                if *kind == EventType::Deleted {
                    self.predecessor_gone(client, now, turn)
                } else {
                    self.list(client, now)
                }
            }
            _ => Progress::Goes,
        }
    }

    /// Its being next is proof only if the own node was still there, on one connection.
    fn predecessor_gone(&mut self, client: &mut Client, now: Moment, turn: Turn) -> Progress {
        if self.restoring {
            self.stage = Stage::Unclear;
            return Progress::Goes;
        }
        let certain = !self.interrupted && matches!(self.own, Own::Watched(_));
        if certain && turn.index == 1 && !turn.by_creation {
            self.hold(client, now)
        } else {
            self.list(client, now)
        }
    }

    fn gone(&mut self) -> Progress {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Held => Progress::Gone,
            Stage::Over => Progress::Goes,
            _ => Progress::Again,
        }
    }
}

fn children(lock: &str) -> Request {
    Request::GetChildren {
        path: lock.to_owned(),
        watch: false,
    }
}

/// The decoded answer, if there is one and it is none of an error.
pub(super) fn answer(op: OpCode, outcome: &Outcome) -> Option<Response> {
    match outcome {
        Outcome::Reply {
            result: Ok(body), ..
        } => Response::decode(op, &mut Reader::new(body.clone())).ok(),
        _ => None,
    }
}

fn names_of(response: Response) -> Option<Vec<String>> {
    match response {
        Response::Children(names) => Some(names),
        _ => None,
    }
}
