//! Three servers as the conformance bodies see them: as one.

use std::time::Duration;

use zk_tests::conformance::{Host, shown_watches};
use zk_tests::{Ensemble, Member, RealServer};

/// The servers that all bodies of one release share.
#[derive(Debug)]
pub(crate) struct Members {
    pub(crate) ensemble: &'static Ensemble,
    /// The one that all clients of a body are connected to: what one of them was told, the others find there.
    pub(crate) member: Member,
    /// With stock settings; started when a body asks for it.
    pub(crate) stock: fn() -> &'static RealServer,
    pub(crate) is_before_3_9: bool,
}

impl Host for Members {
    fn connect_string(&self) -> String {
        self.ensemble.connect_string_of(self.member)
    }

    fn stock_connect_string(&self) -> String {
        (self.stock)().connect_string()
    }

    /// Each member knows the watches of its own sessions.
    fn watches(&self, prefix: &str) -> usize {
        let answers = Ensemble::MEMBERS.map(|member| self.ensemble.four_letter(member, "wchp"));
        answers
            .map(|answer| shown_watches(&answer.unwrap(), prefix))
            .sum()
    }

    /// `wchp` lists the watches of data alone (DataTree.dumpWatches).
    fn shows_child_watches(&self) -> bool {
        false
    }
    fn is_before_3_9(&self) -> bool {
        self.is_before_3_9
    }

    fn members(&self) -> usize {
        Ensemble::MEMBERS.len()
    }

    /// Twenty ticks.
    fn longest_session(&self) -> Duration {
        Duration::from_secs(10)
    }
}
