//! Random legal histories: a little ensemble with one log, a server that lags, sessions that
//! expire, and a lock that is taken in turn.

use zk_checkers::{
    Access, Belief, Change, ChangeKind, Conviction, Function, History, Leftover, Limits, Note,
    NoteKind, Op, Outcome, Request, SessionRow, SessionStep, Text, WatchEvent, WatchKind,
    WatchMode,
};
use zk_wire::{Moment, SessionId, Zxid};

use std::time::Duration;

/// A small generator of random numbers (splitmix).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % end
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

/// A node's life as far as the model needs it.
#[derive(Clone, Copy)]
struct Node {
    path: Text,
    czxid: Zxid,
    mzxid: Zxid,
    version: i32,
    data: Text,
    owner: SessionId,
}

struct Process {
    number: u32,
    session: SessionId,
    /// What its session has seen.
    seen: Zxid,
    /// Its hold or its place in line.
    contender: Option<Contender>,
    /// The operation that set its one-shot watch, with node, and whether it has fired.
    watch: Option<(usize, Text)>,
}

#[derive(Clone, Copy)]
struct Contender {
    op: usize,
    node: Text,
    token: Zxid,
    held: bool,
}

/// The run in the making.
pub(crate) struct Run {
    history: History,
    chance: Chance,
    now: Moment,
    zxid: i64,
    nodes: Vec<Node>,
    /// What all nodes were after each transaction: what a server that lags still answers.
    past: Vec<(Zxid, Vec<Node>)>,
    processes: Vec<Process>,
    /// The contenders' places among the processes, in the order of creation.
    line: Vec<usize>,
    next_session: i64,
    names: u32,
}

/// A legal history of so many steps.
pub(crate) fn legal(seed: u64, steps: usize) -> History {
    let mut run = Run::begin(seed);
    for _ in 0..steps {
        run.step();
    }
    run.finish()
}

impl Run {
    fn begin(seed: u64) -> Self {
        let mut history = History::new();
        history.limits = Limits {
            session_timeout: Duration::from_secs(10),
            tick: Duration::from_secs(2),
            round_trip: Duration::from_millis(10),
            round_trips: 4,
            requests_per_handover: 2,
            requests_per_second: 1_000_000,
            nodes_per_grant: 1,
            ..Limits::default()
        };
        let mut run = Self {
            history,
            chance: Chance(seed),
            now: Moment::ZERO,
            zxid: 1 << 32,
            nodes: Vec::new(),
            past: Vec::new(),
            processes: Vec::new(),
            line: Vec::new(),
            next_session: 0xa0,
            names: 0,
        };
        for path in ["/lock", "/r0", "/r1", "/r2"] {
            let path = run.history.text(path);
            run.create(SessionId::from_raw(1), path, Text::EMPTY, SessionId::NONE);
        }
        for number in 1..=4 {
            let seen = run.last();
            run.processes.push(Process {
                number,
                session: SessionId::NONE,
                seen,
                contender: None,
                watch: None,
            });
            run.connect(number as usize - 1);
        }
        run
    }

    fn tick(&mut self) -> Moment {
        let by = Duration::from_micros(100 + self.chance.below(2_000));
        self.now = self.history.stamp(self.now.checked_add(by).unwrap());
        self.now
    }

    fn last(&self) -> Zxid {
        Zxid::from_raw(self.zxid)
    }

    fn commit(&mut self, change: Change) -> (Zxid, Moment) {
        let at = self.tick();
        self.zxid += 1;
        let zxid = self.last();
        self.history
            .truth
            .changes
            .push(Change { zxid, at, ..change });
        (zxid, at)
    }

    fn remember(&mut self) {
        self.past.push((self.last(), self.nodes.clone()));
        // A lag of more than a few transactions shows nothing new.
        if self.past.len() > 8 {
            self.past.remove(0);
        }
    }

