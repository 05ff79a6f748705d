//! One run of the whole library: client and recipes on a paused clock, over the simulated wire.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use zk_checkers::{History, Kept, Leftover, NoteKind};
use zk_client::{Client, State};
use zk_wire::{CreateMode, Moment, SessionId};

use crate::actor::Actor;
use crate::director::{Director, Hits};
use crate::paths::{DECISION, guarded_path, lock_path, register_path};
use crate::plan::Plan;
use crate::process::{Gated, GatedSpawner, ProcessClock, SeededEntropy, SimTransport, Wire};
use crate::recipe::Recipe;
use crate::recorder::Recorder;
use crate::resource::Resource;
use crate::schedule::{Action, Profile};
use crate::workload::lease;
use crate::workload::user::User;
use crate::workload::{Application, End, Planned};
use crate::world::{Counters, Lengths, SELDOM, Servers, ServersConfig, World};

/// What a run brought to light.
#[derive(Debug)]
pub struct Run {
    /// What it was about.
    pub recipe: Recipe,
    /// What happened.
    pub history: History,
    /// What is wrong at first sight: waits that did not end, panics.
    pub faults: Vec<String>,
    /// The servers broke promises that every ensemble keeps: restored, or speaking nonsense.
    pub hostile: bool,
    /// Which faults struck in which phase.
    pub hits: Hits,
    /// Frames.
    pub counters: Counters,
    /// How long each of them was.
    pub lengths: Lengths,
    /// The fingerprint.
    pub trace: u64,
    /// How long it took, in its own time.
    pub simulated: Duration,
    /// Stale uses that the unchecked resources let pass.
    pub stale: u64,
    /// Creates that took effect and whose connection was cut instead of an answer.
    pub cuts_after_create: u64,
    /// Connections to a server that was behind what the process had seen, or behind the others.
    pub reconnected_behind: u64,
    /// Lists that showed a node of a session that had ended.
    pub lingering_seen: u64,
    /// Requests that were carried out although a later one of their session had been answered, where servers were to take them up
    /// late.
    pub late: Option<u64>,
    /// Tails of logs that were lost.
    pub tails_lost: u64,
    /// Stale uses that the checked resources refused.
    pub refused: u64,
}

/// Carries out a plan.
///
/// # Panics
///
/// If there is no runtime to be had.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "without a runtime there is no simulation"
)]
pub fn run(plan: &Plan) -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O can be built");
    let run = runtime.block_on(async { Stage::new(plan.clone()).await.play().await });
    drop(runtime);
    run
}

/// How long servers take to elect a leader.
const ELECTION: Duration = Duration::from_millis(200);

struct Stage {
    plan: Arc<Plan>,
    wire: Wire,
    recorder: Recorder,
    resource: Arc<Resource>,
    start: Instant,
}

/// What the supervisor of one process reports.
type Report = Result<(), String>;

impl Stage {
    async fn new(plan: Plan) -> Self {
        // Timers fire at the milliseconds of the runtime's own beginning, which lies an accidental few
        // microseconds from any other moment: begin at one of them.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let start = Instant::now();
        let config = ServersConfig {
            servers: plan.servers,
            tick: plan.tick,
            election: ELECTION,
            reaping: plan.recipe.reaping().unwrap_or(SELDOM),
            seed: plan.seed.stream("server").next(),
        };
        let net = plan.seed.stream("net");
        // The one that prepares the tree comes after the processes of the plan.
        let processes = plan.clients + 1;
        let world = World::new(
            Servers::new(config),
            processes,
            plan.latency,
            plan.jitter,
            net,
        );
        let wire = Wire::new(world, start);
        Self {
            recorder: Recorder::new(wire.clone()),
            wire,
            plan: Arc::new(plan),
            resource: Arc::default(),
            start,
        }
    }

