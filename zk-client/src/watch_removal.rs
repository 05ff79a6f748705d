//! Removing all watches of a node at once.

use std::task::Waker;

use zk_session::WatchEvent;

use crate::client::Client;

impl Client {
    /// Removes every watch that this session has on exactly this node, whoever asked for it: each yields
    /// [`WatchEvent::Removed`] behind what it was told before, and ends. The server's side is removed as well, at once or,
    /// without a connection, by not being set again. Returns how many there were.
    ///
    /// To remove one watch, drop it. Those by which locks follow their own nodes stay. A lock that waits for a node
    /// whose watches are removed asks for another one.
    ///
    /// It has nothing to do with a watch above the node that also tells of it, nor with other sessions.
    pub fn remove_watches(&self, path: &str) -> usize {
        let path = self.absolute(path);
        let (count, wake) = self.scope().shared().with(|inner, now| {
            let mut wake: Vec<Waker> = Vec::new();
            let mut ids = inner.core.watches_at(&path);
            ids.retain(|id| inner.queues.is_a_users(*id));
            for id in &ids {
                let _ = inner.queues.fire(*id, WatchEvent::Removed, &mut wake);
                inner.core.forget_watch(now, *id);
            }
            (ids.len(), wake)
        });
        wake.into_iter().for_each(Waker::wake);
        count
    }
}
