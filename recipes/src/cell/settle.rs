//! What became of a write whose answer was lost, as a pure function of what is there after a quorum barrier.

use bytes::Bytes;
use zk_client::Zxid;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Applied,
    NotApplied,
    Unknown,
}

/// Decides by the mark that is written with each write: `found` is the number in it, `None` if there is no mark.
///
/// `never_made`: the write was to make the mark as well, and no mark can have been deleted since, so a missing one says that
/// it did not happen. A mark that is gone was taken by somebody else, and says nothing.
pub(crate) fn by_mark(found: Option<u64>, mine: u64, never_made: bool) -> Verdict {
    match found {
        Some(number) if number == mine => Verdict::Applied,
        Some(_) => Verdict::NotApplied,
        None if never_made => Verdict::NotApplied,
        None => Verdict::Unknown,
    }
}

/// The state of a node: which incarnation, which version of its data, and the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) czxid: Zxid,
    pub(crate) version: i32,
    pub(crate) data: Bytes,
}

/// Decides without a mark, by the node itself. Ours was to replace version `version` of incarnation `czxid` by `data`.
///
/// The next version holds what was written first: other data is somebody else's. The same data may be anybody's, and so
/// may everything from the version after.
pub(crate) fn by_node(seen: Option<&Seen>, czxid: Zxid, version: i32, data: &Bytes) -> Verdict {
    match seen {
        Some(seen) if seen.czxid == czxid && seen.version == version => Verdict::NotApplied,
        Some(seen)
            if seen.czxid == czxid
                && seen.version == version.wrapping_add(1)
                && seen.data != *data =>
        {
            Verdict::NotApplied
        }
        _ => Verdict::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_in_the_mark_tells_which_write_came_last() {
        assert_eq!(by_mark(Some(7), 7, false), Verdict::Applied);
        assert_eq!(by_mark(Some(6), 7, false), Verdict::NotApplied);
        assert_eq!(by_mark(Some(7), 7, true), Verdict::Applied);
    }

    #[test]
    fn a_mark_that_is_missing_proves_something_only_if_the_write_was_to_make_it() {
        assert_eq!(by_mark(None, 1, true), Verdict::NotApplied);
        assert_eq!(by_mark(None, 2, false), Verdict::Unknown);
    }

    #[test]
    fn without_a_mark_only_the_old_version_or_foreign_data_in_the_next_one_prove_anything() {
        let zxid = Zxid::from_raw;
        let seen = |czxid, version, data: &'static str| Seen {
            czxid: zxid(czxid),
            version,
            data: Bytes::from(data),
        };
        let ours = Bytes::from("ours");
        let judge = |seen: Option<Seen>| by_node(seen.as_ref(), zxid(5), 3, &ours);
        assert_eq!(judge(Some(seen(5, 3, "old"))), Verdict::NotApplied);
        assert_eq!(judge(Some(seen(5, 4, "theirs"))), Verdict::NotApplied);
        assert_eq!(judge(Some(seen(5, 4, "ours"))), Verdict::Unknown);
        assert_eq!(judge(Some(seen(5, 5, "theirs"))), Verdict::Unknown);
        // Deleted and made again: the numbers begin anew.
        assert_eq!(judge(Some(seen(9, 3, "old"))), Verdict::Unknown);
        assert_eq!(judge(None), Verdict::Unknown);
    }
}
