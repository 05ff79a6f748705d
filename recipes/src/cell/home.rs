//! The node that a mark stands below, as it was before the mark was to be made: it tells later whether a mark that is
//! missing was ever there.

use zk_client::{Acl, Client, CreateMode, Error, ErrorKind, Stat, Zxid};

use crate::parents::make_parents;
use crate::renewal::renewed;

/// What is known of the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    /// There is none.
    Missing,
    /// The one created at this zxid, which has lost so many children.
    There { czxid: Zxid, lost: i32 },
    /// It may not be looked at.
    Unseen,
}

impl Home {
    pub(crate) fn of(stat: Option<&Stat>) -> Self {
        stat.map_or(Self::Missing, |stat| Self::There {
            czxid: stat.czxid,
            // `cversion` counts creations and deletions (ZooKeeper makes it of 2 × creations − children): this is twice
            // the number of deletions. It overflows like the counters it is made of.
            lost: stat.cversion.wrapping_sub(stat.num_children),
        })
    }

    /// Looks at the node.
    pub(crate) async fn look(client: &Client, path: &str) -> Result<Self, Error> {
        loop {
            let generation = client.generation();
            match client.exists(path).await {
                Ok(stat) => return Ok(Self::of(stat.as_ref())),
                Err(error) if error.kind() == ErrorKind::NoAuth => return Ok(Self::Unseen),
                Err(error) => renewed(client, generation, error)?,
            }
        }
    }

    /// Whether no child that was made since has been deleted, for all that the node tells `now`.
    ///
    /// Where there was no node, whatever stands there now is looked at alone: a child of one that was made and deleted in
    /// between went with it.
    pub(crate) fn kept_every_child_until(self, now: Self) -> bool {
        match (self, now) {
            (Self::There { .. }, _) => self == now,
            (Self::Missing, Self::Missing) => true,
            (Self::Missing, Self::There { lost, .. }) => lost == 0,
            (Self::Missing, Self::Unseen) | (Self::Unseen, _) => false,
        }
    }
}

/// Makes the node that a mark is to stand below, which is missing for this error.
pub(super) async fn make_home(
    client: &Client,
    mark: &str,
    acl: &[Acl],
    missing: Error,
) -> Result<(), Error> {
    make_parents(client, mark, CreateMode::Container, acl, missing).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(czxid: i64, creations: i32, children: i32) -> Home {
        Home::of(Some(&Stat {
            czxid: Zxid::from_raw(czxid),
            cversion: creations.wrapping_mul(2).wrapping_sub(children),
            num_children: children,
            ..Stat::default()
        }))
    }

    #[test]
    fn a_child_that_came_and_went_is_told_from_one_that_never_was() {
        let before = with(5, 3, 2);
        assert!(before.kept_every_child_until(with(5, 3, 2)));
        assert!(before.kept_every_child_until(with(5, 7, 6)), "others came");
        assert!(!before.kept_every_child_until(with(5, 4, 2)), "one went");
        assert!(!before.kept_every_child_until(with(5, 3, 1)), "one went");
        assert!(
            !before.kept_every_child_until(with(9, 3, 2)),
            "another node"
        );
        assert!(!before.kept_every_child_until(Home::Missing));
    }

    #[test]
    fn a_node_that_was_missing_tells_of_its_own_children() {
        assert!(Home::Missing.kept_every_child_until(Home::Missing));
        assert!(Home::Missing.kept_every_child_until(with(5, 2, 2)));
        assert!(!Home::Missing.kept_every_child_until(with(5, 2, 1)));
    }

    #[test]
    fn the_counters_of_the_node_may_overflow() {
        let before = with(5, i32::MAX, 2);
        assert!(before.kept_every_child_until(with(5, i32::MIN, 3)));
        assert!(!before.kept_every_child_until(with(5, i32::MIN, 2)));
    }

    #[test]
    fn what_may_not_be_looked_at_proves_nothing() {
        for other in [Home::Missing, Home::Unseen, with(5, 1, 1)] {
            assert!(!Home::Unseen.kept_every_child_until(other));
            assert!(!other.kept_every_child_until(Home::Unseen) || other == Home::Unseen);
        }
    }
}
