//! The decisions of entering and leaving, as pure functions.

use zk_client::Zxid;

/// The name of the node that says that all have entered.
pub(super) const READY: &str = "ready";

/// True for the name of a member: a UUID, with hyphens as Curator's or without as kazoo's.
pub(super) fn is_member(name: &str) -> bool {
    let digits = name.bytes().filter(|byte| *byte != b'-');
    let hex = digits.clone().all(|byte| byte.is_ascii_hexdigit());
    hex && digits.count() == 32 && matches!(name.len(), 32 | 36)
}

/// What an entrant does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// All were there.
    Pass,
    /// All are there: make `ready`, on condition that these still are.
    Open(Vec<String>),
    /// Others are to come.
    Wait,
    /// `ready` is older than our member: it belongs to those who entered before.
    Late,
    /// Our member is not there any more.
    Vanished,
}

/// Decides on entering. `mine` is our member's name and creation, `ready` the creation of that node if it is there.
pub(super) fn enter(
    mine: (&str, Zxid),
    children: &[String],
    ready: Option<Zxid>,
    members: usize,
) -> Entry {
    #[cfg(feature = "__seeded-bugs")]
    if zk_client::seeded::is_on("open-gate-not-looked-at") {
        let there = children.iter().filter(|name| is_member(name)).count();
        if there < members {
            return Entry::Wait;
        }
    }
    let mut there: Vec<&String> = children.iter().filter(|name| is_member(name)).collect();
    let vanished = !there.iter().any(|name| *name == mine.0);
    match ready {
        // Nobody can tell whether it was there with the others when `ready` was made.
        Some(ready) if ready > mine.1 && vanished => return Entry::Vanished,
        // It cannot be for an earlier generation: it was made while our member was there.
        Some(ready) if ready > mine.1 => return Entry::Pass,
        Some(_) => return Entry::Late,
        None if vanished => return Entry::Vanished,
        None => {}
    }
    if there.len() < members {
        return Entry::Wait;
    }
    // Our own first: more than needed may be there, and which of them count is of no matter as long as ours does.
    there.sort_by_key(|name| (*name != mine.0, *name));
    there.truncate(members);
    Entry::Open(there.into_iter().cloned().collect())
}

/// What a leaver does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Exit {
    /// Nobody is left.
    Done,
    /// Only our own member is left: delete it and `ready` together.
    Last,
    /// Delete our own member, then look again.
    Withdraw,
    /// Wait until this one is gone.
    WaitFor(String),
}

/// Decides on leaving. The lowest member stays until the others are gone and waits for the highest; the others withdraw and
/// wait for the lowest. So do Curator's.
pub(super) fn leave(mine: Option<&str>, children: &[String]) -> Exit {
    let mut there: Vec<&str> = children
        .iter()
        .map(String::as_str)
        .filter(|name| is_member(name))
        .collect();
    there.sort_unstable();
    let own = mine.filter(|name| there.contains(name));
    match (there.as_slice(), own) {
        ([], _) => Exit::Done,
        ([_], Some(_)) => Exit::Last,
        ([lowest, .., highest], Some(own)) if *lowest == own => {
            Exit::WaitFor((*highest).to_owned())
        }
        (_, Some(_)) => Exit::Withdraw,
        ([lowest, ..], None) => Exit::WaitFor((*lowest).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> String {
        format!("{n:08x}-0000-4000-8000-000000000000")
    }

    fn zxid(n: i64) -> Zxid {
        Zxid::from_raw(n)
    }

    #[test]
    fn members_are_uuids_and_nothing_else_counts() {
        assert!(is_member(&id(1)));
        assert!(is_member("0123456789abcdef0123456789abcdef"));
        for other in [
            READY,
            "config",
            "",
            "0123",
            &format!("{}x", id(1)),
            "-".repeat(36).as_str(),
        ] {
            assert!(!is_member(other), "{other}");
        }
        let (me, children) = (id(1), [id(1), READY.to_owned(), "config".to_owned()]);
        assert_eq!(enter((&me, zxid(5)), &children, None, 2), Entry::Wait);
    }

    #[test]
    fn the_last_to_come_opens_with_its_own_member_among_the_counted() {
        let (me, children) = (id(9), [id(1), id(9), id(2)]);
        assert_eq!(
            enter((&me, zxid(5)), &children, None, 2),
            Entry::Open(vec![id(9), id(1)])
        );
        assert_eq!(enter((&me, zxid(5)), &children, None, 4), Entry::Wait);
        assert_eq!(enter((&me, zxid(5)), &[id(1)], None, 1), Entry::Vanished);
    }

    #[test]
    fn a13_a_ready_that_is_younger_than_the_member_lets_it_pass_however_few_are_left() {
        let me = id(1);
        assert_eq!(
            enter((&me, zxid(5)), &[id(1)], Some(zxid(6)), 3),
            Entry::Pass
        );
    }

    #[test]
    fn b2_a_ready_that_is_younger_than_a_member_that_is_gone_lets_nobody_pass() {
        let (me, others) = (id(1), [id(2), id(3), id(4)]);
        for children in [&others[..], &[]] {
            assert_eq!(
                enter((&me, zxid(5)), children, Some(zxid(6)), 3),
                Entry::Vanished
            );
        }
    }

    #[test]
    fn b5_a_ready_that_is_older_than_the_member_lets_nobody_pass() {
        let (me, children) = (id(1), [id(1), id(2), id(3)]);
        assert_eq!(
            enter((&me, zxid(5)), &children, Some(zxid(4)), 3),
            Entry::Late
        );
    }

    #[test]
    fn the_lowest_waits_for_the_highest_and_the_others_withdraw_and_wait_for_the_lowest() {
        let all = [id(3), READY.to_owned(), id(1), id(2)];
        assert_eq!(leave(Some(&id(1)), &all), Exit::WaitFor(id(3)));
        assert_eq!(leave(Some(&id(2)), &all), Exit::Withdraw);
        assert_eq!(leave(None, &[id(1), id(3)]), Exit::WaitFor(id(1)));
        assert_eq!(leave(Some(&id(1)), &[READY.to_owned(), id(1)]), Exit::Last);
        assert_eq!(leave(Some(&id(1)), &[READY.to_owned()]), Exit::Done);
        assert_eq!(leave(None, &[]), Exit::Done);
    }
}
