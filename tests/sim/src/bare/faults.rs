//! Carries out a schedule on bare cores.

use std::collections::BTreeMap;
use std::time::Duration;

use zk_checkers::Fault;
use zk_wire::Moment;

use super::journal::Scene;
use super::state::Process;
use crate::director::Hits;
use crate::paths::lock_path;
use crate::plan::Plan;
use crate::schedule::{Action, Direction, Event, Phase, Trigger};
use crate::world::{Reach, Struck, World};

/// Whether a fault can strike here. What needs a future belongs to the other harness: its polls, a guard that is leaked,
/// a panic, tasks that stand still one by one. Clocks have one rate, and what makes a plan hostile is left out.
#[must_use]
pub const fn supports(event: &Event) -> bool {
    let action = !matches!(
        event.action,
        Action::Starve
            | Action::Rate(_)
            | Action::LeakGuard
            | Action::PanicHolding
            | Action::OneWay(_)
            | Action::Drip(_)
            | Action::Stall
            | Action::Busy
            | Action::Evict
            | Action::NewSessionSilently
            | Action::RestoreOld
            | Action::Bytes(_)
            | Action::StandStill(_)
    );
    action && !matches!(event.trigger, Trigger::Poll(..))
}

/// The faults of a plan.
pub(super) struct Faults {
    events: Vec<Event>,
    start: Moment,
    end: Moment,
    /// Events that wait for their time, the next one last.
    timed: Vec<(Moment, usize)>,
    /// Events that wait for a phase.
    waiting: Vec<usize>,
    lasting: Vec<Lasting>,
    pub(super) hits: Hits,
    healed: bool,
}

struct Lasting {
    until: Moment,
    action: Action,
    index: usize,
    fault: usize,
}

impl Faults {
    pub(super) fn new(plan: &Plan, start: Moment, world: &mut World) -> Self {
        let events: Vec<Event> = plan
            .events
            .iter()
            .filter(|it| supports(it))
            .cloned()
            .collect();
        let mut faults = Self {
            start,
            end: start + plan.span,
            timed: Vec::new(),
            waiting: Vec::new(),
            lasting: Vec::new(),
            hits: BTreeMap::new(),
            healed: false,
            events: Vec::new(),
        };
        for (place, event) in events.iter().enumerate() {
            let (action, client) = (event.action, event.client);
            match &event.trigger {
                Trigger::At(at) => faults.timed.push((start + *at, place)),
                Trigger::Frame(nth, way) => {
                    world
                        .armed
                        .add(place, action, client, Reach::Nth(*nth, *way));
                }
                Trigger::Applied(op, path, nth) => {
                    let reach = Reach::Op(*op, path.clone(), *nth);
                    world.armed.add(place, action, client, reach);
                }
                Trigger::When(..) => faults.waiting.push(place),
                Trigger::Poll(..) => {}
            }
        }
        faults.timed.sort_unstable();
        faults.timed.reverse();
        faults.events = events;
        faults
    }

    /// When something strikes or heals next.
    pub(super) fn deadline(&self) -> Option<Moment> {
        if self.healed {
            return None;
        }
        let timed = self.timed.last().map(|(at, _)| *at);
        let heals = self.lasting.iter().map(|it| it.until);
        timed.into_iter().chain(heals).chain([self.end]).min()
    }

    /// Whether everything has been healed.
    pub(super) const fn are_over(&self) -> bool {
        self.healed
    }

    /// How long the faulty part has lasted.
    pub(super) fn since_start(&self, now: Moment) -> Duration {
        now.saturating_since(self.start)
    }

    /// Lets what is due strike, and heals what is to be healed.
    pub(super) fn step(&mut self, scene: &mut Scene<'_>, processes: &mut [Process]) {
        if self.healed {
            return;
        }
        self.heal_due(scene, processes);
        while self.timed.last().is_some_and(|(at, _)| *at <= scene.now) {
            if let Some((_, event)) = self.timed.pop() {
                self.strike(scene, processes, event, None);
            }
        }
        if scene.now >= self.end {
            self.heal_all(scene, processes);
        }
    }

