//! One run of the bare cores: a loop over what happens next.

use std::time::Duration;

use zk_checkers::{History, Kept, Leftover};
use zk_wire::{Moment, SessionId};

use super::faults::{Faults, supports};
use super::journal::Scene;
use super::prepare::prepare;
use super::state::{Process, Variant};
use crate::plan::Plan;
use crate::resource::Resource;
use crate::run::Run;
use crate::schedule::{Phase, Profile};
use crate::seed::Seed;
use crate::truth::Translator;
use crate::world::{SELDOM, Servers, ServersConfig, World};

/// A short plan of a seed: what this harness is for.
#[must_use]
pub fn draw(seed: Seed, profile: Profile) -> Plan {
    let mut plan = Plan::draw(seed, profile);
    let mut rng = seed.stream("bare");
    let ms = Duration::from_millis;
    plan.clients = usize::try_from(rng.between(2, 3)).unwrap_or(2);
    plan.span = ms(4000);
    plan.think = ms(rng.between(20, 200));
    plan.work = ms(rng.between(5, 60));
    plan.session = ms(rng.between(8, 20) * 100);
    plan.tick = ms([100, 200][usize::from(rng.percent(50))]);
    plan.events = profile.draw(plan.scale());
    plan.events.retain(supports);
    plan
}

/// Carries out a plan on the cores alone.
#[must_use]
pub fn run(plan: &Plan) -> Run {
    run_with(plan, Variant::default())
}

/// Carries out a variant of a plan.
#[must_use]
pub fn run_with(plan: &Plan, variant: Variant) -> Run {
    let config = ServersConfig {
        servers: plan.servers,
        tick: plan.tick,
        election: ELECTION,
        reaping: SELDOM,
        seed: plan.seed.stream("server").next(),
    };
    // The one that prepares the tree comes after the processes of the plan.
    let processes = plan.clients + 1;
    let net = plan.seed.stream("net");
    let servers = Servers::new(config);
    let stage = Stage {
        plan,
        world: World::new(servers, processes, plan.latency, plan.jitter, net),
        history: History::new(),
        translator: Translator::default(),
        resource: Resource::default(),
        processes: Vec::new(),
        entered: Vec::new(),
        now: Moment::ZERO,
        problems: Vec::new(),
    };
    stage.play(variant)
}

/// How long servers take to elect a leader.
const ELECTION: Duration = Duration::from_millis(200);

struct Stage<'a> {
    plan: &'a Plan,
    world: World,
    history: History,
    translator: Translator,
    resource: Resource,
    processes: Vec<Process>,
    entered: Vec<(usize, Phase, u64)>,
    now: Moment,
    problems: Vec<String>,
}

