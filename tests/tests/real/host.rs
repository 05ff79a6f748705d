//! Real servers as the conformance bodies see them.

use zk_tests::RealServer;
use zk_tests::conformance::{Host, shown_watches};

/// The servers that all bodies of one release share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) server: &'static RealServer,
    /// With stock settings; started when a body asks for it.
    pub(crate) stock: fn() -> &'static RealServer,
    pub(crate) is_before_3_9: bool,
}

impl Host for Shared {
    fn connect_string(&self) -> String {
        self.server.connect_string()
    }

    fn stock_connect_string(&self) -> String {
        (self.stock)().connect_string()
    }

    fn watches(&self, prefix: &str) -> usize {
        shown_watches(&self.server.four_letter("wchp").unwrap(), prefix)
    }

    /// `wchp` lists the watches of data alone (DataTree.dumpWatches).
    fn shows_child_watches(&self) -> bool {
        false
    }
    fn is_before_3_9(&self) -> bool {
        self.is_before_3_9
    }
}
