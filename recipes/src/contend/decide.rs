//! The decision of every ordered recipe, as a pure function: who am I behind?

use zk_client::Zxid;

use super::names::{Family, Name};

/// What a contender does next, given a list of all children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It is first.
    Hold,
    /// It waits for the contender directly ahead.
    Wait {
        predecessor: String,
        /// How many are ahead.
        index: usize,
    },
    /// Its node is not there any more.
    Vanished,
    /// A contender of another family is there; neither sees the other.
    Mixed { foreign: String },
    /// The suffixes do not tell the order: ask for the creation zxid of these.
    AskCreation(Vec<String>),
}

/// Decides among contenders of one family by the suffix, which is the order of creation while the server's counter is far from its end.
pub(crate) fn decide(me: &str, family: Family, children: &[String]) -> Decision {
    let names: Vec<Name> = children
        .iter()
        .filter_map(|child| Name::parse(child))
        .collect();
    if let Some(foreign) = names.iter().find(|name| name.family != family) {
        return Decision::Mixed {
            foreign: foreign.text.clone(),
        };
    }
    let Some(mine) = names.iter().find(|name| name.text == me) else {
        return Decision::Vanished;
    };
    if distrusted(&names) {
        return Decision::AskCreation(names.into_iter().map(|name| name.text).collect());
    }
    let mut ahead: Vec<&Name> = names
        .iter()
        .filter(|name| name.sequence < mine.sequence)
        .collect();
    ahead.sort_unstable_by_key(|name| name.sequence);
    #[cfg(feature = "__seeded-bugs")]
    if zk_client::seeded::is_on("all-wait-for-the-holder") {
        return behind(ahead.first().map(|name| name.text.as_str()), ahead.len());
    }
    behind(ahead.last().map(|name| name.text.as_str()), ahead.len())
}

/// Whether suffixes do not tell the order of these: two are equal, or one is near the end of the counter or beyond.
pub(super) fn distrusted(names: &[Name]) -> bool {
    let mut sequences: Vec<i64> = names.iter().map(|name| name.sequence).collect();
    sequences.sort_unstable();
    let out_of_range = sequences.iter().any(|s| !(0..SEQUENCE_END).contains(s));
    #[cfg(feature = "__seeded-bugs")]
    let out_of_range = out_of_range && !zk_client::seeded::is_on("suffix-trusted-at-the-wrap");
    let twice = |pair: &[i64]| matches!(pair, [a, b] if a == b);
    out_of_range || sequences.windows(2).any(twice)
}

/// Decides by the creation zxid. A contender that vanished meanwhile is not in the list.
pub(crate) fn decide_by_creation(me: &str, created: &[(String, Zxid)]) -> Decision {
    let Some(mine) = created.iter().find(|(name, _)| name == me) else {
        return Decision::Vanished;
    };
    // Two nodes of one multi share a zxid; no recipe creates two contenders in one, the name makes it total.
    let key = |(name, zxid): &(String, Zxid)| (*zxid, name.clone());
    let mut ahead: Vec<_> = created
        .iter()
        .filter(|other| key(other) < key(mine))
        .collect();
    ahead.sort_unstable_by_key(|other| key(other));
    behind(ahead.last().map(|(name, _)| name.as_str()), ahead.len())
}

fn behind(predecessor: Option<&str>, index: usize) -> Decision {
    match predecessor {
        Some(predecessor) => Decision::Wait {
            predecessor: predecessor.to_owned(),
            index,
        },
        None => Decision::Hold,
    }
}