    async fn play(self) -> Run {
        tokio::spawn(self.wire.clone().run());
        let mut faults = Vec::new();
        if let Err(why) = self.prepare().await {
            faults.push(format!("the tree could not be prepared: {why}"));
        }
        if self.plan.zxid_low > 0 {
            self.wire
                .act(|world| world.servers.set_counter(self.plan.zxid_low));
        }
        let evicts = self.plan.events.iter().any(|it| it.action == Action::Evict);
        let mut operator = None;
        if evicts {
            match self.undisturbed("operator").await {
                Ok(client) => operator = Some(client),
                Err(why) => faults.push(format!("the operator could not connect: {why}")),
            }
        }
        let (signals, heard) = mpsc::unbounded_channel();
        let actors: Vec<Arc<Actor>> = (0..self.plan.clients)
            .map(|index| {
                let offset = self.plan.seed.client_stream(index, "clock").below(1 << 50);
                let clock = ProcessClock::new(self.start, Moment::from_nanos(1 << 42 | offset));
                Actor::new(
                    index,
                    self.wire.clone(),
                    self.recorder.clone(),
                    Arc::new(clock),
                    signals.clone(),
                )
            })
            .collect();
        drop(signals);
        self.wire.act(|world| world.lengths.begin());
        let director = Director::new(
            Arc::clone(&self.plan),
            self.wire.clone(),
            actors.clone(),
            self.recorder.clone(),
            heard,
            Instant::now(),
            operator,
        );
        let director = tokio::spawn(director.run());
        let (drain, draining) = watch::channel(false);
        let mut supervisors = Vec::new();
        for actor in &actors {
            let supervisor = Supervisor {
                actor: Arc::clone(actor),
                plan: Arc::clone(&self.plan),
                resource: Arc::clone(&self.resource),
                draining: draining.clone(),
                life: 0,
            };
            supervisors.push(tokio::spawn(supervisor.run()));
        }
        let hits = match director.await {
            Ok(hits) => hits,
            Err(error) => {
                faults.push(format!("the director failed: {error}"));
                Hits::new()
            }
        };
        drain.send_replace(true);
        if self.plan.is_hostile() {
            // Whoever has seen what the servers have lost may be refused for ever; a new client is not.
            for client in actors.iter().filter_map(|actor| actor.client()) {
                tokio::spawn(async move { client.close().await });
            }
        }
        let healed = Instant::now();
        for (supervisor, actor) in supervisors.into_iter().zip(&actors) {
            let ended = tokio::time::timeout_at(healed + self.patience(), supervisor).await;
            match ended {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(why))) => faults.push(format!("client {}: {why}", actor.index)),
                Ok(Err(error)) => faults.push(format!("client {}: {error}", actor.index)),
                Err(_) => faults.push(format!(
                    "G9: client {} is still {} {:?} after everything was healed",
                    actor.index,
                    actor.phase().word(),
                    self.patience(),
                )),
            }
        }
        for actor in &actors {
            if let Some((session, seen, zxid)) =
                self.wire.look(|world| world.went_back(actor.index))
            {
                faults.push(format!(
                    "G1: a reply of session {session} is of {zxid} where {seen} had been seen"
                ));
            }
        }
        self.leftovers(&actors, &mut faults).await;
        self.finish(faults, hits)
    }

    /// As long as anything may take after everything was healed: a session runs out, every process has each lock once
    /// more, and works as long as it likes.
    fn patience(&self) -> Duration {
        let plan = &self.plan;
        let turns = u32::try_from(plan.clients * plan.locks + plan.clients).unwrap_or(1);
        let turn = plan.work * 5 + plan.think + Duration::from_millis(40) + plan.round_trip() * 12;
        let end = plan.session * 2 + plan.tick * 2 + turn * turns;
        // Sessions are longer there, and calls at the end that wait in vain wait for two of them.
        let late = plan.profile == Profile::Late && !plan.recipe.patience().is_zero();
        let longer = Duration::from_secs(if late { 60 } else { 0 });
        end + plan.recipe.patience() + longer + Duration::from_secs(6)
    }

    /// A client that no fault strikes, but those of the servers.
    async fn undisturbed(&self, name: &str) -> Result<Client, zk_client::Error> {
        let index = self.plan.clients;
        let servers: Vec<String> = (1..=self.plan.servers)
            .map(|port| format!("s:{port}"))
            .collect();
        Client::builder(servers.join(","))
            .transport(Arc::new(SimTransport::new(self.wire.clone(), index)))
            .clock(Arc::new(ProcessClock::new(
                self.start,
                Moment::from_nanos(1 << 42),
            )))
            .entropy(Arc::new(SeededEntropy::new(self.plan.seed.stream(name))))
            .connect()
            .await
    }

    /// Makes the nodes that the work is about.
    async fn prepare(&self) -> Result<(), zk_client::Error> {
        let client = self.undisturbed("prepare").await?;
        for parent in ["/registers", "/guarded"] {
            client.create(parent, "").await?;
        }
        client
            .create("/locks", "")
            .mode(CreateMode::Container)
            .await?;
        for register in 0..self.plan.registers {
            client.create(&register_path(register), "").await?;
        }
        if self.plan.recipe == Recipe::Stm {
            for path in DECISION {
                client.create(path, "").await?;
            }
        }
        for lock in 0..self.plan.locks {
            client.create(&guarded_path(lock), "").await?;
            client
                .create(&lock_path(lock), "")
                .mode(CreateMode::Container)
                .await?;
        }
        client.close().await
    }

    /// What is left once every client is closed and every crashed session has had its time.
    async fn leftovers(&self, actors: &[Arc<Actor>], faults: &mut Vec<String>) {
        let afterlife = self.plan.recipe.afterlife(self.plan.locks);
        tokio::time::sleep(self.plan.session * 2 + self.plan.tick * 3 + afterlife).await;
        for actor in actors {
            if !actor.driver_ended() {
                faults.push(format!("G5: the task of client {} is left", actor.index));
            }
            actor.set_client(None, None);
        }
        let (paths, sessions, watches, connections) = self.wire.act(|world| {
            let sessions: Vec<SessionId> =
                world.servers.sessions().iter().map(|it| it.id).collect();
            let paths: Vec<(String, SessionId)> = world
                .servers
                .paths()
                .into_iter()
                .map(|path| {
                    let owner = world.servers.owner(&path).unwrap_or_default();
                    (path, owner)
                })
                .collect();
            (
                paths,
                sessions,
                world.servers.watch_count(),
                world.open_links(),
            )
        });
        for session in sessions {
            faults.push(format!("G5: session {session} is left"));
        }
        self.recorder.with(|history, _| {
            for (path, owner) in paths {
                let declared = owner.is_none() && self.plan.recipe.keeps(&path, self.plan.locks);
                let left = Leftover {
                    what: Kept::Node,
                    path: history.text(&path),
                    session: owner,
                    count: 1,
                    declared,
                    ..Leftover::default()
                };
                history.truth.leftovers.push(left);
            }
            for (what, count) in [(Kept::Watch, watches), (Kept::Connection, connections)] {
                let left = Leftover {
                    what,
                    count: count as u64,
                    ..Leftover::default()
                };
                history.truth.leftovers.push(left);
            }
        });
    }

    fn finish(self, faults: Vec<String>, hits: Hits) -> Run {
        let mut history = self.recorder.finish();
        let translator = std::mem::take(&mut self.wire.chronicle().translator);
        let plan = &self.plan;
        let limits = &mut history.limits;
        limits.ended = self.wire.now();
        limits.session_timeout = plan.session.max(plan.tick * 2);
        limits.tick = plan.tick;
        limits.round_trip = plan.round_trip();
        limits.clock_ppm = 1_000;
        // The longest pause of the client between two attempts is no round trip, and no election either.
        limits.election = Duration::from_secs(2) + ELECTION + plan.tick * 6;
        limits.round_trips = 60;
        limits.lateness = plan.round_trip();
        limits.reaping = plan.recipe.reaping().unwrap_or_default();
        if plan.recipe == Recipe::Lease {
            (limits.min_hold, limits.max_hold) = lease::bounds(plan);
        }
        let (counters, trace, met) = self
            .wire
            .act(|world| (world.counters, world.trace.value(), world.met));
        Run {
            recipe: self.plan.recipe,
            history,
            faults,
            hostile: self.plan.is_hostile(),
            hits,
            lengths: self.wire.act(|world| std::mem::take(&mut world.lengths)),
            counters,
            trace,
            simulated: self.start.elapsed(),
            stale: self.resource.stale(),
            cuts_after_create: met.cuts_after_create,
            reconnected_behind: met.reconnected_behind,
            lingering_seen: met.lingering_seen,
            late: (plan.profile == Profile::Late).then_some(met.late),
            tails_lost: translator.tails_lost,
            refused: self.resource.refused(),
        }
    }
}