    fn create(&mut self, session: SessionId, path: Text, data: Text, owner: SessionId) -> Zxid {
        let kind = ChangeKind::Create;
        let (zxid, at) = self.commit(Change {
            session,
            kind,
            path,
            data,
            owner,
            ..Change::default()
        });
        self.nodes.push(Node {
            path,
            czxid: zxid,
            mzxid: zxid,
            version: 0,
            data,
            owner,
        });
        self.remember();
        self.fire(path, WatchKind::Created, at);
        zxid
    }

    /// Tells those who watch a node.
    fn fire(&mut self, path: Text, what: WatchKind, _at: Moment) {
        for place in 0..self.processes.len() {
            let process = &mut self.processes[place];
            let Some((op, _)) = process.watch.take_if(|(_, watched)| *watched == path) else {
                continue;
            };
            let (number, session) = (process.number, process.session);
            let at = self.tick();
            self.history.events.push(WatchEvent {
                process: number,
                session,
                op: u32::try_from(op).ok(),
                path,
                what,
                at,
                zxid: self.last(),
            });
        }
    }

    fn connect(&mut self, place: usize) {
        self.next_session += 1;
        let session = SessionId::from_raw(self.next_session);
        let kind = ChangeKind::Open;
        let (zxid, at) = self.commit(Change {
            session,
            kind,
            ..Change::default()
        });
        let what = SessionStep::Opened;
        self.history.truth.sessions.push(SessionRow {
            session,
            what,
            at,
            zxid,
            ..SessionRow::default()
        });
        self.remember();
        let process = &mut self.processes[place];
        process.session = session;
        process.seen = zxid;
        self.note(place, NoteKind::Connected);
    }

    fn note(&mut self, place: usize, what: NoteKind) {
        let at = self.tick();
        let process = &self.processes[place];
        let (process, session) = (process.number, process.session);
        self.history.notes.push(Note {
            process,
            session,
            what,
            at,
            server: 0,
        });
    }

    fn call(&mut self, place: usize, function: Function, path: Text) -> Op {
        let invoked = self.tick();
        let process = &self.processes[place];
        Op {
            process: process.number,
            function,
            path,
            invoked,
            polls: 2,
            session: process.session,
            seen: process.seen,
            ..Op::default()
        }
    }

    /// Ends a call that has seen `at`, and pushes it.
    fn answer(&mut self, place: usize, op: Op, at: Zxid) -> usize {
        let returned = Some(self.tick());
        self.processes[place].seen = at.max(self.processes[place].seen);
        self.history.begin(Op { returned, at, ..op })
    }

    fn step(&mut self) {
        let place = usize::try_from(self.chance.below(4)).unwrap();
        match self.chance.below(10) {
            0..=2 => self.write(place),
            3..=5 => self.read(place),
            6..=8 => self.lock(place),
            _ if self.chance.one_in(4) => self.expire(place),
            _ => self.write(place),
        }
    }

    fn register(&mut self) -> usize {
        1 + usize::try_from(self.chance.below(3)).unwrap()
    }

    fn write(&mut self, place: usize) {
        let node = self.register();
        let path = self.nodes[node].path;
        let mut op = self.call(place, Function::Set, path);
        self.names += 1;
        op.data = self.history.text(&format!("v{}", self.names));
        let lost = self.chance.one_in(5);
        if lost && self.chance.one_in(2) {
            return self.lose(place, op);
        }
        let version = self.nodes[node].version + 1;
        let change = Change {
            session: op.session,
            kind: ChangeKind::Set,
            path,
            data: op.data,
            version,
            ..Change::default()
        };
        let guard = self.processes[place].contender.filter(|one| one.held);
        if let Some(held) = guard.filter(|_| self.chance.one_in(2)) {
            (op.guard, op.token) = (held.node, held.token);
        }
        if self.chance.one_in(2) {
            op.expected = Some(version - 1);
        }
        let (zxid, at) = self.commit(change);
        let state = &mut self.nodes[node];
        (state.mzxid, state.version, state.data) = (zxid, version, op.data);
        self.remember();
        self.fire(path, WatchKind::Changed, at);
        if lost {
            return self.lose(place, op);
        }
        op.outcome = Outcome::Ok;
        (op.mzxid, op.version) = (zxid, Some(version));
        self.answer(place, op, zxid);
    }

