//! Which of several instances is called next.

use std::sync::Arc;

use zk_client::{Client, Error};

use crate::discovery::instance::Instance;

/// Which of several instances is called next.
pub trait Strategy: Send + 'static {
    /// The place of the one to call among candidates, in the order of their ids, of which there is at least one.
    fn choose(&mut self, candidates: &[Arc<Instance>]) -> usize;
}

/// One after the other.
#[derive(Debug, Clone, Default)]
pub struct RoundRobin {
    next: usize,
}

/// Any, each as likely as the others.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

/// The same as before for as long as it is there; another strategy says which that is.
#[derive(Debug, Clone)]
pub struct Sticky<S> {
    chooser: S,
    id: Option<String>,
    changes: u64,
}

/// The one with the least load, which the caller knows; one after the other where several have it.
#[derive(Debug, Clone)]
pub struct LeastLoaded<F> {
    load: F,
    turn: RoundRobin,
}

impl RoundRobin {
    /// Begins with the first.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Strategy for RoundRobin {
    fn choose(&mut self, candidates: &[Arc<Instance>]) -> usize {
        let at = self.next % candidates.len().max(1);
        self.next = at + 1;
        at
    }
}

impl Random {
    /// With numbers that follow from the client's.
    ///
    /// # Errors
    ///
    /// What the system says if it has no random numbers.
    pub fn new(client: &Client) -> Result<Self, Error> {
        let state = u64::from_be_bytes(client.random()?);
        Ok(Self { state })
    }

    /// The next pseudo-random number (SplitMix64).
    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Strategy for Random {
    fn choose(&mut self, candidates: &[Arc<Instance>]) -> usize {
        let count = u128::try_from(candidates.len()).unwrap_or(1);
        // The high half of the product is below the count, and as even as 64 bits allow.
        usize::try_from((u128::from(self.draw()) * count) >> 64).unwrap_or(0)
    }
}

impl<S: Strategy> Sticky<S> {
    /// Stays with what `chooser` chose.
    #[must_use]
    pub fn new(chooser: S) -> Self {
        Self {
            chooser,
            id: None,
            changes: 0,
        }
    }

    /// How often another one had to be chosen, the first included.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }
}

impl<S: Strategy> Strategy for Sticky<S> {
    fn choose(&mut self, candidates: &[Arc<Instance>]) -> usize {
        if let Some(id) = &self.id {
            if let Ok(at) = candidates.binary_search_by(|one| one.id.as_str().cmp(id)) {
                return at;
            }
        }
        let at = self.chooser.choose(candidates);
        self.id = candidates.get(at).map(|one| one.id.clone());
        self.changes += 1;
        at
    }
}

impl<F: FnMut(&Instance) -> u64 + Send + 'static> LeastLoaded<F> {
    /// Asks `load` for each candidate.
    #[must_use]
    pub fn new(load: F) -> Self {
        let turn = RoundRobin::new();
        Self { load, turn }
    }
}

impl<F: FnMut(&Instance) -> u64 + Send + 'static> Strategy for LeastLoaded<F> {
    fn choose(&mut self, candidates: &[Arc<Instance>]) -> usize {
        let first = self.turn.choose(candidates);
        let (before, after) = candidates
            .split_at_checked(first)
            .unwrap_or((candidates, &[]));
        let in_turn = after.iter().enumerate().map(|(at, one)| (first + at, one));
        let in_turn = in_turn.chain(before.iter().enumerate());
        let least = in_turn.min_by_key(|(_, one)| (self.load)(one));
        let at = least.map_or(0, |(at, _)| at);
        self.turn.next = at + 1;
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(ids: &[&str]) -> Vec<Arc<Instance>> {
        let one = |id: &&str| Arc::new(Instance::builder("s").id(*id).build());
        ids.iter().map(one).collect()
    }

    fn chosen(strategy: &mut impl Strategy, ids: &[&str], times: usize) -> String {
        let all = candidates(ids);
        let mut chosen = String::new();
        for _ in 0..times {
            chosen.push_str(&all[strategy.choose(&all)].id);
        }
        chosen
    }

    #[test]
    fn round_robin_takes_all_in_turn_whatever_comes_and_goes() {
        let mut turn = RoundRobin::new();
        assert_eq!(chosen(&mut turn, &["a", "b", "c"], 5), "abcab");
        assert_eq!(chosen(&mut turn, &["a"], 2), "aa");
        assert_eq!(chosen(&mut turn, &["a", "b"], 3), "bab");
    }

    #[test]
    fn random_takes_each_about_as_often_and_repeats_with_its_seed() {
        let mut one = Random { state: 7 };
        let mut other = one.clone();
        let first = chosen(&mut one, &["a", "b", "c"], 3000);
        assert_eq!(first, chosen(&mut other, &["a", "b", "c"], 3000));
        for id in ["a", "b", "c"] {
            let times = first.matches(id).count();
            assert!((900..1100).contains(&times), "{id}: {times}");
        }
        assert_eq!(chosen(&mut one, &["a"], 3), "aaa");
    }

    #[test]
    fn sticky_stays_until_its_instance_goes() {
        let mut sticky = Sticky::new(RoundRobin::new());
        assert_eq!(chosen(&mut sticky, &["b", "c"], 3), "bbb");
        assert_eq!(chosen(&mut sticky, &["a", "b"], 3), "bbb");
        assert_eq!(sticky.changes(), 1);
        assert_eq!(chosen(&mut sticky, &["a", "c"], 2), "cc");
        assert_eq!(sticky.changes(), 2);
    }

    #[test]
    fn the_least_loaded_is_taken_and_those_with_equal_load_in_turn() {
        let load = |one: &Instance| u64::from(one.id == "b");
        let mut least = LeastLoaded::new(load);
        assert_eq!(chosen(&mut least, &["a", "b", "c"], 4), "acac");
        assert_eq!(chosen(&mut least, &["b"], 2), "bb");
    }
}
