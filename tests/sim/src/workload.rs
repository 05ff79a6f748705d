//! What the processes do.

mod barriers;
mod belief;
mod caches;
mod calls;
mod decisions;
mod drivers;
mod election;
mod families;
mod family;
mod guard;
mod holding;
mod kept;
pub(crate) mod lease;
mod multi_lock;
mod mutex;
mod parts;
mod pictures;
mod queues;
mod reentrant;
mod registers;
mod rw_lock;
pub(crate) mod seen;
mod semaphore;
mod transfers;
pub mod user;
mod values;
mod words;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use zk_client::{Client, ErrorKind, State};
use zk_recipes::Mutex;
use zk_wire::SessionId;

use crate::actor::Actor;
use crate::paths::lock_path;
use crate::plan::Plan;
use crate::resource::Resource;
use crate::seed::Rng;

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
    /// Whether what came of the last call is not known.
    undecided: AtomicBool,
    /// How many last calls were made again.
    asked_again: AtomicUsize,
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
            plan,
            leaked: false,
            undecided: AtomicBool::new(false),
            asked_again: AtomicUsize::new(0),
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

    /// Whether the last call, which has to succeed, is made again: where marks of others were deleted, by an operator or with
    /// their sessions, nothing may tell what came of a first write whose answer was lost, and the call says so. As often as
    /// there are faults; that there was one at the time, another rule asks.
    fn asks_again(&self) -> bool {
        // The end of the counter of zxids closes every connection once, like a fault.
        let most = self.plan.events.len() + usize::from(self.plan.zxid_low > 0);
        self.undecided.load(Ordering::Relaxed)
            && self.asked_again.fetch_add(1, Ordering::Relaxed) < most
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
