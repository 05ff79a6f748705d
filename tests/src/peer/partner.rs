//! One side of so many rounds of a counter or barrier: the programs `CuratorValues` and `kazoo_values.py`.

use std::time::Duration;

use super::Peer;
use crate::{Deadline, deadline};

/// A running program. Killed when dropped.
#[derive(Debug)]
pub struct Partner {
    peer: Peer,
    limit: Deadline,
}

impl Partner {
    /// Starts a part of Curator's program and waits until it begins.
    ///
    /// # Panics
    ///
    /// If it does not begin.
    #[must_use]
    pub fn curator(connect: &str, part: &str, path: &str, rounds: usize) -> Self {
        let rounds = rounds.to_string();
        let peer = Peer::curator("CuratorValues", &[connect, part, path, &rounds]);
        Self::begun(peer)
    }

    /// Starts a part of kazoo's program and waits until it begins.
    ///
    /// # Panics
    ///
    /// If it does not begin.
    #[must_use]
    pub fn kazoo(connect: &str, part: &str, path: &str, rounds: usize) -> Self {
        let rounds = rounds.to_string();
        let peer = Peer::kazoo("kazoo_values.py", &[connect, part, path, &rounds]);
        Self::begun(peer)
    }

    fn begun(peer: Peer) -> Self {
        let limit = deadline(Duration::from_secs(120));
        peer.wait_for_line("ready", &limit);
        Self { peer, limit }
    }

    /// Waits for its end; yields how many rounds it did.
    ///
    /// # Panics
    ///
    /// If it fails, or does not say so.
    #[must_use]
    pub fn finish(self) -> usize {
        let printed = self.peer.finish(&self.limit);
        let done = printed.last().and_then(|line| line.strip_prefix("done "));
        let rounds = done.and_then(|rounds| rounds.parse().ok());
        rounds.unwrap_or_else(|| panic!("no rounds in {printed:?}"))
    }
}
