//! Which recipe the processes of a run work with.

mod plain;

use std::time::Duration;

use zk_checkers::Function;

use crate::coverage::Column;
use crate::plan::Plan;
use crate::schedule::{Call, Phase};
use crate::workload::{last_node, lock_path, node};

/// The recipe that a run is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipe {
    /// Mutexes, and registers beside them: what all seeds without another word are.
    #[default]
    Mutex,
    /// Readers and writers, and writers that become readers.
    RwLock,
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
}

impl Recipe {
    /// Every recipe.
    pub const ALL: [Self; 11] = [
        Self::Mutex,
        Self::RwLock,
        Self::Counter,
        Self::BlockCounter,
        Self::SharedValue,
        Self::RateLimiter,
        Self::Barrier,
        Self::EventFlag,
        Self::CountDownLatch,
        Self::DoubleBarrier,
        Self::CyclicBarrier,
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

    /// Whether what it gives out has fencing tokens.
    #[must_use]
    pub const fn has_fences(self) -> bool {
        matches!(self, Self::Mutex | Self::RwLock)
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
            other => other.plain().calls,
        }
    }

    /// Whether its holds are told apart by the numbers of terms and not by their nodes.
    #[must_use]
    pub const fn counts_terms(self) -> bool {
        false
    }

    /// How many paths it is used at, at least.
    #[must_use]
    pub const fn paths(self) -> usize {
        match self {
            Self::Mutex | Self::RwLock => 1,
            // A value and a count.
            Self::SharedValue => 2,
            // A number of each kind, or one that everybody meets at and others.
            _ => 3,
        }
    }

    /// The directories below one of its paths in which the server numbers nodes.
    #[must_use]
    pub fn queues(self, lock: usize) -> Vec<String> {
        match self {
            Self::Mutex | Self::RwLock => vec![lock_path(lock)],
            _ => vec![node(lock)],
        }
    }

    /// Whether a node without an owner may stay when everybody is gone.
    #[must_use]
    pub fn keeps(self, path: &str, plan: &Plan) -> bool {
        let parents = ["/registers", "/guarded", "/locks"];
        let mut queues = (0..plan.locks).flat_map(|lock| self.queues(lock));
        // Nobody is left who would take it away where all who had entered were lost.
        let gate = self == Self::DoubleBarrier && path.ends_with("/node/ready");
        let last = path == last_node() || path == "/locks/last";
        if gate || last {
            return true;
        }
        parents.contains(&path) || path.matches('/').count() == 2 || queues.any(|it| it == path)
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
        if !self.is_plain() {
            return Duration::ZERO;
        }
        Duration::from_secs(120)
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
            Self::RwLock => &[
                ("rw-lock", Phase::Acquiring),
                ("rw-lock", Phase::Holding),
                ("rw-lock", Phase::Releasing),
            ],
            other => other.plain().columns,
        }
    }
}
