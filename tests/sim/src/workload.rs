//! What the processes do.

mod barriers;
mod belief;
mod calls;
mod election;
mod family;
mod guard;
mod holding;
pub(crate) mod lease;
mod multi_lock;
mod mutex;
mod reentrant;
mod registers;
mod rw_lock;
pub(crate) mod semaphore;
mod values;

use std::sync::Arc;
use std::time::Duration;

use zk_client::{Client, ErrorKind, State};
use zk_recipes::Mutex;
use zk_wire::SessionId;

use self::family::Family;
use crate::actor::Actor;
use crate::plan::Plan;
use crate::resource::Resource;
use crate::schedule::Phase;
use crate::seed::Rng;

/// The path of a register.
#[must_use]
pub fn register_path(register: usize) -> String {
    format!("/registers/{register}")
}

/// The path of a lock.
#[must_use]
pub fn lock_path(lock: usize) -> String {
    format!("/locks/{lock}")
}

/// Which lock a path belongs to.
fn lock_number(path: &str) -> usize {
    let below = path.trim_start_matches("/locks/");
    let number = below.split('/').next().unwrap_or_default();
    number.parse().unwrap_or(0)
}

/// The node of a recipe that holds nothing, below the directory of that number.
#[must_use]
pub fn node(directory: usize) -> String {
    format!("{}/node", lock_path(directory))
}

/// Where all processes meet once more when everything was healed.
#[must_use]
pub fn last_node() -> String {
    "/locks/last/node".to_owned()
}

/// The register in ZooKeeper that a lock protects.
#[must_use]
pub fn guarded_path(lock: usize) -> String {
    format!("/guarded/{lock}")
}

/// Why a process's application has come to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The run is over.
    Drained,
    /// The client has ended, and a new one is needed.
    NewClient,
}

/// The payload of a panic that is part of the schedule.
#[derive(Debug)]
pub struct Planned;

/// The application of one process, with one client.
pub struct Application {
    pub(crate) actor: Arc<Actor>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) client: Client,
    pub(crate) rng: Rng,
    pub(crate) resource: Arc<Resource>,
    /// Counts up, so that every value is written once.
    pub(crate) values: u64,
    /// How many calls are left.
    pub(crate) calls: u64,
    /// When the client has to be closed because a guard was leaked.
    leaked: bool,
    /// What it does, but while that is under way.
    family: Option<Box<dyn Family>>,
}

impl Application {
    /// An application that has done nothing yet.
    #[must_use]
    pub fn new(
        actor: Arc<Actor>,
        plan: Arc<Plan>,
        client: Client,
        rng: Rng,
        resource: Arc<Resource>,
    ) -> Self {
        Self {
            actor,
            client,
            rng,
            resource,
            values: 0,
            calls: plan.calls,
            family: Some(family::of(plan.recipe)),
            plan,
            leaked: false,
        }
    }

    /// Works until `draining` is set, or the client ends.
    pub async fn run(&mut self, draining: tokio::sync::watch::Receiver<bool>) -> End {
        while !*draining.borrow() && self.calls > 0 {
            self.calls -= 1;
            if self.is_over() {
                return End::NewClient;
            }
            if self.rng.percent(self.plan.lock_percent) {
                self.use_recipe().await;
            } else {
                self.use_register().await;
            }
            self.actor.enter(Phase::Idle);
            if self.leaked {
                self.pause(Duration::from_secs(1)).await;
                // Nobody has the guard any more: the lock is free when the session ends.
                let _ = self.client.close().await;
                // Whoever follows the session's state is woken with us, in an order that tokio draws.
                tokio::task::yield_now().await;
                return End::NewClient;
            }
            let think = self.plan.think;
            self.pause(think).await;
        }
        if self.is_over() {
            return End::NewClient;
        }
        End::Drained
    }

    /// After everything was healed, what a process asks for it gets.
    ///
    /// # Errors
    ///
    /// What it did not get.
    pub async fn last_wishes(&mut self) -> Result<(), String> {
        // A session that has expired meanwhile is told so now, and not in the middle of what nobody does twice.
        while self.plan.recipe.is_plain() {
            match self.client.get(&register_path(0)).await {
                Err(error) if error.kind() == ErrorKind::SessionExpired => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => return Err(format!("get: {error}")),
                Ok(_) => break,
            }
        }
        if let Some(mut family) = self.family.take() {
            let wishes = family.last_wishes(self).await;
            self.family = Some(family);
            wishes?;
        }
        let read = self.client.get(&register_path(0)).await;
        read.map_err(|error| format!("get: {error}"))?;
        Ok(())
    }

    /// One use of the recipe.
    async fn use_recipe(&mut self) {
        if let Some(mut family) = self.family.take() {
            family.work(self).await;
            self.family = Some(family);
        }
    }

    fn is_over(&self) -> bool {
        match self.client.state() {
            State::Closed | State::AuthFailed => true,
            // With a policy that makes a new session this passes.
            State::Expired { .. } => self.actor.driver_ended(),
            _ => false,
        }
    }

    fn mutex(&self, lock: usize) -> Result<Mutex, String> {
        Mutex::new(&self.client, &lock_path(lock)).map_err(|error| error.to_string())
    }

    fn name(&self) -> String {
        format!("process {}", self.actor.process())
    }

    fn process(&self) -> u32 {
        self.actor.process()
    }

    fn session(&self) -> SessionId {
        self.client.session_id().unwrap_or_default()
    }

    fn pick(&mut self, count: usize) -> usize {
        usize::try_from(self.rng.below(count as u64)).unwrap_or(0)
    }

    /// A value that nobody else writes.
    fn fresh_value(&mut self) -> String {
        self.values += 1;
        format!("{}.{}", self.process(), self.values)
    }

    /// Waits for up to `longest`.
    async fn pause(&mut self, longest: Duration) {
        let longest = u64::try_from(longest.as_millis()).unwrap_or(0);
        let ms = self.rng.between(1, longest.max(1));
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

/// Whether an error tells of a client that has ended.
fn is_end(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Closed | ErrorKind::SessionExpired)
}