/// Keeps one process going: connects, restarts after kills and panics, and closes at the end.
struct Supervisor {
    actor: Arc<Actor>,
    plan: Arc<Plan>,
    resource: Arc<Resource>,
    draining: watch::Receiver<bool>,
    /// Counts the applications, each of which has a stream of its own.
    life: u64,
}

impl Supervisor {
    async fn run(mut self) -> Report {
        let mut alive = self.actor.alive.subscribe();
        loop {
            // The sender lives as long as the actor.
            let _ = alive.wait_for(|alive| *alive).await;
            let this = self.next_life();
            let life = tokio::spawn(Gated::new(self.actor.user_gate.clone(), Box::pin(this)));
            self.actor.adopt(life.abort_handle());
            match life.await {
                Ok(Ok(End::Drained)) => return Ok(()),
                Ok(Ok(End::NewClient)) => self.actor.set_client(None, None),
                Ok(Err(why)) => return Err(why),
                // Killed: starts again when it may.
                Err(error) if error.is_cancelled() => {}
                Err(error) => {
                    let payload = error.into_panic();
                    if !payload.is::<Planned>() {
                        return Err(format!("G7: panic: {}", text_of(&*payload)));
                    }
                    // The client has survived; the next life goes on with it.
                }
            }
        }
    }