impl Stage<'_> {
    fn play(mut self, variant: Variant) -> Run {
        match prepare(self.plan, &mut self.world) {
            Ok(now) => self.now = now,
            Err(why) => self
                .problems
                .push(format!("the tree could not be prepared: {why}")),
        }
        if self.plan.zxid_low > 0 {
            self.world.servers.set_counter(self.plan.zxid_low);
        }
        self.witness();
        self.world.lengths.begin();
        let start = self.now;
        self.processes = (0..self.plan.clients)
            .map(|index| Process::new(index, self.plan, variant, start))
            .collect();
        let mut faults = Faults::new(self.plan, start, &mut self.world);
        let end = start + self.plan.span + self.patience();
        self.step(&mut faults);
        while !(faults.are_over() && self.processes.iter().all(Process::is_over)) {
            let next = self.next(&faults);
            let Some(next) = next.filter(|next| *next < end) else {
                break;
            };
            self.advance(next);
            self.step(&mut faults);
        }
        for process in &self.processes {
            if !process.is_over() {
                let phase = process.phase.word();
                let patience = self.patience();
                self.problems.push(format!(
                    "G9: client {} is still {phase} {patience:?} after everything was healed",
                    process.index
                ));
            }
        }
        let later = self.now + self.plan.session * 2 + self.plan.tick * 3;
        self.advance(later);
        self.leftovers();
        let simulated = faults.since_start(self.now);
        self.finish(faults, simulated)
    }

    fn next(&self, faults: &Faults) -> Option<Moment> {
        let processes = self.processes.iter().filter_map(Process::deadline);
        let world = self.world.next_deadline();
        let next = processes.chain(world).chain(faults.deadline()).min();
        next.map(|next| next.max(self.now))
    }

    /// Lets everything happen on wire and servers until then.
    fn advance(&mut self, to: Moment) {
        self.world.advance(to);
        self.now = to;
        self.witness();
    }

    fn witness(&mut self) {
        for fact in self.world.servers.drain_truth() {
            self.translator.take(&mut self.history, fact);
        }
    }

    /// Every process and the schedule do what is due.
    fn step(&mut self, faults: &mut Faults) {
        let mut scene = Scene {
            now: self.now,
            plan: self.plan,
            world: &mut self.world,
            history: &mut self.history,
            resource: &self.resource,
            entered: &mut self.entered,
        };
        faults.step(&mut scene, &mut self.processes);
        for process in &mut self.processes {
            process.step(&mut scene);
        }
        // What strikes now may set off more.
        loop {
            if let Some(struck) = scene.world.poll_struck() {
                faults.struck(&mut scene, &mut self.processes, struck);
            } else if let Some(entered) = scene.entered.pop() {
                faults.entered(&mut scene, &mut self.processes, entered);
            } else {
                break;
            }
        }
        self.witness();
    }

    /// As long as anything may take after everything was healed.
    fn patience(&self) -> Duration {
        let plan = self.plan;
        let turns = u32::try_from(plan.clients * plan.locks + plan.clients).unwrap_or(1);
        let turn = plan.work * 5 + plan.think + Duration::from_millis(40) + plan.round_trip() * 12;
        plan.session * 2 + plan.tick * 2 + turn * turns + Duration::from_secs(6)
    }

    fn leftovers(&mut self) {
        let world = &self.world;
        for session in world.servers.sessions() {
            self.problems
                .push(format!("G5: session {} is left", session.id));
        }
        let mut left: Vec<Leftover> = Vec::new();
        for path in world.servers.paths() {
            let owner = world.servers.owner(&path).unwrap_or_default();
            left.push(Leftover {
                what: Kept::Node,
                path: self.history.text(&path),
                session: owner,
                count: 1,
                declared: is_declared(&path, owner),
                ..Leftover::default()
            });
        }
        let watches = world.servers.watch_count();
        for (what, count) in [
            (Kept::Watch, watches),
            (Kept::Connection, world.open_links()),
        ] {
            left.push(Leftover {
                what,
                count: u64::try_from(count).unwrap_or(u64::MAX),
                ..Leftover::default()
            });
        }
        self.history.truth.leftovers = left;
    }

    fn finish(mut self, faults: Faults, simulated: Duration) -> Run {
        let plan = self.plan;
        let limits = &mut self.history.limits;
        limits.ended = self.now;
        limits.session_timeout = plan.session.max(plan.tick * 2);
        limits.tick = plan.tick;
        limits.round_trip = plan.round_trip();
        limits.clock_ppm = 1_000;
        // The longest pause of the client between two attempts is no round trip, and no election either.
        limits.election = Duration::from_secs(2) + ELECTION + plan.tick * 6;
        limits.round_trips = 60;
        limits.lateness = plan.round_trip();
        Run {
            recipe: plan.recipe,
            faults: self.problems,
            hostile: plan.is_hostile(),
            hits: faults.hits,
            counters: self.world.counters,
            lengths: std::mem::take(&mut self.world.lengths),
            trace: self.world.trace.value(),
            simulated,
            stale: self.resource.stale(),
            cuts_after_create: self.world.met.cuts_after_create,
            reconnected_behind: self.world.met.reconnected_behind,
            lingering_seen: self.world.met.lingering_seen,
            late: None,
            tails_lost: self.translator.tails_lost,
            refused: self.resource.refused(),
            history: self.history,
        }
    }
}

/// What the work leaves: its parents and their direct children that nobody owns.
fn is_declared(path: &str, owner: SessionId) -> bool {
    let parents = ["/registers", "/guarded", "/locks"];
    parents.contains(&path) || (owner.is_none() && path.matches('/').count() == 2)
}
