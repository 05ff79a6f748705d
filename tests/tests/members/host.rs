//! Three servers as the conformance bodies see them: as one.

use std::time::Duration;

use zk_client::{Acl, ClientBuilder, TlsConfig};
use zk_tests::conformance::{Host, shown_watches};
use zk_tests::{Ensemble, Member, ProtectedServer, Protection, RealServer};

/// The servers that all bodies of one release share.
#[derive(Debug)]
pub(crate) struct Members {
    pub(crate) ensemble: &'static Ensemble,
    /// The one that all clients of a body are connected to: what one of them was told, the others find there.
    pub(crate) member: Member,
    pub(crate) is_before_3_9: bool,
}

impl Members {
    /// Leader and followers alike.
    pub(crate) fn member_for(name: &str) -> Member {
        name.len() % Ensemble::MEMBERS.len()
    }

    /// Each member knows the watches of its own sessions.
    fn watches(&self, prefix: &str) -> usize {
        let answers = Ensemble::MEMBERS.map(|member| self.ensemble.four_letter(member, "wchp"));
        answers
            .map(|answer| shown_watches(&answer.unwrap(), prefix))
            .sum()
    }
}

/// Twenty ticks.
const LONGEST_SESSION: Duration = Duration::from_secs(10);

/// Reached in plain text, by anybody.
#[derive(Debug)]
pub(crate) struct Plain {
    pub(crate) members: Members,
    /// With stock settings; started when a body asks for it.
    pub(crate) stock: fn() -> &'static RealServer,
}

impl Host for Plain {
    fn connect_string(&self) -> String {
        self.members.ensemble.connect_string_of(self.members.member)
    }

    fn connect_strings(&self) -> Vec<String> {
        let Members { ensemble, .. } = self.members;
        Ensemble::MEMBERS
            .map(|member| ensemble.connect_string_of(member))
            .collect()
    }

    fn stock_connect_string(&self) -> String {
        (self.stock)().connect_string()
    }

    fn watches(&self, prefix: &str) -> usize {
        self.members.watches(prefix)
    }

    /// `wchp` lists the watches of data alone (DataTree.dumpWatches).
    fn shows_child_watches(&self) -> bool {
        false
    }

    fn is_before_3_9(&self) -> bool {
        self.members.is_before_3_9
    }

    fn members(&self) -> usize {
        Ensemble::MEMBERS.len()
    }

    fn longest_session(&self) -> Duration {
        LONGEST_SESSION
    }
}

/// Reached by TLS, by a user of SASL.
#[derive(Debug)]
pub(crate) struct Protected {
    pub(crate) members: Members,
    /// With stock settings; started when a body asks for it.
    pub(crate) stock: fn() -> &'static ProtectedServer,
}

impl Host for Protected {
    fn connect_string(&self) -> String {
        let Members {
            ensemble, member, ..
        } = self.members;
        ensemble.secure_connect_string_of(member)
    }

    fn connect_strings(&self) -> Vec<String> {
        let Members { ensemble, .. } = self.members;
        Ensemble::MEMBERS
            .map(|member| ensemble.secure_connect_string_of(member))
            .collect()
    }

    fn stock_connect_string(&self) -> String {
        (self.stock)().connect_string()
    }

    fn watches(&self, prefix: &str) -> usize {
        self.members.watches(prefix)
    }

    fn shows_child_watches(&self) -> bool {
        false
    }

    fn is_before_3_9(&self) -> bool {
        self.members.is_before_3_9
    }

    fn members(&self) -> usize {
        Ensemble::MEMBERS.len()
    }

    fn longest_session(&self) -> Duration {
        LONGEST_SESSION
    }

    fn admit(&self, client: ClientBuilder) -> ClientBuilder {
        let authority = |protection: &Protection| protection.authority().pem().to_owned();
        let both = TlsConfig::new()
            .ca_pem(authority(self.members.ensemble.protection()))
            .ca_pem(authority((self.stock)().protection()));
        Protection::as_app(client.tls(both))
    }

    fn identity(&self) -> Option<Acl> {
        Some(Acl::sasl("app"))
    }
}