    /// The application of one life. Whatever it needs it takes along: it may be dropped at any point.
    fn next_life(&mut self) -> impl Future<Output = Result<End, String>> + Send + use<> {
        self.life += 1;
        let name = format!("workload.{}", self.life);
        let rng = self.plan.seed.client_stream(self.actor.index, &name);
        let (actor, plan) = (Arc::clone(&self.actor), Arc::clone(&self.plan));
        let resource = Arc::clone(&self.resource);
        let draining = self.draining.clone();
        let life = self.life;
        async move {
            let client = match actor.client() {
                Some(client) => client,
                None => connect(&actor, &plan, life).await,
            };
            let mut app = Application::new(
                Arc::clone(&actor),
                Arc::clone(&plan),
                client.clone(),
                rng,
                resource,
            );
            app.values = life << 32;
            let mut user = User::new(app);
            let end = user.run(draining.clone()).await;
            if end != End::Drained {
                return Ok(end);
            }
            // Only those who were not drained begin before the end.
            let mut waiting = draining;
            let _ = waiting.wait_for(|draining| *draining).await;
            user.app.rng = plan.seed.client_stream(actor.index, "last");
            let wishes = user.last_wishes().await;
            if let Err(why) = wishes {
                if plan.is_hostile() || actor.is_closing() {
                    // It is closed just now, or shut out for what it has seen: the next one has to get through.
                    let _ = client.close().await;
                }
                if matches!(client.state(), State::Closed | State::Expired { .. }) {
                    return Ok(End::NewClient);
                }
                return Err(format!("G6: after everything was healed: {why}"));
            }
            // A close has no errors.
            let _ = client.close().await;
            Ok(End::Drained)
        }
    }
}

/// Connects until it succeeds.
async fn connect(actor: &Arc<Actor>, plan: &Plan, life: u64) -> Client {
    let index = actor.index;
    let servers: Vec<String> = (1..=plan.servers).map(|port| format!("s:{port}")).collect();
    for attempt in 0_u64.. {
        let name = |what: &str| format!("{what}.{life}.{attempt}");
        let chance = plan.seed.client_stream(index, &name("entropy"));
        let mut jitter = plan.seed.client_stream(index, &name("jitter"));
        let spawner = GatedSpawner::new(actor.driver_gate.clone());
        let client = Client::builder(servers.join(","))
            .session_timeout(plan.session)
            .transport(Arc::new(SimTransport::new(actor.wire.clone(), index)))
            .clock(Arc::clone(&actor.clock) as Arc<_>)
            .entropy(Arc::new(SeededEntropy::new(chance)))
            .seed(jitter.next())
            .spawner(Arc::clone(&spawner) as Arc<_>)
            .connect()
            .await;
        if let Ok(client) = client {
            actor.set_client(Some(client.clone()), Some(spawner));
            let notes = Gated::new(
                // With the session's task: what an application that is busy is not told in time has happened all the same.
                actor.driver_gate.clone(),
                Box::pin(follow(Arc::clone(actor), client.clone())),
            );
            actor.adopt(tokio::spawn(notes).abort_handle());
            return client;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    std::future::pending().await
}

/// Notes what becomes of the session.
async fn follow(actor: Arc<Actor>, client: Client) {
    let process = actor.process();
    let mut states = client.watch_state();
    // The first session may be over before anybody follows.
    let mut last = (client.generation(), client.session_id().unwrap_or_default());
    drop(client);
    while let Some(state) = states.changed().await {
        let session = actor.session().unwrap_or(last.1);
        let note = |session, what| actor.recorder.note(process, session, what);
        match state {
            State::Connected { generation, .. } => {
                if generation != last.0 {
                    note(last.1, NoteKind::Expired);
                }
                // The process may have let go of this client, while a task of it lasts that is being ended.
                if actor.session().is_none() && generation != last.0 {
                    continue;
                }
                last = (generation, session);
                note(session, NoteKind::Connected);
            }
            State::Suspended { .. } => note(last.1, NoteKind::Disconnected),
            State::Expired { .. } => note(last.1, NoteKind::Expired),
            State::Closed => note(last.1, NoteKind::Closed),
            _ => {}
        }
    }
}

fn text_of(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a text".to_owned())
}

/// How often each fault struck, over all phases.
#[must_use]
pub fn by_fault(hits: &Hits) -> BTreeMap<&'static str, u64> {
    let mut sums = BTreeMap::new();
    for ((word, _), count) in hits {
        *sums.entry(*word).or_default() += count;
    }
    sums
}
