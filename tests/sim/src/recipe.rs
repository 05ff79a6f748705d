//! Which recipe the processes of a run work with.

use zk_checkers::Function;

use crate::coverage::Column;
use crate::plan::Plan;
use crate::schedule::{Call, Phase};
use crate::workload::{lease, lock_path, semaphore};

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
    /// Permits per span of time.
    RateLimiter,
}

impl Recipe {
    /// Every recipe.
    pub const ALL: [Self; 9] = [
        Self::Mutex,
        Self::RwLock,
        Self::Semaphore,
        Self::SemaphoreMutex,
        Self::MultiLock,
        Self::Reentrant,
        Self::Election,
        Self::Lease,
        Self::RateLimiter,
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
            Self::RateLimiter => "rate-limiter",
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
            _ => 1,
        }
    }

    /// The directories of one of its paths in which the server numbers nodes.
    #[must_use]
    pub fn queues(self, lock: usize) -> Vec<String> {
        match self {
            Self::Semaphore | Self::SemaphoreMutex => semaphore::directories(lock).into(),
            Self::Lease => vec![lease::holder_path(lock)],
            _ => vec![lock_path(lock)],
        }
    }

    /// Whether a node without an owner may stay when everybody is gone.
    #[must_use]
    pub fn keeps(self, path: &str, plan: &Plan) -> bool {
        let parents = ["/registers", "/guarded", "/locks"];
        let is_last = self == Self::Lease && path.ends_with("/last");
        let mut queues = (0..plan.locks).flat_map(|lock| self.queues(lock));
        parents.contains(&path)
            || path.matches('/').count() == 2
            || is_last
            || queues.any(|queue| queue == path)
    }

    /// Whether what it gives out has fencing tokens.
    #[must_use]
    pub const fn has_fences(self) -> bool {
        !matches!(self, Self::Semaphore | Self::RateLimiter)
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
            Self::RateLimiter => &[Function::Take],
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
            Self::Semaphore | Self::SemaphoreMutex | Self::MultiLock | Self::RateLimiter => {
                &[Call::Acquire, Call::TryAcquire, Call::Release]
            }
        }
    }

    /// Whether its holds are told apart by the numbers of terms and not by their nodes.
    #[must_use]
    pub fn counts_terms(self) -> bool {
        self == Self::Election
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
            Self::RateLimiter => &[("permit", Phase::Acquiring)],
        }
    }
}

/// The columns of most locks.
const USED: [Column; 3] = [
    ("lock", Phase::Acquiring),
    ("lock", Phase::Holding),
    ("lock", Phase::Releasing),
];