    /// A fault of the wire has struck.
    pub(super) fn struck(
        &mut self,
        scene: &mut Scene<'_>,
        processes: &mut [Process],
        struck: Struck,
    ) {
        match self.events.get(struck.event).map(|event| event.action) {
            Some(Action::CutBeforeApply | Action::CutAfterApply | Action::CutAtByte(_)) => {
                self.count(struck.event, struck.process, processes);
            }
            // What struck at the very end would never be healed.
            Some(_) if !self.healed => {
                self.strike(scene, processes, struck.event, Some(struck.process));
            }
            _ => {}
        }
    }

    /// A process has entered a phase, for the nth time.
    pub(super) fn entered(
        &mut self,
        scene: &mut Scene<'_>,
        processes: &mut [Process],
        (index, phase, nth): (usize, Phase, u64),
    ) {
        let due = self.waiting.iter().position(|place| {
            self.events.get(*place).is_some_and(|event| {
                event.trigger == Trigger::When(phase, nth)
                    && event.client.is_none_or(|client| client == index)
            })
        });
        if let Some(at) = due {
            let event = self.waiting.remove(at);
            self.strike(scene, processes, event, Some(index));
        }
    }

    fn count(&mut self, event: usize, index: usize, processes: &[Process]) {
        let phase = processes.get(index).map_or(Phase::Idle, |it| it.phase);
        if let Some(event) = self.events.get(event) {
            *self.hits.entry((event.action.word(), phase)).or_default() += 1;
        }
    }

    fn strike(
        &mut self,
        scene: &mut Scene<'_>,
        processes: &mut [Process],
        event: usize,
        index: Option<usize>,
    ) {
        let Some(it) = self.events.get(event).cloned() else {
            return;
        };
        let index = it.client.or(index).unwrap_or(0);
        if matches!(
            it.action,
            Action::CutBeforeApply | Action::CutAfterApply | Action::CutAtByte(_)
        ) {
            // Counted when there was a frame to cut.
            let reach = Reach::Next(Direction::ToServer);
            scene.world.armed.add(event, it.action, Some(index), reach);
            return;
        }
        self.count(event, index, processes);
        let at = scene.history.stamp(scene.now);
        let fault = Fault {
            what: scene.history.text(it.action.word()),
            target: scene.history.text(&format!("client {index}")),
            at,
            ended: None,
        };
        scene.history.faults.push(fault);
        let fault = scene.history.faults.len() - 1;
        if let Some(process) = processes.get_mut(index) {
            act(scene, process, it.action);
        }
        let heals_at_the_end = matches!(it.action, Action::HalfOpen | Action::Blackhole(_));
        if !it.action.lasts() && !heals_at_the_end {
            healed(scene, fault);
            return;
        }
        let usual = if heals_at_the_end {
            scene.plan.span
        } else {
            Duration::from_secs(1)
        };
        self.lasting.push(Lasting {
            until: scene.now + it.lasting.unwrap_or(usual),
            action: it.action,
            index,
            fault,
        });
    }

    fn heal_due(&mut self, scene: &mut Scene<'_>, processes: &mut [Process]) {
        while let Some(due) = self.lasting.iter().position(|it| it.until <= scene.now) {
            let it = self.lasting.swap_remove(due);
            self.heal(scene, processes, &it);
        }
    }

