//! Which items are to be taken next, as a pure function of what is there.

use std::collections::BTreeSet;

use super::name::Name;

/// What a look at the queue came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Choice {
    /// What can be taken, in order.
    pub(super) ready: Vec<Name>,
    /// The due time of the next item that is not due yet.
    pub(super) next_due: Option<i64>,
    /// Whether an item was passed over because somebody works on it.
    pub(super) is_locked: bool,
}

/// Chooses up to `wanted` of the items, which are in their order. `now` is in milliseconds since 1970, and not later than it
/// is by the servers' clock; it is asked for only where there is something to wait for.
pub(super) fn choose(
    names: Vec<Name>,
    passed: &BTreeSet<String>,
    locked: &BTreeSet<String>,
    now: i64,
    wanted: usize,
) -> Choice {
    let mut choice = Choice::default();
    for name in names {
        if choice.ready.len() >= wanted {
            break;
        }
        if passed.contains(&name.text) {
            continue;
        }
        match name.label.due {
            #[cfg(feature = "__seeded-bugs")]
            Some(_) if zk_client::seeded::is_on("had-before-its-time") => {}
            Some(due) if due > now => {
                choice.next_due = choice
                    .next_due
                    .map_or(Some(due), |next| Some(next.min(due)));
                continue;
            }
            _ => {}
        }
        if locked.contains(&name.text) {
            choice.is_locked = true;
            continue;
        }
        choice.ready.push(name);
    }
    choice
}

/// Among how many of the items that are ready one is drawn after so many races that were lost: among consumers that look at
/// the same list, each the head wins once. Never past what is as urgent as the first.
pub(super) fn window(ready: &[Name], lost: u32) -> usize {
    equals(ready).min(1 << lost.min(4))
}

/// Up to `wanted` of them from the one that was drawn on. Past the first only such as are as urgent: the ones that were not
/// drawn go before all others.
pub(super) fn from(mut ready: Vec<Name>, drawn: usize, wanted: usize) -> Vec<Name> {
    if drawn > 0 {
        ready.truncate(equals(&ready));
    }
    ready.drain(..drawn.min(ready.len()));
    ready.truncate(wanted);
    ready
}

/// How many are as urgent as the first.
fn equals(ready: &[Name]) -> usize {
    let Some(first) = ready.first() else {
        return 0;
    };
    let class = &first.rank.class;
    let equals = ready.iter().take_while(|name| name.rank.class == *class);
    equals.count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::layout::QueueLayout;

    fn names(layout: QueueLayout, texts: &[&str]) -> Vec<Name> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        Name::sorted(layout, &texts)
    }

    fn texts(choice: &Choice) -> Vec<&str> {
        choice.ready.iter().map(|name| name.text.as_str()).collect()
    }

    fn set(texts: &[&str]) -> BTreeSet<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn the_first_that_nobody_works_on_are_chosen() {
        let names = names(
            QueueLayout::Simple,
            &[
                "qn-0000000003",
                "qn-0000000001",
                "qn-0000000002",
                "qn-0000000004",
            ],
        );
        let choice = choose(
            names,
            &set(&["qn-0000000003"]),
            &set(&["qn-0000000001"]),
            0,
            1,
        );
        assert_eq!(texts(&choice), ["qn-0000000002"]);
        assert!(choice.is_locked);
        assert_eq!(choice.next_due, None);
    }

    #[test]
    fn an_item_is_due_when_its_time_has_come_and_the_next_one_is_told() {
        let at = |due: i64| format!("queue-|{due:08X}|0000000001");
        let queue = [at(300), at(100), at(200)];
        let queue: Vec<&str> = queue.iter().map(String::as_str).collect();
        let choose = |now| {
            choose(
                names(QueueLayout::Delay, &queue),
                &set(&[]),
                &set(&[]),
                now,
                9,
            )
        };
        assert_eq!(choose(99).next_due, Some(100));
        assert_eq!(texts(&choose(99)), [""; 0]);
        assert_eq!(texts(&choose(100)), [queue[1]]);
        assert_eq!(choose(100).next_due, Some(200));
        assert_eq!(texts(&choose(300)), [queue[1], queue[2], queue[0]]);
    }

    /// C43: what is due is sorted by a time that does not move.
    #[test]
    fn c43_the_order_does_not_depend_on_when_it_is_looked_at() {
        let at = |due: i64, n: i64| format!("queue-|{due:08X}|{n:010}");
        let queue = [at(5, 1), at(5, 0), at(4, 9), at(7, 2)];
        let queue: Vec<&str> = queue.iter().map(String::as_str).collect();
        for now in 7..40 {
            let names = names(QueueLayout::Delay, &queue);
            let choice = choose(names, &set(&[]), &set(&[]), now, 9);
            assert_eq!(texts(&choice), [queue[2], queue[1], queue[0], queue[3]]);
        }
    }

    #[test]
    fn whoever_lost_races_draws_among_more_but_never_past_what_is_more_urgent() {
        let queue = [
            "entry-001-0000000005",
            "entry-001-0000000006",
            "entry-002-0000000001",
        ];
        let ready = names(QueueLayout::Kazoo, &queue);
        assert_eq!(window(&ready, 0), 1);
        assert_eq!(window(&ready, 1), 2);
        assert_eq!(window(&ready, 30), 2);
        assert_eq!(window(&[], 3), 0);
    }

    #[test]
    fn a_batch_that_does_not_begin_with_the_first_leaves_what_is_less_urgent() {
        let queue = [
            "entry-001-0000000005",
            "entry-001-0000000006",
            "entry-002-0000000001",
        ];
        let from = |drawn, wanted| {
            let ready = names(QueueLayout::Kazoo, &queue);
            let picked = from(ready, drawn, wanted).into_iter();
            Vec::from_iter(picked.map(|name| name.text))
        };
        assert_eq!(from(0, 9), queue);
        assert_eq!(from(0, 2), queue[..2]);
        assert_eq!(from(1, 9), queue[1..2]);
        assert_eq!(from(9, 9), [""; 0]);
    }
}
