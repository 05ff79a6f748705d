//! Who moves when the list of servers changes, so that clients end evenly spread with the fewest moves.
//!
//! Every client decides alone, by chance: given that clients were spread evenly over the list before, they are spread
//! evenly over the new one once all have decided (ZOOKEEPER-1355).

use crate::connection::rng::Rng;

/// A change of the list, as far as a client's decision depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// How many servers were in the list.
    pub(crate) before: usize,
    /// How many of them still are.
    pub(crate) kept: usize,
    /// How many are new.
    pub(crate) added: usize,
    /// Whether the client's server still is.
    pub(crate) own_is_kept: bool,
}

/// With which chance a client that moves tries a server that was in the list before, rather than a new one: `kept` of
/// `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Odds {
    kept: u64,
    of: u64,
}

impl Odds {
    const NEW_ONES: Self = Self { kept: 0, of: 1 };

    pub(crate) const fn draw_kept(self, rng: &mut Rng) -> bool {
        rng.up_to(self.of - 1) < self.kept
    }
}

/// Whether this client leaves its server, and for which. `None` if it stays.
///
/// S servers become M. If there are more, each client whose server is kept leaves it with the chance 1 − S/M, for a new
/// one. If there are not, only clients of servers that went have to move; new servers have none yet and take more of
/// them, so a kept one is chosen with the chance kept · (S − M) / (M · (S − kept)) alone.
pub(crate) fn decide(change: Change, rng: &mut Rng) -> Option<Odds> {
    let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let (before, kept) = (wide(change.before), wide(change.kept));
    let after = kept.saturating_add(wide(change.added));
    if after > before {
        let leaves = !change.own_is_kept || rng.up_to(after - 1) >= before;
        return leaves.then_some(Odds::NEW_ONES);
    }
    if change.own_is_kept {
        return None;
    }
    // The client's own server is among those that went, so none of this is zero.
    let of = after.saturating_mul(before.saturating_sub(kept)).max(1);
    let kept = kept.saturating_mul(before - after);
    Some(Odds { kept, of })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b79_nobody_moves_without_need() {
        for before in 1..=7_usize {
            for kept in 0..=before {
                for added in 0..=before - kept {
                    let change = Change {
                        before,
                        kept,
                        added,
                        own_is_kept: true,
                    };
                    for seed in 0..50 {
                        assert_eq!(decide(change, &mut Rng::new(seed)), None, "{change:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn b79_whoever_has_lost_its_server_moves() {
        for before in 1..=7_usize {
            for kept in 0..before {
                for added in usize::from(kept == 0)..=9 {
                    let change = Change {
                        before,
                        kept,
                        added,
                        own_is_kept: false,
                    };
                    let odds = decide(change, &mut Rng::new(1)).unwrap();
                    assert!(odds.kept <= odds.of, "{change:?}: {odds:?}");
                    if kept == 0 || kept + added > before {
                        assert_eq!(odds.kept, 0, "{change:?}");
                    }
                    if added == 0 {
                        assert_eq!(odds.kept, odds.of, "{change:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn b79_a_list_that_grows_from_three_to_five_moves_two_clients_of_five() {
        let change = Change {
            before: 3,
            kept: 3,
            added: 2,
            own_is_kept: true,
        };
        let moved = (0..10_000).filter(|seed| decide(change, &mut Rng::new(*seed)).is_some());
        let moved = moved.count();
        assert!((3_800..4_200).contains(&moved), "{moved}");
    }
}
