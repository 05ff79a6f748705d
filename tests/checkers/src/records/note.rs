//! What became of a process, and what was done to it.

use zk_wire::{Moment, SessionId};

use crate::text::{Text, record, words};

words! {
    /// What became of a process or its session, as the process was told.
    pub enum NoteKind {
        /// The session is attached to a server.
        Connected = "connected",
        /// The connection is gone. To be recorded where it is cut, before the calls that were on
        /// it return.
        Disconnected = "disconnected",
        /// The session was reported expired.
        Expired = "expired",
        /// The client was closed.
        Closed = "closed",
        /// The process stood still from here on.
        Paused = "paused",
        /// It went on.
        Resumed = "resumed",
        /// It ended without closing anything. Whatever takes its place has another number.
        Crashed = "crashed",
    }
}

record! {
    /// What became of a process or its session.
    pub struct Note = "note" {
        /// Whose.
        pub process: u32,
        /// The session it is about.
        pub session: SessionId,
        /// What became of it.
        pub what: NoteKind,
        /// When.
        pub at: Moment,
        /// The server it connected to.
        pub server: u32,
    }
}

record! {
    /// What was done to the run.
    pub struct Fault = "fault" {
        /// What was done, in the words of the schedule.
        pub what: Text,
        /// To whom.
        pub target: Text,
        /// Since when.
        pub at: Moment,
        /// When it was healed; never, if none.
        pub ended: Option<Moment>,
    }
}