/// From here on suffixes are not trusted: the server's counter sticks at 2³¹ − 1 and hands out equal and negative
/// suffixes. The distance leaves room for creations that are under way.
const SEQUENCE_END: i64 = (1 << 31) - (1 << 20);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decide(me: &str, children: &[String]) -> Decision {
        super::decide(me, Family::Mutex, children)
    }

    fn name(sequence: i64) -> String {
        format!("_c_id{sequence}-lock-{sequence:010}")
    }

    fn wait(predecessor: &str, index: usize) -> Decision {
        Decision::Wait {
            predecessor: predecessor.to_owned(),
            index,
        }
    }

    #[test]
    fn first_in_order_holds_and_others_wait_for_the_one_ahead() {
        let children = vec![name(7), name(3), "config".to_owned(), name(5)];
        assert_eq!(decide(&name(3), &children), Decision::Hold);
        assert_eq!(decide(&name(5), &children), wait(&name(3), 1));
        assert_eq!(decide(&name(7), &children), wait(&name(5), 2));
        assert_eq!(decide(&name(9), &children), Decision::Vanished);
    }

    #[test]
    fn other_families_are_refused() {
        let kazoo = "0123456789abcdef0123456789abcdef__lock__0000000003".to_owned();
        let children = vec![name(1), kazoo.clone()];
        assert_eq!(
            decide(&name(1), &children),
            Decision::Mixed {
                foreign: kazoo.clone()
            }
        );
        assert_eq!(
            super::decide(&kazoo, Family::Kazoo, &children),
            Decision::Mixed { foreign: name(1) }
        );
        let reader = kazoo.replace("__lock__", "__rlock__");
        let children = vec![kazoo.clone(), reader.clone()];
        assert_eq!(
            super::decide(&kazoo, Family::Kazoo, &children),
            Decision::Mixed { foreign: reader }
        );
    }

    #[test]
    fn contenders_of_kazoo_are_ordered_among_themselves() {
        let kazoo = |sequence| format!("{sequence:032x}__lock__{sequence:010}");
        let children = vec![kazoo(9), kazoo(2), "readme".to_owned()];
        let decide = |me: &str| super::decide(me, Family::Kazoo, &children);
        assert_eq!(decide(&kazoo(2)), Decision::Hold);
        assert_eq!(decide(&kazoo(9)), wait(&kazoo(2), 1));
    }

    #[test]
    fn suffixes_near_the_end_of_the_counter_are_not_trusted() {
        for untrusted in [SEQUENCE_END, i64::from(i32::MAX), -2_147_483_648] {
            let children = vec![name(1), name(untrusted)];
            assert_eq!(
                decide(&name(1), &children),
                Decision::AskCreation(children.clone())
            );
        }
        assert_eq!(
            decide(&name(1), &[name(1), name(SEQUENCE_END - 1)]),
            Decision::Hold
        );
    }

    #[test]
    fn equal_suffixes_are_ordered_by_creation() {
        let children = vec![
            "a-lock-0000000004".to_owned(),
            "b-lock-0000000004".to_owned(),
        ];
        assert!(matches!(
            decide(&children[0], &children),
            Decision::AskCreation(_)
        ));
        let created: Vec<_> = children
            .iter()
            .cloned()
            .zip([Zxid::from_raw(9), Zxid::from_raw(8)])
            .collect();
        assert_eq!(
            decide_by_creation("b-lock-0000000004", &created),
            Decision::Hold
        );
        assert_eq!(
            decide_by_creation("a-lock-0000000004", &created),
            wait("b-lock-0000000004", 1)
        );
    }

    proptest! {
        #[test]
        fn exactly_one_contender_of_a_list_holds(mut sequences in prop::collection::btree_set(0..SEQUENCE_END, 1..40)) {
            let children: Vec<String> = sequences.iter().map(|s| name(*s)).collect();
            let holders: Vec<_> =
                children.iter().filter(|me| decide(me, &children) == Decision::Hold).collect();
            let first = name(sequences.pop_first().unwrap());
            prop_assert_eq!(holders, vec![&first]);
        }

        #[test]
        fn each_contender_waits_for_another_one(sequences in prop::collection::btree_set(0..SEQUENCE_END, 2..40)) {
            let children: Vec<String> = sequences.iter().map(|s| name(*s)).collect();
            let mut awaited: Vec<String> = children.iter().filter_map(|me| match decide(me, &children) {
                Decision::Wait { predecessor, .. } => Some(predecessor),
                _ => None,
            }).collect();
            awaited.sort();
            awaited.dedup();
            prop_assert_eq!(awaited.len(), children.len() - 1, "one release wakes one");
        }
    }
}
