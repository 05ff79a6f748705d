//! What can be configured.

use std::time::Duration;

use zk_wire::Zxid;
use zk_wire::frame::DEFAULT_MAX_FRAME;

use super::sasl_users::SaslUsers;
use super::version::Version;

/// How a [`ServerCore`](crate::ServerCore) behaves.
///
/// The defaults are those of a stand-alone ZooKeeper 3.9.3, except where a developer's machine wants
/// something else: the tick is 500 ms instead of 2 s, so that tests may use sessions of one second;
/// sessions may still last the 40 s of a stock server; and TTL nodes are switched on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerConfig {
    /// The release it behaves like, where releases differ in what clients can see of them.
    pub version: Version,
    /// The unit in which sessions expire: a session ends between its timeout and one tick later.
    pub tick: Duration,
    /// The shortest session timeout granted; two ticks if `None`.
    pub min_session_timeout: Option<Duration>,
    /// The longest session timeout granted.
    pub max_session_timeout: Duration,
    /// The longest frame accepted from a client (`jute.maxbuffer`).
    pub max_frame: usize,
    /// The longest multiRead reply, in bytes of data and names. ZooKeeper has no such limit, and a small
    /// request could fill the memory; here the connection is closed instead.
    pub max_multi_read: usize,
    /// Decides the order in which children are listed. ZooKeeper lists them in no order, so a client
    /// that does not sort should fail its tests here, too.
    pub seed: u64,
    /// The wall clock, in milliseconds since 1970, at [`Moment::ZERO`](zk_wire::Moment::ZERO).
    pub wall_ms: i64,
    /// The start-up time that goes into session ids. Two servers that one client can meet need
    /// different ones, or a stale ticket opens somebody else's session.
    pub session_epoch_ms: i64,
    /// The last transaction of the server's past. A new server starts at zero.
    pub first_zxid: Zxid,
    /// Whether TTL nodes may be created (`zookeeper.extendedTypesEnabled`, off in a stock server).
    pub extended_types: bool,
    /// Whether a client that has seen a newer zxid than the server is turned away, as ZooKeeper does.
    pub refuse_ahead: bool,
    /// Whether hard limits on nodes and bytes are kept (`zookeeper.enforceQuota`, off in a stock server,
    /// and unknown before 3.7).
    pub enforce_quotas: bool,
    /// How many connections one address may have; 0 is any number. A stock server allows 60
    /// (`maxClientCnxns`).
    pub max_connections_per_address: usize,
    /// How many connections there may be at all; 0, as in a stock server, is any number (`maxCnxns`).
    pub max_connections: usize,
    /// Whether a write without permission is refused at once, ahead of the answers to what came before it
    /// (`zookeeper.enableEagerACLCheck`, off in a stock server).
    pub eager_acl_check: bool,
    /// Whether a member of an ensemble that is cut off goes on answering reads, of clients that allow it
    /// (`readonlymode.enabled`, off in a stock server).
    pub read_only_mode: bool,
    /// Whether a read-only server gives new clients sessions of its own (`localSessionsEnabled`, off in a
    /// stock server, and then such clients get the head of a refused reply for an answer).
    pub local_sessions: bool,
    /// How often empty containers and outlived TTL nodes are collected.
    pub reaper_interval: Duration,
    /// The digest, `user:hash`, of the user whom no ACL stops.
    pub super_digest: Option<String>,
    /// The users of SASL's DIGEST-MD5; none, as in a stock server, if it does not speak SASL.
    pub sasl_users: SaslUsers,
    /// Whether clients that have not authenticated by SASL are served nothing
    /// (`zookeeper.sessionRequireClientSASLAuth`, off in a stock server).
    pub require_sasl: bool,
    /// Whether ACLs may name holders of certificates (`authProvider.x509`, off in a stock server). A server that takes
    /// client certificates sets it.
    pub x509: bool,
    /// How many requests the log keeps before it drops the oldest.
    pub log_limit: usize,
}

impl ServerConfig {
    /// The configuration of a server that behaves like this release: operations it does not have are
    /// refused, and what later releases fixed is broken.
    ///
    /// ```
    /// use zk_embedded::{PipeServer, ServerConfig, Version};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let old = ServerConfig::profile(Version::V3_5);
    /// let server = PipeServer::builder().configure(|config| *config = old).in_memory();
    /// # drop(server);
    /// # }
    /// ```
    #[must_use]
    pub fn profile(version: Version) -> Self {
        Self {
            version,
            // Off in a stock server of any release, but here only where it can be had at all.
            extended_types: version >= Version::new(3, 5, 3),
            ..Self::default()
        }
    }

    /// The session timeout granted to a client that asks for `requested`.
    #[must_use]
    pub fn clamp(&self, requested: Duration) -> Duration {
        let shortest = self
            .min_session_timeout
            .unwrap_or_else(|| self.tick.saturating_mul(2));
        // In this order, as the server does: a minimum above the maximum loses.
        requested.max(shortest).min(self.max_session_timeout)
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            version: Version::default(),
            tick: Duration::from_millis(500),
            min_session_timeout: None,
            max_session_timeout: Duration::from_secs(40),
            max_frame: DEFAULT_MAX_FRAME,
            max_multi_read: 64 << 20,
            seed: 0,
            wall_ms: DEFAULT_WALL_MS,
            session_epoch_ms: DEFAULT_WALL_MS,
            first_zxid: Zxid::NONE,
            extended_types: true,
            refuse_ahead: true,
            enforce_quotas: false,
            max_connections_per_address: 0,
            max_connections: 0,
            eager_acl_check: false,
            read_only_mode: false,
            local_sessions: false,
            reaper_interval: Duration::from_secs(60),
            super_digest: None,
            sasl_users: SaslUsers::default(),
            require_sasl: false,
            x509: false,
            log_limit: 16_384,
        }
    }
}

/// 2026-01-01: any fixed moment will do where nobody supplies the real one.
const DEFAULT_WALL_MS: i64 = 1_767_225_600_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requested_timeout_is_clamped_to_two_ticks_and_the_maximum() {
        let config = ServerConfig::default();
        assert_eq!(
            config.clamp(Duration::from_millis(1)),
            Duration::from_secs(1)
        );
        assert_eq!(
            config.clamp(Duration::from_secs(30)),
            Duration::from_secs(30)
        );
        assert_eq!(
            config.clamp(Duration::from_secs(90)),
            Duration::from_secs(40)
        );
    }
}
