//! Which recipe the processes of a run work with.

mod lifetime;
mod occasions;
mod plain;

pub use occasions::Occasion;
pub(crate) use occasions::{NO_WORD, TYPED};

use std::time::Duration;

use zk_checkers::Function;

use crate::paths::{last_node, lease_holder, lock_path, node, semaphore_directories};
use crate::schedule::{Call, Column, Phase};

/// The recipe that a run is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipe {
    /// Mutexes, and registers beside them: what all seeds without another word are.
    #[default]
    Mutex,
    /// Readers and writers, and writers that become readers.
    RwLock,
    /// Permits whose number changes.
    Semaphore,
    /// The mutex that is a semaphore of one permit.
    SemaphoreMutex,
    /// Several mutexes at once.
    MultiLock,
    /// Mutexes that are entered again.
    Reentrant,
    /// Terms, hand-overs, priorities, observers.
    Election,
    /// Jobs with a least and a most.
    Lease,
    /// Atomic numbers of both sizes, and atomic values.
    Counter,
    /// Numbers that are handed out once.
    BlockCounter,
    /// Shared values and counts, and their streams.
    SharedValue,
    /// Permits per span of time.
    RateLimiter,
    /// Barriers.
    Barrier,
    /// Event flags.
    EventFlag,
    /// Latches that open when they were counted down.
    CountDownLatch,
    /// Barriers that all enter together and leave together.
    DoubleBarrier,
    /// Barriers at which parties meet round by round.
    CyclicBarrier,
    /// Nodes that are kept.
    PersistentNode,
    /// Transactions over several nodes.
    Stm,
    /// Queues of several kinds, with takes or claims.
    Queue,
    /// Local pictures of a node, its children, a tree.
    Cache,
    /// Members of groups, and whoever follows who is there.
    Group,
    /// Items that members of a group share out.
    Partitioner,
    /// Services: instances that are registered and asked for.
    Discovery,
    /// Nodes that go some time after nobody keeps them any more.
    TtlNode,
}

impl Recipe {
    /// Every recipe.
    pub const ALL: [Self; 25] = [
        Self::Mutex,
        Self::RwLock,
        Self::Semaphore,
        Self::SemaphoreMutex,
        Self::MultiLock,
        Self::Reentrant,
        Self::Election,
        Self::Lease,
        Self::Counter,
        Self::BlockCounter,
        Self::SharedValue,
        Self::RateLimiter,
        Self::Barrier,
        Self::EventFlag,
        Self::CountDownLatch,
        Self::DoubleBarrier,
        Self::CyclicBarrier,
        Self::PersistentNode,
        Self::Stm,
        Self::Queue,
        Self::Cache,
        Self::Group,
        Self::Partitioner,
        Self::Discovery,
        Self::TtlNode,
    ];

    /// Those that a seed is not about unless it says so.
    pub fn others() -> impl Iterator<Item = Self> {
        Self::ALL
            .into_iter()
            .filter(|recipe| *recipe != Self::Mutex)
    }