    /// The connection breaks before the answer.
    fn lose(&mut self, place: usize, op: Op) {
        self.note(place, NoteKind::Disconnected);
        let seen = self.processes[place].seen;
        self.answer(
            place,
            Op {
                outcome: Outcome::Unknown,
                ..op
            },
            seen,
        );
        self.note(place, NoteKind::Connected);
    }

    /// A read, by a server that may lag as far as the session allows.
    fn read(&mut self, place: usize) {
        let node = self.register();
        let mut op = self.call(place, Function::Get, self.nodes[node].path);
        let seen = self.processes[place].seen;
        let watches = self.processes[place].watch.is_none() && self.chance.one_in(3);
        let lag = if watches {
            0
        } else {
            usize::try_from(self.chance.below(3)).unwrap()
        };
        let states: Vec<_> = self.past.iter().filter(|(zxid, _)| *zxid >= seen).collect();
        let (at, nodes) = states[states.len().saturating_sub(1 + lag)].clone();
        let state = nodes[node];
        op.outcome = Outcome::Ok;
        (op.reply, op.version) = (state.data, Some(state.version));
        (op.czxid, op.mzxid, op.owner) = (state.czxid, state.mzxid, state.owner);
        if watches {
            op.watch = WatchMode::Once;
        }
        let number = self.answer(place, op, at);
        if watches {
            self.processes[place].watch = Some((number, op.path));
        }
    }

    /// The next thing that the process does with the lock.
    fn lock(&mut self, place: usize) {
        match self.processes[place].contender {
            None => self.acquire(place),
            Some(contender) if contender.held => self.release(place, contender),
            Some(contender) => self.give_up(place, contender),
        }
    }

    fn acquire(&mut self, place: usize) {
        let lock = self.nodes[0].path;
        let mut op = self.call(place, Function::Acquire, lock);
        op.recipe = self.history.text("m");
        self.names += 1;
        let node = self
            .history
            .text(&format!("/lock/c{place}-{:010}", self.names));
        let token = self.create(op.session, node, Text::EMPTY, op.session);
        let op = self.history.begin(op);
        self.processes[place].contender = Some(Contender {
            op,
            node,
            token,
            held: false,
        });
        self.line.push(place);
        self.grant();
    }

    /// The first in line is granted, if it is not yet.
    fn grant(&mut self) {
        let Some(&place) = self.line.first() else {
            return;
        };
        let Some(mut contender) = self.processes[place].contender.filter(|one| !one.held) else {
            return;
        };
        let at = self.tick();
        let session = self.processes[place].session;
        let (op, path) = (self.history.text("exists"), self.nodes[0].path);
        self.history.truth.requests.push(Request {
            at,
            session,
            op,
            path,
        });
        let returned = self.tick();
        contender.held = true;
        self.processes[place].contender = Some(contender);
        let op = &mut self.history.ops[contender.op];
        (op.outcome, op.returned) = (Outcome::Ok, Some(returned));
        (op.reply, op.token, op.at) = (
            contender.node,
            contender.token,
            op.seen.max(contender.token),
        );
        let seen = op.at;
        self.processes[place].seen = seen.max(self.processes[place].seen);
        self.believe(place, contender, Conviction::Held);
        self.access(place, contender);
    }

    fn believe(&mut self, place: usize, contender: Contender, says: Conviction) {
        let at = self.tick();
        let process = &self.processes[place];
        let belief = Belief {
            process: process.number,
            recipe: self.history.texts.find(b"m").unwrap(),
            lock: self.nodes[0].path,
            token: contender.token,
            node: contender.node,
            session: process.session,
            says,
            at,
            safe_for: (says == Conviction::Held).then_some(Duration::from_secs(1_000_000)),
        };
        self.history.beliefs.push(belief);
    }

