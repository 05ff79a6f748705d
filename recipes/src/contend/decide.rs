//! The decision of every ordered recipe, as a pure function: who am I behind?

use zk_client::Zxid;

use super::kind::Kind;
use super::names::{Name, Place};

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

/// Decides by the suffix, which is the order of creation while the server's counter is far from its end.
pub(crate) fn decide(me: &str, kind: Kind, children: &[String]) -> Decision {
    let names: Vec<Name> = children
        .iter()
        .filter_map(|child| Name::parse(child))
        .collect();
    if let Some(foreign) = names.iter().find(|name| !kind.meets(name.family)) {
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
        .filter(|name| name.sequence < mine.sequence && kind.yields_to(name.family))
        .collect();
    #[cfg(feature = "__seeded-bugs")]
    if matches!(kind, Kind::Read(_)) && zk_client::seeded::is_on("readers-wait-for-later-writers") {
        ahead = names
            .iter()
            .filter(|name| kind.yields_to(name.family))
            .collect();
    }
    ahead.sort_unstable_by_key(|name| name.sequence);
    #[cfg(feature = "__seeded-bugs")]
    if zk_client::seeded::is_on("all-wait-for-the-holder") {
        return behind(ahead.first().map(|name| name.text.as_str()), ahead.len());
    }
    behind(ahead.last().map(|name| name.text.as_str()), ahead.len())
}

/// Whether suffixes do not tell the order of these: two are equal, or one is near the end of the counter or beyond.
pub(super) fn distrusted(names: &[Name]) -> bool {
    let out_of_range = names.iter().any(|name| !name.is_in_range());
    #[cfg(feature = "__seeded-bugs")]
    let out_of_range = out_of_range && !zk_client::seeded::is_on("suffix-trusted-at-the-wrap");
    out_of_range || has_twins(names)
}

/// Whether two contenders have one suffix. A reader may: that of the writer it was.
fn has_twins(names: &[Name]) -> bool {
    let mut sequences: Vec<i64> = names
        .iter()
        .filter(|name| !name.family.shares())
        .map(|name| name.sequence)
        .collect();
    sequences.sort_unstable();
    sequences
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a == b))
}

