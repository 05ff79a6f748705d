//! The session table.

use std::time::Duration;

use zk_wire::{Moment, SessionId, Zxid};

use crate::text::{record, words};

words! {
    /// What happened to a session.
    pub enum SessionStep {
        /// It was opened.
        Opened = "opened",
        /// It attached to another server, or again to the same.
        Attached = "attached",
        /// Its client closed it.
        Closed = "closed",
        /// The servers gave it up.
        Expired = "expired",
    }
}

record! {
    /// A change of the session table.
    pub struct SessionRow = "session" {
        /// Which session.
        pub session: SessionId,
        /// What happened.
        pub what: SessionStep,
        /// When.
        pub at: Moment,
        /// The transaction, where there was one.
        pub zxid: Zxid,
        /// The server it is attached to.
        pub server: u32,
        /// The timeout granted.
        pub timeout: Duration,
    }
}