    fn access(&mut self, place: usize, contender: Contender) {
        let at = self.tick();
        let resource = self.history.text("disk");
        self.history.accesses.push(Access {
            process: self.processes[place].number,
            resource,
            token: contender.token,
            checked: true,
            accepted: true,
            at,
            ..Access::default()
        });
    }

    fn release(&mut self, place: usize, contender: Contender) {
        let mut op = self.call(place, Function::Release, self.nodes[0].path);
        op.recipe = self.history.text("m");
        (op.reply, op.token) = (contender.node, contender.token);
        self.believe(place, contender, Conviction::Released);
        let zxid = self.remove(op.session, contender.node);
        op.outcome = Outcome::Ok;
        self.answer(place, op, zxid);
        self.leave(place);
    }

    fn remove(&mut self, session: SessionId, path: Text) -> Zxid {
        let kind = ChangeKind::Delete;
        let (zxid, _) = self.commit(Change {
            session,
            kind,
            path,
            ..Change::default()
        });
        self.nodes.retain(|node| node.path != path);
        self.remember();
        zxid
    }

    /// A waiter is dropped.
    fn give_up(&mut self, place: usize, contender: Contender) {
        if !self.chance.one_in(3) {
            return;
        }
        let returned = self.tick();
        let op = &mut self.history.ops[contender.op];
        (op.outcome, op.returned) = (Outcome::Cancelled, Some(returned));
        let session = op.session;
        self.remove(session, contender.node);
        self.leave(place);
    }

    fn leave(&mut self, place: usize) {
        self.processes[place].contender = None;
        self.line.retain(|one| *one != place);
        self.grant();
    }

    /// The session expires, and the process goes on with another.
    fn expire(&mut self, place: usize) {
        let session = self.processes[place].session;
        self.note(place, NoteKind::Disconnected);
        let contender = self.processes[place].contender;
        if let Some(contender) = contender.filter(|one| one.held) {
            self.believe(place, contender, Conviction::Lost);
        }
        let kind = ChangeKind::Expire;
        let (zxid, at) = self.commit(Change {
            session,
            kind,
            ..Change::default()
        });
        let what = SessionStep::Expired;
        self.history.truth.sessions.push(SessionRow {
            session,
            what,
            at,
            zxid,
            ..SessionRow::default()
        });
        if let Some(contender) = contender {
            let kind = ChangeKind::Delete;
            let path = contender.node;
            self.history.truth.changes.push(Change {
                zxid,
                at,
                session,
                kind,
                path,
                ..Change::default()
            });
            self.nodes.retain(|node| node.path != path);
        }
        self.remember();
        self.note(place, NoteKind::Expired);
        if let Some(contender) = contender.filter(|one| !one.held) {
            let returned = self.tick();
            let op = &mut self.history.ops[contender.op];
            (op.outcome, op.returned, op.error) = (Outcome::NotApplied, Some(returned), -112);
        }
        self.processes[place].watch = None;
        if contender.is_some() {
            self.leave(place);
        }
        self.connect(place);
    }

    /// All holds are given back, all waits are over.
    fn finish(mut self) -> History {
        for place in 0..self.processes.len() {
            while let Some(contender) = self.processes[place].contender {
                if contender.held {
                    self.release(place, contender);
                } else {
                    self.give_up(place, contender);
                }
            }
        }
        self.now = self.now.checked_add(Duration::from_secs(60)).unwrap();
        self.history.limits.ended = self.tick();
        for path in ["/lock", "/r0", "/r1", "/r2"] {
            let path = self.history.text(path);
            let left = Leftover {
                path,
                count: 1,
                declared: true,
                ..Leftover::default()
            };
            self.history.truth.leftovers.push(left);
        }
        self.history
    }
}