/// Decides with the creation zxids at hand. A contender that vanished meanwhile is not in the list.
pub(crate) fn decide_by_creation(me: &str, kind: Kind, created: &[(String, Zxid)]) -> Decision {
    let places: Vec<(Name, Place)> = created
        .iter()
        .filter_map(|(text, zxid)| {
            let name = Name::parse(text)?;
            let place = name.place(*zxid);
            Some((name, place))
        })
        .collect();
    let Some((_, mine)) = places.iter().find(|(name, _)| name.text == me) else {
        return Decision::Vanished;
    };
    let mut ahead: Vec<_> = places
        .iter()
        .filter(|(name, place)| place < mine && kind.yields_to(name.family))
        .collect();
    ahead.sort_unstable_by_key(|(_, place)| place);
    behind(
        ahead.last().map(|(name, _)| name.text.as_str()),
        ahead.len(),
    )
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::layout::Layout;
    use super::super::names::SEQUENCE_END;
    use super::*;

    const MUTEX: Kind = Kind::Lock(Layout::Curator);
    const KAZOO: Kind = Kind::Lock(Layout::Kazoo);
    const READ: Kind = Kind::Read(Layout::Curator);
    const WRITE: Kind = Kind::Write(Layout::Curator);

    fn decide(me: &str, children: &[String]) -> Decision {
        super::decide(me, MUTEX, children)
    }

    fn reader(id: u32, sequence: i64) -> String {
        format!("_c_{id}-__READ__{sequence:010}")
    }

    fn writer(id: u32, sequence: i64) -> String {
        format!("_c_{id}-__WRIT__{sequence:010}")
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
            super::decide(&kazoo, KAZOO, &children),
            Decision::Mixed { foreign: name(1) }
        );
        let reader = kazoo.replace("__lock__", "__rlock__");
        let children = vec![kazoo.clone(), reader.clone()];
        assert_eq!(
            super::decide(&kazoo, KAZOO, &children),
            Decision::Mixed { foreign: reader }
        );
    }

    #[test]
    fn contenders_of_kazoo_are_ordered_among_themselves() {
        let kazoo = |sequence| format!("{sequence:032x}__lock__{sequence:010}");
        let children = vec![kazoo(9), kazoo(2), "readme".to_owned()];
        let decide = |me: &str| super::decide(me, KAZOO, &children);
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
            decide_by_creation("b-lock-0000000004", MUTEX, &created),
            Decision::Hold
        );
        assert_eq!(
            decide_by_creation("a-lock-0000000004", MUTEX, &created),
            wait("b-lock-0000000004", 1)
        );
    }

    #[test]
    fn readers_wait_for_the_nearest_writer_and_writers_for_whoever_is_ahead() {
        let queue = [
            reader(1, 1),
            reader(2, 2),
            writer(3, 3),
            writer(4, 4),
            reader(5, 5),
            reader(6, 6),
        ];
        let decide = |me: usize, kind| super::decide(&queue[me], kind, &queue);
        assert_eq!(decide(0, READ), Decision::Hold);
        assert_eq!(decide(1, READ), Decision::Hold);
        assert_eq!(decide(2, WRITE), wait(&queue[1], 2));
        assert_eq!(decide(3, WRITE), wait(&queue[2], 3));
        assert_eq!(decide(4, READ), wait(&queue[3], 2));
        assert_eq!(
            decide(5, READ),
            wait(&queue[3], 2),
            "the same, so one end wakes both"
        );
    }

    /// K1: a reader of kazoo once waited for writers behind it, which waited for the reader.
    #[test]
    fn k01_a_reader_never_waits_for_a_writer_behind_it() {
        let kazoo = |sort: &str, sequence: u32| format!("{sequence:032x}{sort}{sequence:010}");
        let queue = [kazoo("__rlock__", 1), kazoo("__lock__", 2)];
        let read = super::decide(&queue[0], Kind::Read(Layout::Kazoo), &queue);
        assert_eq!(read, Decision::Hold);
        let write = super::decide(&queue[1], Kind::Write(Layout::Kazoo), &queue);
        assert_eq!(write, wait(&queue[0], 1));
    }

    #[test]
    fn c25_the_node_of_a_writer_that_reads_on_stands_in_its_old_place() {
        let queue = [reader(9, 3), writer(4, 4), reader(5, 5)];
        assert_eq!(super::decide(&queue[1], WRITE, &queue), wait(&queue[0], 1));
        // While both of its nodes are there they are no twins.
        let queue = [writer(3, 3), reader(9, 3), writer(4, 4)];
        assert!(matches!(
            super::decide(&queue[2], WRITE, &queue),
            Decision::Wait { index: 2, .. }
        ));
        assert_eq!(super::decide(&queue[0], WRITE, &queue), Decision::Hold);
    }

    /// The writer waits beyond the end of the counter; the reader was made after it, in a place before it.
    #[test]
    fn c25_an_old_place_counts_more_than_a_late_creation() {
        let queue = [
            (reader(9, 3), Zxid::from_raw(90)),
            (writer(4, SEQUENCE_END), Zxid::from_raw(40)),
        ];
        let decided = decide_by_creation(&queue[1].0, WRITE, &queue);
        assert_eq!(decided, wait(&queue[0].0, 1));
    }

    #[test]
    fn a_mutex_among_readers_and_writers_is_refused_and_they_to_it() {
        let queue = [name(1), reader(2, 2)];
        let mixed = |foreign: &str| Decision::Mixed {
            foreign: foreign.to_owned(),
        };
        assert_eq!(super::decide(&queue[1], READ, &queue), mixed(&queue[0]));
        assert_eq!(decide(&queue[0], &queue), mixed(&queue[1]));
    }

    fn queue_of(bits: u32, len: i64) -> Vec<(String, Kind)> {
        (0..len)
            .map(|at| {
                let id = u32::try_from(at).unwrap();
                if bits >> at & 1 == 1 {
                    (writer(id, at), WRITE)
                } else {
                    (reader(id, at), READ)
                }
            })
            .collect()
    }

    proptest! {
        #[test]
        fn holders_of_a_list_are_one_writer_or_readers_and_never_nobody(bits: u32, len in 1..20_i64) {
            let queue = queue_of(bits, len);
            let children: Vec<String> = queue.iter().map(|(name, _)| name.clone()).collect();
            let holding = |(name, kind): &&(String, Kind)| super::decide(name, *kind, &children) == Decision::Hold;
            let holders: Vec<_> = queue.iter().filter(holding).collect();
            let writers = holders.iter().filter(|(_, kind)| *kind == WRITE).count();
            prop_assert!(!holders.is_empty());
            prop_assert!(writers == 0 || holders.len() == 1, "{holders:?}");
        }

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
