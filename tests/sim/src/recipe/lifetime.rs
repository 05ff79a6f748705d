//! For how long nodes are there that nobody keeps.

use std::time::Duration;

use super::Recipe;

impl Recipe {
    /// How often its servers look for what is to go; `None`: not in a run.
    #[must_use]
    pub fn reaping(self) -> Option<Duration> {
        (self == Self::TtlNode).then_some(Duration::from_millis(300))
    }

    /// For how long a node in that directory is there untouched. Most outages are longer than the shortest.
    #[must_use]
    pub fn ttl(self, directory: usize) -> Duration {
        let steps = u32::try_from(directory).unwrap_or(u32::MAX);
        Duration::from_millis(1000).saturating_add(Duration::from_millis(600).saturating_mul(steps))
    }

    /// For how long nodes in so many directories may be there after their last keeper.
    #[must_use]
    pub fn afterlife(self, directories: usize) -> Duration {
        // A touch goes first, and its node in the next round.
        let rounds = self.reaping().map(|interval| interval * 3);
        rounds.map_or(Duration::ZERO, |rounds| self.ttl(directories) + rounds)
    }
}
