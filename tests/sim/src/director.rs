//! Carries out a schedule.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use zk_checkers::{Function, NoteKind, Outcome};
use zk_client::Client;

use crate::actor::{Actor, Signal};
use crate::paths::lock_path;
use crate::plan::Plan;
use crate::process::Wire;
use crate::recorder::Recorder;
use crate::schedule::{Action, Direction, Phase, Trigger};
use crate::world::{Reach, Struck};

/// How often each fault struck in each phase.
pub type Hits = BTreeMap<(&'static str, Phase), u64>;

/// How old what the servers are given back is at least, and twice that at most.
const BACKUP_EVERY: Duration = Duration::from_secs(2);

/// Carries out the faults of a plan.
#[derive(Debug)]
pub struct Director {
    plan: Arc<Plan>,
    wire: Wire,
    actors: Vec<Arc<Actor>>,
    recorder: Recorder,
    signals: mpsc::UnboundedReceiver<Signal>,
    start: Instant,
    /// Events that wait for a phase.
    waiting: BTreeSet<usize>,
    /// What has to be taken back, and when.
    lasting: Vec<Lasting>,
    /// Who deletes other people's nodes, if the plan wants that.
    operator: Option<Client>,
    hits: Hits,
}

#[derive(Debug)]
struct Lasting {
    until: Instant,
    action: Action,
    index: usize,
    fault: usize,
}

impl Director {
    /// A director of these actors. `start` is when the schedule's time begins.
    #[must_use]
    pub fn new(
        plan: Arc<Plan>,
        wire: Wire,
        actors: Vec<Arc<Actor>>,
        recorder: Recorder,
        signals: mpsc::UnboundedReceiver<Signal>,
        start: Instant,
        operator: Option<Client>,
    ) -> Self {
        Self {
            plan,
            wire,
            actors,
            recorder,
            signals,
            start,
            waiting: BTreeSet::new(),
            lasting: Vec::new(),
            operator,
            hits: Hits::new(),
        }
    }

    /// An operator deletes the node that the process keeps for some time, with its touch; or another, if it has none.
    fn evict_timed(&self, actor: &Actor) {
        let own = format!("{}/of-{}/touch", lock_path(0), actor.index);
        let touch = self.wire.look(|world| {
            let mut touches = world.servers.paths();
            touches.retain(|path| path.ends_with("/touch"));
            let is_own = touches.contains(&own);
            if is_own { Some(own) } else { touches.pop() }
        });
        if let (Some(touch), Some(operator)) = (touch, self.operator.clone()) {
            tokio::spawn(async move {
                let _ = operator.delete(&touch).await;
                let node = touch.trim_end_matches("/touch");
                // It may have been touched meanwhile.
                let _ = operator.delete(node).await;
            });
        }
    }

    /// An operator deletes the node that the process has in a lock, if it has one.
    fn evict(&self, actor: &Actor) {
        if self.plan.recipe.reaping().is_some() {
            return self.evict_timed(actor);
        }
        let Some(session) = actor.session() else {
            return;
        };
        let node = self.wire.look(|world| {
            let mut paths = world.servers.paths().into_iter();
            paths.find(|path| world.servers.owner(path) == Some(session))
        });
        if let (Some(node), Some(operator)) = (node, self.operator.clone()) {
            tokio::spawn(async move {
                // It may be gone by itself, or no server may be there.
                let _ = operator.delete(&node).await;
            });
        }
    }

    /// Lets faults strike until the plan's span is over, then heals everything.
    pub async fn run(mut self) -> Hits {
        let end = self.start + self.plan.span;
        let mut timed: Vec<(Duration, usize)> = Vec::new();
        for (event, it) in self.plan.clone().events.iter().enumerate() {
            match &it.trigger {
                Trigger::At(at) => timed.push((*at, event)),
                Trigger::Frame(nth, way) => {
                    self.arm(event, it.action, it.client, Reach::Nth(*nth, *way));
                }
                Trigger::Applied(op, path, nth) => {
                    self.arm(
                        event,
                        it.action,
                        it.client,
                        Reach::Op(*op, path.clone(), *nth),
                    );
                }
                Trigger::Poll(client, call, poll) => {
                    if let Some(actor) = self.actors.get(*client) {
                        actor.at_poll(*call, *poll, event, it.action);
                    }
                }
                Trigger::When(..) => {
                    self.waiting.insert(event);
                }
            }
        }
        timed.sort_unstable();
        timed.reverse();
        let keeps_backups = self
            .plan
            .events
            .iter()
            .any(|it| it.action == Action::RestoreOld);
        let mut backup_at = self.start;
        loop {
            let next = timed
                .last()
                .map_or(end, |(at, _)| (self.start + *at).min(end));
            let heals = self.lasting.iter().map(|lasting| lasting.until).min();
            let next = heals.map_or(next, |heal| heal.min(next));
            let next = if keeps_backups {
                next.min(backup_at)
            } else {
                next
            };
            tokio::select! {
                biased;
                Some(signal) = self.signals.recv() => self.heed(signal),
                () = self.wire.strikes() => {}
                () = tokio::time::sleep_until(next) => {
                    let now = Instant::now();
                    if now >= end {
                        break;
                    }
                    if keeps_backups && now >= backup_at {
                        self.wire.act(|world| world.servers.back_up());
                        backup_at = now + BACKUP_EVERY;
                    }
                    self.heal_due(now);
                    while timed.last().is_some_and(|(at, _)| self.start + *at <= now) {
                        if let Some((_, event)) = timed.pop() {
                            self.strike(event, None);
                        }
                    }
                }
            }
            self.all_struck();
        }
        self.all_struck();
        self.heal_all();
        if let Some(operator) = self.operator.take() {
            // A close has no errors.
            let _ = operator.close().await;
        }
        self.hits
    }

    fn all_struck(&mut self) {
        while let Some(struck) = self.wire.act(|world| world.poll_struck()) {
            self.struck(struck);
        }
    }

    fn arm(&self, event: usize, action: Action, client: Option<usize>, reach: Reach) {
        self.wire
            .act(|world| world.armed.add(event, action, client, reach));
    }

    fn heed(&mut self, signal: Signal) {
        match signal {
            Signal::Poll(index, event) => {
                let action = self.plan.events.get(event).map(|event| event.action);
                if let Some(Action::Cancel(_)) = action {
                    // Done by the call itself.
                    self.count(event, index);
                } else {
                    self.strike(event, Some(index));
                }
            }
            Signal::Phase(index, phase, nth) => {
                let plan = Arc::clone(&self.plan);
                let is_due = |event: &usize| {
                    plan.events.get(*event).is_some_and(|event| {
                        event.trigger == Trigger::When(phase, nth)
                            && event.client.is_none_or(|client| client == index)
                    })
                };
                let due: Vec<usize> = self.waiting.iter().copied().filter(is_due).collect();
                for event in due {
                    self.waiting.remove(&event);
                    self.strike(event, Some(index));
                }
            }
        }
    }

    /// A fault of the wire has struck; one that is not the wire's is carried out now.
    fn struck(&mut self, struck: Struck) {
        let action = self.plan.events.get(struck.event).map(|event| event.action);
        match action {
            Some(Action::CutBeforeApply | Action::CutAfterApply | Action::CutAtByte(_)) => {
                self.count(struck.event, struck.process);
            }
            Some(_) => self.strike(struck.event, Some(struck.process)),
            None => {}
        }
    }

    fn count(&mut self, event: usize, index: usize) {
        let Some(event) = self.plan.events.get(event) else {
            return;
        };
        let phase = self
            .actors
            .get(index)
            .map_or(Phase::Idle, |actor| actor.phase());
        *self.hits.entry((event.action.word(), phase)).or_default() += 1;
    }

    fn strike(&mut self, event: usize, index: Option<usize>) {
        let Some(it) = self.plan.events.get(event).cloned() else {
            return;
        };
        let index = it.client.or(index).unwrap_or(0);
        if matches!(
            it.action,
            Action::CutBeforeApply | Action::CutAfterApply | Action::CutAtByte(_)
        ) {
            // Counted when there was a frame to cut.
            self.arm(
                event,
                it.action,
                Some(index),
                Reach::Next(Direction::ToServer),
            );
            return;
        }
        self.count(event, index);
        let fault = self
            .recorder
            .fault(it.action.word(), &format!("client {index}"));
        self.act(it.action, index);
        let heals_at_the_end = matches!(it.action, Action::HalfOpen | Action::Blackhole(_));
        if !it.action.lasts() && !heals_at_the_end {
            self.recorder.healed(fault);
        } else {
            let usual = if heals_at_the_end {
                self.plan.span
            } else {
                Duration::from_secs(1)
            };
            let lasting = it.lasting.unwrap_or(usual);
            self.lasting.push(Lasting {
                until: Instant::now() + lasting,
                action: it.action,
                index,
                fault,
            });
        }
    }

    fn act(&self, action: Action, index: usize) {
        let Some(actor) = self.actors.get(index) else {
            return;
        };
        let session = actor.session();
        let server = self.wire.look(|world| world.server_of(index)).unwrap_or(0);
        match action {
            Action::HalfOpen => self.wire.act(|world| {
                world.silence(index, &[Direction::ToServer, Direction::ToClient]);
            }),
            Action::Blackhole(way) => self.wire.act(|world| world.silence(index, &[way])),
            Action::Refuse => self.wire.act(|world| world.refuse(index, true)),
            Action::Delay(by) => self.wire.act(|world| world.delay(index, by)),
            Action::Pause | Action::Busy => {
                actor.user_gate.close();
                if action == Action::Pause {
                    actor.driver_gate.close();
                }
                self.recorder.note(
                    actor.process(),
                    session.unwrap_or_default(),
                    NoteKind::Paused,
                );
            }
            Action::Starve => actor.driver_gate.close(),
            Action::Kill => actor.kill(),
            Action::Expire => {
                if let Some(session) = session {
                    actor.doom(session);
                    self.wire.act(|world| {
                        let now = world.now();
                        world.servers.expire(now, session)
                    });
                }
            }
            Action::NoQuorum => self.servers(|servers, now| servers.scatter(now)),
            Action::Throttle => {
                if let Some(session) = session {
                    self.servers(|servers, now| servers.throttle(now, session, 2));
                }
            }
            Action::ReapContainers => self.servers(|servers, now| servers.reap_containers(now)),
            Action::SetSuffix(next) => {
                for queue in (0..self.plan.locks).flat_map(|lock| self.plan.recipe.queues(lock)) {
                    self.servers(|servers, _| {
                        servers.set_sequence(&queue, next);
                    });
                }
            }
            Action::Rate(rate) => {
                actor.clock.set_rate(rate);
                self.recorder.clock(actor.process(), fast(rate));
            }
            Action::Cancel(polls) => actor.cancel_next(polls),
            Action::DropGuard | Action::LeakGuard | Action::PanicHolding => {
                actor.set_guard_fate(Some(action));
            }
            Action::Close => {
                if let Some(client) = actor.client() {
                    actor.gives_back();
                    let session = client.session_id().unwrap_or_default();
                    let call =
                        self.recorder
                            .begin(actor.process(), Function::Close, "", |op, _| {
                                op.session = session
                            });
                    tokio::spawn(async move {
                        // A close has no errors.
                        let _ = client.close().await;
                        // Whoever follows the session's state is woken with us, in an order that tokio draws.
                        tokio::task::yield_now().await;
                        call.end(1, Outcome::Ok, |_, _| {});
                    });
                }
            }
            Action::CutBeforeApply | Action::CutAfterApply | Action::CutAtByte(_) => {}
            Action::CrashLeader => self.servers(|servers, now| {
                servers.crash(now, true);
            }),
            Action::CrashFollower => self.servers(|servers, now| {
                servers.crash(now, false);
            }),
            Action::Lag(by) => self.servers(|servers, now| {
                servers.lag(now, server, by);
            }),
            Action::LoseTail => self.servers(|servers, now| servers.lose_tail(now)),
            Action::LingerEphemerals(each) => {
                self.servers(|servers, _| servers.linger(server, each))
            }
            Action::Partition => self.servers(|servers, now| servers.cut_off(now, server)),
            Action::OneWay(way) => self.servers(|servers, _| servers.one_way(server, way)),
            Action::Drip(rate) => self.wire.act(|world| world.drip(index, Some(rate))),
            Action::Stall => {
                actor.clock.set_rate(0);
                self.recorder.clock(actor.process(), -1_000_000);
            }
            Action::Evict => self.evict(actor),
            Action::NewSessionSilently => {
                self.servers(|servers, now| servers.substitute(now, true));
            }
            Action::RestoreOld => self.servers(|servers, now| servers.restore_old(now)),
            Action::StandStill(_) => self.wire.act(|world| world.stand_still(index)),
            Action::Bytes(junk) => self.wire.act(|world| world.inject(index, junk.as_slice())),
        }
    }

    fn servers(&self, act: impl FnOnce(&mut crate::world::Servers, zk_wire::Moment)) {
        self.wire.act(|world| {
            let now = world.now();
            act(&mut world.servers, now);
        });
    }

    fn heal_due(&mut self, now: Instant) {
        let lasting = std::mem::take(&mut self.lasting);
        let (due, rest): (Vec<_>, Vec<_>) = lasting.into_iter().partition(|it| it.until <= now);
        self.lasting = rest;
        for it in due {
            self.heal(&it);
        }
    }

    fn heal(&self, it: &Lasting) {
        self.recorder.healed(it.fault);
        let Some(actor) = self.actors.get(it.index) else {
            return;
        };
        // The same fault may be in force twice; the last to end takes it back.
        let still = self.lasting.iter().any(|other| {
            other.action.word() == it.action.word()
                && (other.index == it.index || !it.action.strikes_client())
        });
        match it.action {
            Action::Pause | Action::Busy => {
                actor.user_gate.open();
                if it.action == Action::Pause {
                    actor.driver_gate.open();
                }
                if !actor.user_gate.is_closed() {
                    let session = actor.session().unwrap_or_default();
                    self.recorder
                        .note(actor.process(), session, NoteKind::Resumed);
                }
            }
            Action::Starve => actor.driver_gate.open(),
            _ if still => {}
            Action::Refuse => self.wire.act(|world| world.refuse(it.index, false)),
            Action::Delay(_) => self.wire.act(|world| world.delay(it.index, Duration::ZERO)),
            Action::Kill => {
                // What takes its place has the same clock.
                let clocks = self.lasting.iter().filter(|other| other.index == it.index);
                for rate in clocks.filter_map(|other| other.action.rate()) {
                    self.recorder.clock(actor.process(), fast(rate));
                }
                actor.alive.send_replace(true);
            }
            Action::NoQuorum | Action::LoseTail | Action::Partition | Action::OneWay(_) => {
                self.servers(|servers, now| servers.reunite(now));
            }
            Action::CrashLeader | Action::CrashFollower => {
                self.servers(|servers, now| servers.restart(now));
            }
            Action::Lag(_) => self.servers(|servers, now| {
                for server in 0..self.plan.servers {
                    servers.lag(now, server, Duration::ZERO);
                }
            }),
            Action::LingerEphemerals(_) => self.servers(|servers, _| {
                for server in 0..self.plan.servers {
                    servers.linger(server, Duration::ZERO);
                }
            }),
            Action::Rate(_) | Action::Stall => actor.clock.set_rate(1000),
            Action::Drip(_) => self.wire.act(|world| world.drip(it.index, None)),
            Action::StandStill(ahead) => self.wire.act(|world| world.go_on(it.index, ahead)),
            Action::NewSessionSilently => {
                self.servers(|servers, now| servers.substitute(now, false));
            }
            _ => {}
        }
    }

    /// The end of the faulty part: everything works again.
    fn heal_all(&mut self) {
        while let Some(it) = self.lasting.pop() {
            self.heal(&it);
        }
        self.wire.act(|world| {
            let now = world.now();
            world.armed.clear();
            world.lengths.end();
            world.servers.heal(now);
            world.mend();
        });
        for actor in &self.actors {
            actor.heal();
        }
    }
}

/// By how many millionths a clock of so many thousandths of the right rate is fast.
fn fast(rate: u64) -> i32 {
    let fast = i64::try_from(rate).unwrap_or(1000) - 1000;
    i32::try_from(fast * 1000).unwrap_or(0)
}
