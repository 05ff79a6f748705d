//! Holders that are not holders any more, at work on a gate.

mod breach;
mod checked;
mod orders;
mod race;

use super::TokenGate;

pub use breach::{Breach, BreachKind};
pub use checked::Checked;

/// Tries to get a stale write through a gate: two holders in every order, tokens that only numbers compare rightly, and
/// writers at once.
///
/// For tests of one's own [`TokenGate`]: a row of the real database, a service that runs, a file. Nothing but the standard
/// library is needed; writers at once are threads. The gate must be fresh, and has seen the highest token there is
/// afterwards.
///
/// A gate that compares in one step and writes in another is found out when a writer is held up between the two. That is
/// chance, which more [rounds](Self::rounds) and [writers](Self::writers) help: having passed is no proof of one step.
///
/// ```
/// use zk_recipes::gate::{MemoryGate, StaleWriters};
///
/// let gate = MemoryGate::new(Vec::new());
/// let checked = StaleWriters::new().rounds(20).check(&gate)?;
/// assert!(checked.accepted > 0 && checked.refused > 0);
/// # Ok::<(), zk_recipes::gate::Breach>(())
/// ```
#[derive(Debug, Clone)]
pub struct StaleWriters {
    rounds: u32,
    writers: u32,
}

impl StaleWriters {
    /// With 50 rounds of 4 writers at once.
    #[must_use]
    pub fn new() -> Self {
        Self {
            rounds: 50,
            writers: 4,
        }
    }

    /// Sets how often several write at once. More find a gate that compares and writes in two steps more surely.
    #[must_use]
    pub fn rounds(mut self, rounds: u32) -> Self {
        self.rounds = rounds;
        self
    }

    /// Sets how many write at once; at least 2. All but one have lost the lock and do not know it.
    #[must_use]
    pub fn writers(mut self, writers: u32) -> Self {
        self.writers = writers.max(2);
        self
    }

    /// Sets stale writers on the gate.
    ///
    /// # Errors
    ///
    /// The first rule that the gate broke, with what had been done to it.
    pub fn check<G>(&self, gate: &G) -> Result<Checked, Breach>
    where
        G: TokenGate + Sync,
    {
        let mut checked = Checked::default();
        orders::check_small(gate, &mut checked)?;
        for round in 0..u64::from(self.rounds) {
            let stale = orders::FREE + 2 * round;
            race::check(gate, self.writers, stale, &mut checked)?;
        }
        orders::check_large(gate, &mut checked)?;
        Ok(checked)
    }
}

impl Default for StaleWriters {
    fn default() -> Self {
        Self::new()
    }
}
