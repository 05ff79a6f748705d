//! What the server knows of a run.

use zk_wire::Moment;

use crate::records::{Change, Leftover, Request, ServerWatch, SessionRow};

/// What the server, or whoever sees all, knows of a run.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct Truth {
    /// Every committed change in zxid order. A transaction that changes several things has several
    /// rows with one zxid: a multi one per operation; the end of a session its own row first, then
    /// one `delete` for each ephemeral it took along.
    pub changes: Vec<Change>,
    /// The session table's changes.
    pub sessions: Vec<SessionRow>,
    /// Watches registered, fired and dropped on the servers.
    pub watches: Vec<ServerWatch>,
    /// Frames that reached a server.
    pub requests: Vec<Request>,
    /// What was left at the end, once all handles were closed and all crashed sessions had expired.
    pub leftovers: Vec<Leftover>,
}

impl Truth {
    /// The times of all records.
    pub(crate) fn times(&self) -> impl Iterator<Item = Moment> {
        (self.changes.iter().map(|change| change.at))
            .chain(self.sessions.iter().map(|row| row.at))
            .chain(self.watches.iter().map(|watch| watch.at))
            .chain(self.requests.iter().map(|request| request.at))
    }
}
