//! Real servers as the conformance bodies see them.

use zk_client::{Acl, ClientBuilder, TlsConfig};
use zk_tests::conformance::{Host, shown_watches};
use zk_tests::{ProtectedServer, Protection, RealServer};

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

/// The same, reached by TLS.
#[derive(Debug)]
pub(crate) struct Encrypted {
    pub(crate) shared: &'static ProtectedServer,
    /// With stock settings; started when a body asks for it.
    pub(crate) stock: fn() -> &'static ProtectedServer,
    pub(crate) is_before_3_9: bool,
}

impl Host for Encrypted {
    fn connect_string(&self) -> String {
        self.shared.connect_string()
    }

    fn stock_connect_string(&self) -> String {
        (self.stock)().connect_string()
    }

    fn watches(&self, prefix: &str) -> usize {
        shown_watches(&self.shared.plain().four_letter("wchp").unwrap(), prefix)
    }

    fn shows_child_watches(&self) -> bool {
        false
    }

    fn is_before_3_9(&self) -> bool {
        self.is_before_3_9
    }

    fn admit(&self, client: ClientBuilder) -> ClientBuilder {
        let both = TlsConfig::new()
            .ca_pem(self.shared.protection().authority().pem().to_owned())
            .ca_pem((self.stock)().protection().authority().pem().to_owned());
        client.tls(both)
    }
}

/// The same, reached in plain text, by a user of SASL.
#[derive(Debug)]
pub(crate) struct Authenticated {
    pub(crate) shared: &'static ProtectedServer,
    /// With stock settings; started when a body asks for it.
    pub(crate) stock: fn() -> &'static ProtectedServer,
    pub(crate) is_before_3_9: bool,
}

impl Host for Authenticated {
    fn connect_string(&self) -> String {
        self.shared.plain().connect_string()
    }

    fn stock_connect_string(&self) -> String {
        (self.stock)().plain().connect_string()
    }

    fn watches(&self, prefix: &str) -> usize {
        shown_watches(&self.shared.plain().four_letter("wchp").unwrap(), prefix)
    }

    fn shows_child_watches(&self) -> bool {
        false
    }

    fn is_before_3_9(&self) -> bool {
        self.is_before_3_9
    }

    fn admit(&self, client: ClientBuilder) -> ClientBuilder {
        Protection::as_app(client)
    }

    fn identity(&self) -> Option<Acl> {
        Some(Acl::sasl("app"))
    }
}
