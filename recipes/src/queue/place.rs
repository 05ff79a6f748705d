//! Where the nodes of a queue are, and making those that are missing.

use zk_client::{Acl, Client, CreateMode, Error, ErrorKind, path};

use super::layout::QueueLayout;
use crate::parents::make_parents;

/// Where the nodes of a queue are.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// What the items are children of.
    pub(super) items: String,
    /// What the locks of items that somebody works on are children of.
    pub(super) locks: String,
    /// What marks are children of: other programs list the queue.
    pub(super) marks: String,
    /// What items that were moved aside are children of.
    pub(super) aside: String,
    /// The node whose version strictly bounded puts go by.
    pub(super) bound: String,
}

impl Places {
    pub(super) fn new(path: &str, layout: QueueLayout) -> Self {
        // Not below the queue, where kazoo takes whatever it finds, and named so that no recipe takes it for its own.
        let beside = |what: &str| {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
            format!("{parent}/_{what}_{name}")
        };
        Self {
            items: layout.items(path),
            locks: match layout {
                QueueLayout::KazooLocking => path::join(path, "taken"),
                _ => beside("locks"),
            },
            marks: beside("marks"),
            aside: beside("aside"),
            bound: beside("bound"),
        }
    }

    /// Those of a part of a divided queue, which has these. They stand beside that and not beside the part: Curator's sharder
    /// takes every child of a divided queue for a part, and puts items there.
    pub(super) fn of_part(&self, whole: &str, name: &str, layout: QueueLayout) -> Self {
        let part = path::join(whole, name);
        let beside = Self::new(&format!("{whole}_{name}"), layout);
        Self {
            items: layout.items(&part),
            locks: match layout {
                QueueLayout::KazooLocking => path::join(&part, "taken"),
                _ => beside.locks,
            },
            marks: self.marks.clone(),
            ..beside
        }
    }
}

/// Makes the node, which is there as long as nobody deletes it, and its parents.
pub(super) async fn make_root(
    client: &Client,
    root: &str,
    layout: QueueLayout,
    acl: &[Acl],
) -> Result<(), Error> {
    let parents = match layout.is_kazoos() {
        true => CreateMode::Persistent,
        false => CreateMode::Container,
    };
    loop {
        let create = client.create(root, "").acl(acl.to_vec());
        let missing = match create.await {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NodeExists => return Ok(()),
            // Made or not made: the next create tells, and nothing is made twice.
            Err(error) if error.kind() == ErrorKind::ConnectionLost => continue,
            Err(error) if error.kind() == ErrorKind::NoNode => error,
            Err(error) => return Err(error),
        };
        make_parents(client, root, parents, acl, missing).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_ours_is_below_the_items() {
        for layout in [QueueLayout::Fifo, QueueLayout::Kazoo] {
            let places = Places::new("/queues/jobs", layout);
            assert_eq!(places.items, "/queues/jobs");
            assert_eq!(places.locks, "/queues/_locks_jobs");
            assert_eq!(places.marks, "/queues/_marks_jobs");
        }
        let places = Places::new("/q", QueueLayout::KazooLocking);
        assert_eq!((&*places.items, &*places.locks), ("/q/entries", "/q/taken"));
        assert_eq!(places.marks, "/_marks_q");
    }

    #[test]
    fn what_a_part_needs_besides_its_items_is_not_beside_it() {
        let whole = Places::new("/queues/jobs", QueueLayout::Fifo);
        let part = whole.of_part("/queues/jobs", "queue-x", QueueLayout::Fifo);
        assert_eq!(part.items, "/queues/jobs/queue-x");
        assert_eq!(part.locks, "/queues/_locks_jobs_queue-x");
        assert_eq!(part.aside, "/queues/_aside_jobs_queue-x");
        assert_eq!(part.bound, "/queues/_bound_jobs_queue-x");
        assert_eq!(part.marks, whole.marks);
        let part = whole.of_part("/queues/jobs", "queue-x", QueueLayout::KazooLocking);
        assert_eq!(part.items, "/queues/jobs/queue-x/entries");
        assert_eq!(part.locks, "/queues/jobs/queue-x/taken");
    }
}
