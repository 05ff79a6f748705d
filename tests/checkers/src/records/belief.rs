//! What a holder believes.

use std::time::Duration;

use zk_wire::{Moment, SessionId, Zxid};

use crate::text::{Text, record, words};

words! {
    /// What a process believes of its hold.
    pub enum Conviction {
        /// It holds.
        Held = "held",
        /// It holds for `safe_for` from now on, by its own clock.
        Safe = "safe",
        /// It may have lost the hold.
        Doubt = "doubt",
        /// It has lost the hold.
        Lost = "lost",
        /// It has begun to give the hold back.
        Released = "released",
    }
}

record! {
    /// A turn in what a process believes of its hold.
    pub struct Belief = "belief" {
        /// Whose belief.
        pub process: u32,
        /// The recipe instance.
        pub recipe: Text,
        /// The lock's directory.
        pub lock: Text,
        /// The fencing token of the hold.
        pub token: Zxid,
        /// The lock node.
        pub node: Text,
        /// The session that the process thinks owns the node.
        pub session: SessionId,
        /// What it believes.
        pub says: Conviction,
        /// Since when.
        pub at: Moment,
        /// With `held` and `safe`: how long it will go on believing so without further news, by its
        /// own clock. None with `held`: it names no bound, and goes on until it says otherwise.
        pub safe_for: Option<Duration>,
    }
}

record! {
    /// A process whose clock does not run at the true rate.
    pub struct Clock = "clock" {
        /// Whose clock.
        pub process: u32,
        /// By how many millionths it runs too fast; negative if too slow.
        pub fast_ppm: i32,
    }
}
