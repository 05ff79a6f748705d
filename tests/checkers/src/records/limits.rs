//! What a run's claims assume and allow.

use std::time::Duration;

use zk_wire::Moment;

use crate::text::record;

record! {
    /// What the claims of a run assume of its surroundings, and allow the library. A bound of zero
    /// is none: what it bounds is not judged.
    pub struct Limits = "limits" {
        /// When the run ended.
        pub ended: Moment,
        /// The session timeout.
        pub session_timeout: Duration,
        /// The servers' tick.
        pub tick: Duration,
        /// The longest election.
        pub election: Duration,
        /// The longest round trip.
        pub round_trip: Duration,
        /// How many round trips a wait may take after all was healed.
        pub round_trips: u32,
        /// By how many millionths a clock may be wrong where beliefs are to hold.
        pub clock_ppm: u32,
        /// How late a call may return after its deadline.
        pub lateness: Duration,
        /// How long after the start of a job there is no other one.
        pub min_hold: Duration,
        /// How long a job may take.
        pub max_hold: Duration,
        /// How often servers look for nodes whose time is over.
        pub reaping: Duration,
        /// Requests that one process may send within any second.
        pub requests_per_second: u32,
        /// Requests, over all processes, between a grant's end and the next grant's answer.
        pub requests_per_handover: u32,
        /// Nodes that may be created between a grant and the next.
        pub nodes_per_grant: u32,
        /// Requests that a process may keep queued.
        pub queued_requests: u64,
        /// Bytes that a process may keep queued.
        pub queued_bytes: u64,
    }
}
