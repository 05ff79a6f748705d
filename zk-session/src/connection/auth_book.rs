//! Credentials and how far the current connection knows them.

use crate::config::Credential;
use crate::ids::RequestId;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Unsent,
    Sent,
    Accepted,
}

#[derive(Debug)]
struct Entry {
    credential: Credential,
    progress: Progress,
    waiters: Vec<RequestId>,
}

/// All credentials of the session. Servers keep identities per connection, so each connection starts by
/// presenting them again, in the order they were added.
#[derive(Debug, Default)]
pub(crate) struct AuthBook {
    entries: Vec<Entry>,
}

impl AuthBook {
    pub(crate) fn new(credentials: Vec<Credential>) -> Self {
        let unsent = |credential| Entry {
            credential,
            progress: Progress::Unsent,
            waiters: Vec::new(),
        };
        Self {
            entries: credentials.into_iter().map(unsent).collect(),
        }
    }

    /// Adds a credential that `waiter` wants to hear about. Returns whether this connection accepted it
    /// already.
    pub(crate) fn add(&mut self, credential: Credential, waiter: RequestId) -> bool {
        let known = self
            .entries
            .iter_mut()
            .find(|entry| entry.credential == credential);
        if let Some(entry) = known {
            let accepted = entry.progress == Progress::Accepted;
            if !accepted {
                entry.waiters.push(waiter);
            }
            return accepted;
        }
        let waiters = vec![waiter];
        self.entries.push(Entry {
            credential,
            progress: Progress::Unsent,
            waiters,
        });
        false
    }

    /// The next credential this connection has not been told.
    pub(crate) fn next_to_send(&mut self) -> Option<&Credential> {
        let entry = self
            .entries
            .iter_mut()
            .find(|entry| entry.progress == Progress::Unsent)?;
        entry.progress = Progress::Sent;
        Some(&entry.credential)
    }

    /// Whether an auth packet was sent on this connection and not answered.
    pub(crate) fn awaits(&self) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.progress == Progress::Sent)
    }

    /// An auth packet was accepted: they are answered in the order they were sent. Returns who waited.
    pub(crate) fn accepted(&mut self) -> Vec<RequestId> {
        let sent = self
            .entries
            .iter_mut()
            .find(|entry| entry.progress == Progress::Sent);
        sent.map_or_else(Vec::new, |entry| {
            entry.progress = Progress::Accepted;
            std::mem::take(&mut entry.waiters)
        })
    }

    /// Whether this connection knows every credential.
    pub(crate) fn complete(&self) -> bool {
        self.entries
            .iter()
            .all(|entry| entry.progress == Progress::Accepted)
    }

    /// There is another connection now, or none.
    pub(crate) fn start_over(&mut self) {
        for entry in &mut self.entries {
            entry.progress = Progress::Unsent;
        }
    }

    /// Nobody waits under this name any more. Returns whether somebody did, and whether the packet had
    /// been sent.
    pub(crate) fn abandon(&mut self, waiter: RequestId) -> Option<bool> {
        let entry = self
            .entries
            .iter_mut()
            .find(|entry| entry.waiters.contains(&waiter))?;
        entry.waiters.retain(|other| *other != waiter);
        Some(entry.progress == Progress::Sent)
    }

    /// Everybody who waits, and whether the packet had been sent.
    pub(crate) fn drain_waiters(&mut self) -> Vec<(RequestId, bool)> {
        let mut waiting = Vec::new();
        for entry in &mut self.entries {
            let sent = entry.progress == Progress::Sent;
            waiting.extend(entry.waiters.drain(..).map(|waiter| (waiter, sent)));
        }
        waiting
    }
}