    /// Its name, in plans and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mutex => "mutex",
            Self::RwLock => "rw-lock",
            Self::Semaphore => "semaphore",
            Self::SemaphoreMutex => "semaphore-mutex",
            Self::MultiLock => "multi-lock",
            Self::Reentrant => "reentrant",
            Self::Election => "election",
            Self::Lease => "lease",
            other => other.plain().word,
        }
    }

    /// The recipe of that name.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn of(word: &str) -> Result<Self, String> {
        let mut known = Self::ALL.into_iter();
        known.find(|recipe| recipe.word() == word).ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.into_iter().map(Self::word).collect();
            format!(
                "there is no recipe {word:?}; there are: {}",
                words.join(", ")
            )
        })
    }

    /// At how many paths it is used, at least.
    #[must_use]
    pub const fn paths(self) -> usize {
        match self {
            Self::MultiLock => 3,
            // A value and a count.
            Self::SharedValue => 2,
            // A number of each kind, or one that everybody meets at and others.
            _ if self.is_plain() => 3,
            _ => 1,
        }
    }

    /// The directories of one of its paths in which the server numbers nodes.
    #[must_use]
    pub fn queues(self, lock: usize) -> Vec<String> {
        match self {
            Self::Semaphore | Self::SemaphoreMutex => semaphore_directories(lock).into(),
            Self::Lease => vec![lease_holder(lock)],
            // The numbers of its items are an order as long as the counter lasts.
            Self::Queue => Vec::new(),
            // Where it has ended, a server does not note that children come: none of them tells what one-shot watches missed
            // over a broken connection.
            Self::Cache => Vec::new(),
            _ if self.is_plain() => vec![node(lock)],
            _ => vec![lock_path(lock)],
        }
    }

    /// Whether a node without an owner may stay when everybody is gone who used that many paths.
    #[must_use]
    pub fn keeps(self, path: &str, locks: usize) -> bool {
        let parents = ["/registers", "/guarded", "/locks"];
        // Nobody is left who would take a gate away where all who had entered were lost.
        let is_gate = self == Self::DoubleBarrier && path.ends_with("/node/ready");
        let is_last = match self {
            Self::Lease => path.ends_with("/last"),
            _ => self.is_plain() && (path == last_node() || path == "/locks/last"),
        };
        // What a queue has beside it, and what it is in.
        let is_beside = self == Self::Queue
            && (path.ends_with("/node")
                || path.ends_with("/_marks_node")
                || path.ends_with("/_locks_node")
                || path.ends_with("/_bound_node")
                || path.ends_with("/growth")
                || is_part(path)
                || path.ends_with("/node/entries")
                || path.ends_with("/node/taken"));
        let is_division = self == Self::Partitioner && path.contains("/node");
        let is_result = self == Self::Cache && path.contains("/node");
        let mut queues = (0..locks).flat_map(|lock| self.queues(lock));
        parents.contains(&path)
            || path.matches('/').count() == 2
            || is_last
            || is_gate
            || is_beside
            || is_result
            || is_division
            || queues.any(|queue| queue == path)
    }

    /// Whether what it gives out has fencing tokens.
    #[must_use]
    pub const fn has_fences(self) -> bool {
        !matches!(self, Self::Semaphore) && !self.is_plain()
    }

    /// The calls about it that have to succeed now and then.
    #[must_use]
    pub const fn functions(self) -> &'static [Function] {
        match self {
            Self::Mutex => &[],
            Self::RwLock => &[
                Function::ReadLock,
                Function::TryReadLock,
                Function::WriteLock,
                Function::TryWriteLock,
                Function::Downgrade,
            ],
            Self::Semaphore => &[Function::Permit, Function::TryPermit, Function::Resize],
            Self::SemaphoreMutex | Self::MultiLock => &[Function::Acquire, Function::TryAcquire],
            Self::Reentrant => &[Function::Acquire, Function::Reenter],
            Self::Election => &[
                Function::Stand,
                Function::TryStand,
                Function::Announce,
                Function::HandOver,
                Function::Observe,
            ],
            Self::Lease => &[Function::TryAcquire],
            other => other.plain().functions,
        }
    }

    /// The calls at whose polls a fault may strike.
    #[must_use]
    pub const fn calls(self) -> &'static [Call] {
        match self {
            Self::Mutex => &[
                Call::Get,
                Call::Set,
                Call::Watch,
                Call::Acquire,
                Call::TryAcquire,
                Call::Hold,
                Call::Release,
                Call::FencedSet,
                Call::Lost,
                Call::Barrier,
            ],
            Self::RwLock => &[
                Call::Acquire,
                Call::TryAcquire,
                Call::Downgrade,
                Call::Release,
                Call::FencedSet,
            ],
            Self::Election => &[
                Call::Acquire,
                Call::TryAcquire,
                Call::Hold,
                Call::Release,
                Call::HandOver,
                Call::Observe,
            ],
            Self::Reentrant => &[Call::Acquire, Call::Reenter, Call::Release],
            Self::Lease => &[Call::Hold, Call::FencedSet],
            Self::Semaphore | Self::SemaphoreMutex | Self::MultiLock => {
                &[Call::Acquire, Call::TryAcquire, Call::Release]
            }
            other => other.plain().calls,
        }
    }

    /// Whether its holds are told apart by the numbers of terms and not by their nodes.
    #[must_use]
    pub fn counts_terms(self) -> bool {
        self == Self::Election
    }

    /// What is to be known of it if it holds nothing.
    const fn plain(self) -> plain::Plain {
        match self {
            Self::Counter => plain::COUNTER,
            Self::BlockCounter => plain::BLOCK_COUNTER,
            Self::SharedValue => plain::SHARED_VALUE,
            Self::RateLimiter => plain::RATE_LIMITER,
            Self::Barrier => plain::BARRIER,
            Self::EventFlag => plain::EVENT_FLAG,
            Self::CountDownLatch => plain::COUNT_DOWN_LATCH,
            Self::DoubleBarrier => plain::DOUBLE_BARRIER,
            Self::CyclicBarrier => plain::CYCLIC_BARRIER,
            Self::PersistentNode => plain::PERSISTENT_NODE,
            Self::Stm => plain::STM,
            Self::Queue => plain::QUEUE,
            Self::Cache => plain::CACHE,
            Self::Group => plain::GROUP,
            Self::Partitioner => plain::PARTITIONER,
            Self::Discovery => plain::DISCOVERY,
            Self::TtlNode => plain::TTL_NODE,
            _ => plain::NONE,
        }
    }

    /// Whether it holds nothing.
    #[must_use]
    pub const fn is_plain(self) -> bool {
        !self.plain().word.is_empty()
    }

    /// The phases that faults are aimed at.
    #[must_use]
    pub fn aims(self) -> Vec<Phase> {
        if !self.is_plain() {
            return vec![Phase::Acquiring, Phase::Holding, Phase::Releasing];
        }
        self.columns().iter().map(|(_, phase)| *phase).collect()
    }

    /// How much longer than locks its users may take at the end: they wait for all others, and for what does not come.
    #[must_use]
    pub const fn patience(self) -> Duration {
        // A job is not run again too soon.
        if self.is_plain() || matches!(self, Self::Lease) {
            return Duration::from_secs(120);
        }
        Duration::ZERO
    }

    /// What its users are doing: the columns of its table of faults.
    #[must_use]
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Mutex => &[
                ("register", Phase::Reading),
                ("register", Phase::Writing),
                ("watch", Phase::Watching),
                ("mutex", Phase::Acquiring),
                ("mutex", Phase::Holding),
                ("mutex", Phase::Releasing),
            ],
            Self::RwLock => &USED,
            Self::Semaphore => &[
                ("capacity", Phase::Writing),
                ("permit", Phase::Acquiring),
                ("permit", Phase::Holding),
                ("permit", Phase::Releasing),
            ],
            Self::SemaphoreMutex | Self::MultiLock | Self::Reentrant => &USED,
            Self::Election => &[
                ("observer", Phase::Watching),
                ("term", Phase::Acquiring),
                ("term", Phase::Holding),
                ("term", Phase::Releasing),
            ],
            Self::Lease => &[("job", Phase::Acquiring), ("job", Phase::Holding)],
            other => other.plain().columns,
        }
    }
}

/// Whether it is a part of a queue, or where its locks are.
fn is_part(path: &str) -> bool {
    let part = ["/node/", "/_locks_node_"]
        .iter()
        .find_map(|before| path.split_once(before));
    let id = part.and_then(|(_, part)| part.strip_prefix("queue-"));
    // Items have ten digits.
    id.is_some_and(|id| id.len() == 36)
}

/// The columns of most locks.
const USED: [Column; 3] = [
    ("lock", Phase::Acquiring),
    ("lock", Phase::Holding),
    ("lock", Phase::Releasing),
];
