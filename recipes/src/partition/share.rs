//! Who is to have which item: pure functions of the members' ids and the items.

use std::collections::BTreeSet;
use std::sync::Arc;

/// How items are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Each item goes to the member that has the highest score for it. Who comes takes its share from all others and nothing
    /// else moves; who goes leaves its items to all others.
    Rendezvous,
    /// As kazoo does: of the sorted items each n-th, beginning with one's own place among the sorted members.
    RoundRobin,
}

impl Rule {
    /// The items that are `me`'s; none if it is not among the members.
    pub(super) fn share(
        self,
        me: &str,
        members: &[String],
        items: &BTreeSet<Arc<str>>,
    ) -> BTreeSet<Arc<str>> {
        let mut sorted: Vec<&str> = members.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        if self == Self::Rendezvous {
            sorted.dedup();
        }
        let Some(place) = sorted.iter().position(|member| *member == me) else {
            return BTreeSet::new();
        };
        match self {
            Self::RoundRobin => items
                .iter()
                .skip(place)
                .step_by(sorted.len())
                .cloned()
                .collect(),
            Self::Rendezvous => items
                .iter()
                .filter(|item| owner(&sorted, item) == Some(me))
                .cloned()
                .collect(),
        }
    }
}

/// Of members in order, the one that an item goes to; the first of those that have the same score.
fn owner<'a>(members: &[&'a str], item: &str) -> Option<&'a str> {
    let mut best: Option<(u64, &str)> = None;
    for member in members {
        let score = score(member, item);
        if best.is_none_or(|(highest, _)| score > highest) {
            best = Some((score, member));
        }
    }
    best.map(|(_, member)| member)
}

/// The score of a member for an item: FNV-1a of 64 bits over the member's id, a zero byte and the item, mixed as in the end of
/// MurmurHash3. All members of a group have to compute the same, whatever release they are of: it never changes.
fn score(member: &str, item: &str) -> u64 {
    let bytes = member.bytes().chain([0]).chain(item.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn members(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("node-{n}")).collect()
    }

    fn items(count: usize) -> BTreeSet<Arc<str>> {
        (0..count)
            .map(|n| Arc::from(format!("shard-{n}")))
            .collect()
    }

    fn shares(
        rule: Rule,
        members: &[String],
        items: &BTreeSet<Arc<str>>,
    ) -> Vec<BTreeSet<Arc<str>>> {
        let share = |me: &String| rule.share(me, members, items);
        members.iter().map(share).collect()
    }

    #[test]
    fn scores_never_change() {
        assert_eq!(score("node-1", "shard-1"), SCORES[0]);
        assert_eq!(score("node-2", "shard-1"), SCORES[1]);
        assert_eq!(score("", ""), SCORES[2]);
        assert_ne!(score("a", "bc"), score("ab", "c"));
    }

    const SCORES: [u64; 3] = [
        0x8744_3bde_9135_6ae9,
        0x5f0f_9c51_2157_0eaa,
        0xb903_4ad3_7056_f5fb,
    ];

    #[test]
    fn kazoos_rule_deals_out_the_sorted_items_in_turn() {
        let (members, items) = (members(3), items(7));
        let dealt = shares(Rule::RoundRobin, &members, &items);
        let names = |share: &BTreeSet<Arc<str>>| -> Vec<String> {
            share.iter().map(|item| item.to_string()).collect()
        };
        assert_eq!(names(&dealt[0]), ["shard-0", "shard-3", "shard-6"]);
        assert_eq!(names(&dealt[1]), ["shard-1", "shard-4"]);
        assert_eq!(names(&dealt[2]), ["shard-2", "shard-5"]);
    }

    #[test]
    fn shares_are_even_within_a_third() {
        let items = items(10_000);
        for share in shares(Rule::Rendezvous, &members(10), &items) {
            assert!((667..1333).contains(&share.len()), "{}", share.len());
        }
    }

    #[test]
    fn who_is_not_a_member_has_nothing() {
        for rule in [Rule::Rendezvous, Rule::RoundRobin] {
            assert!(rule.share("other", &members(3), &items(9)).is_empty());
            assert!(rule.share("other", &[], &items(9)).is_empty());
        }
    }

    proptest! {
        #[test]
        fn prop_each_item_is_one_members_whatever_the_order_of_the_list(
            count in 1..12_usize, of in 0..60_usize, turn in 0..12_usize,
        ) {
            let (mut members, items) = (members(count), items(of));
            members.rotate_left(turn % count);
            for rule in [Rule::Rendezvous, Rule::RoundRobin] {
                let shares = shares(rule, &members, &items);
                let all: usize = shares.iter().map(BTreeSet::len).sum();
                prop_assert_eq!(all, items.len());
                let union: BTreeSet<_> = shares.into_iter().flatten().collect();
                prop_assert_eq!(&union, &items);
            }
        }

        #[test]
        fn prop_who_comes_or_goes_moves_its_own_items_and_no_other(count in 1..12_usize, of in 0..60_usize) {
            let (many, items) = (members(count + 1), items(of));
            let few = &many[..count];
            let before = shares(Rule::Rendezvous, few, &items);
            let after = shares(Rule::Rendezvous, &many, &items);
            for (before, after) in before.iter().zip(&after) {
                prop_assert!(after.is_subset(before), "an item moved between two that were there");
            }
        }
    }
}
