//! Which recipe the processes of a run work with.

use zk_checkers::Function;

use crate::coverage::Column;
use crate::plan::Plan;
use crate::schedule::{Call, Phase};
use crate::workload::lock_path;

/// The recipe that a run is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipe {
    /// Mutexes, and registers beside them: what all seeds without another word are.
    #[default]
    Mutex,
    /// Readers and writers, and writers that become readers.
    RwLock,
}

impl Recipe {
    /// Every recipe.
    pub const ALL: [Self; 2] = [Self::Mutex, Self::RwLock];

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
        match self {
            Self::Mutex | Self::RwLock => true,
        }
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
        }
    }

    /// The directories below one of its paths in which the server numbers nodes.
    #[must_use]
    pub fn queues(self, lock: usize) -> Vec<String> {
        match self {
            Self::Mutex | Self::RwLock => vec![lock_path(lock)],
        }
    }

    /// Whether a node without an owner may stay when everybody is gone.
    #[must_use]
    pub fn keeps(self, path: &str, plan: &Plan) -> bool {
        let parents = ["/registers", "/guarded", "/locks"];
        let mut queues = (0..plan.locks).flat_map(|lock| self.queues(lock));
        parents.contains(&path) || path.matches('/').count() == 2 || queues.any(|it| it == path)
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
        }
    }
}