    fn heal(&self, scene: &mut Scene<'_>, processes: &mut [Process], it: &Lasting) {
        healed(scene, it.fault);
        // The same fault may be in force twice; the last to end takes it back.
        let still = self.lasting.iter().any(|other| {
            other.action.word() == it.action.word()
                && (other.index == it.index || !it.action.strikes_client())
        });
        let Some(process) = processes.get_mut(it.index) else {
            return;
        };
        let (now, servers) = (scene.now, 0..scene.plan.servers);
        match it.action {
            Action::Pause => process.thaw(scene),
            _ if still => {}
            Action::Refuse => scene.world.refuse(it.index, false),
            Action::Delay(_) => scene.world.delay(it.index, Duration::ZERO),
            Action::Kill => process.revive(scene),
            Action::NoQuorum | Action::LoseTail | Action::Partition => {
                scene.world.servers.reunite(now);
            }
            Action::CrashLeader | Action::CrashFollower => scene.world.servers.restart(now),
            Action::Lag(_) => {
                for server in servers {
                    scene.world.servers.lag(now, server, Duration::ZERO);
                }
            }
            Action::LingerEphemerals(_) => {
                for server in servers {
                    scene.world.servers.linger(server, Duration::ZERO);
                }
            }
            _ => {}
        }
    }

    /// The end of the faulty part: everything works again.
    fn heal_all(&mut self, scene: &mut Scene<'_>, processes: &mut [Process]) {
        self.healed = true;
        self.waiting.clear();
        while let Some(it) = self.lasting.pop() {
            self.heal(scene, processes, &it);
        }
        scene.world.armed.clear();
        scene.world.lengths.end();
        scene.world.servers.heal(scene.now);
        scene.world.mend();
        for process in processes {
            process.guard_fate = None;
            process.cancel = None;
            process.draining = true;
        }
    }
}

fn healed(scene: &mut Scene<'_>, fault: usize) {
    let at = scene.history.stamp(scene.now);
    if let Some(fault) = scene.history.faults.get_mut(fault) {
        fault.ended = Some(at);
    }
}

/// What a fault does.
fn act(scene: &mut Scene<'_>, process: &mut Process, action: Action) {
    let (now, index) = (scene.now, process.index);
    let server = scene.world.server_of(index).unwrap_or(0);
    match action {
        Action::HalfOpen => {
            let ways = [Direction::ToServer, Direction::ToClient];
            scene.world.silence(index, &ways);
        }
        Action::Blackhole(way) => scene.world.silence(index, &[way]),
        Action::Refuse => scene.world.refuse(index, true),
        Action::Delay(by) => scene.world.delay(index, by),
        Action::Pause => process.freeze(scene),
        Action::Kill => {
            process.kill(scene);
            scene.world.process_died(index);
        }
        Action::Expire => {
            if let Some(session) = process.doom(scene) {
                scene.world.servers.expire(now, session);
            }
        }
        Action::Throttle => scene.world.servers.throttle(now, process.session, 2),
        Action::Cancel(polls) => process.cancel = Some(polls),
        Action::DropGuard => process.guard_fate = Some(action),
        Action::Close => process.close(scene),
        Action::NoQuorum => scene.world.servers.scatter(now),
        Action::ReapContainers => scene.world.servers.reap_containers(now),
        Action::SetSuffix(next) => {
            for lock in 0..scene.plan.locks {
                scene.world.servers.set_sequence(&lock_path(lock), next);
            }
        }
        Action::CrashLeader | Action::CrashFollower => {
            let leader = action == Action::CrashLeader;
            scene.world.servers.crash(now, leader);
        }
        Action::Lag(by) => {
            scene.world.servers.lag(now, server, by);
        }
        Action::LoseTail => scene.world.servers.lose_tail(now),
        Action::LingerEphemerals(each) => scene.world.servers.linger(server, each),
        Action::Partition => scene.world.servers.cut_off(now, server),
        Action::CutBeforeApply
        | Action::CutAfterApply
        | Action::CutAtByte(_)
        | Action::Starve
        | Action::Rate(_)
        | Action::LeakGuard
        | Action::PanicHolding
        | Action::OneWay(_)
        | Action::Drip(_)
        | Action::Stall
        | Action::Busy
        | Action::Evict
        | Action::NewSessionSilently
        | Action::RestoreOld
        | Action::Bytes(_)
        | Action::StandStill(_) => {}
    }
}
