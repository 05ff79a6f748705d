//! SASL with the mechanism DIGEST-MD5 (RFC 2831), as far as ZooKeeper speaks it: no protection of the connection, one
//! round, and a server that proves itself, too.
//!
//! MD5 is what the mechanism asks for. Whoever reads the exchange may try passwords against it at leisure, so it belongs
//! inside TLS.

mod challenge;
mod digest;
mod directives;
mod verify;

pub use challenge::{Challenge, ChallengeError, Proof};
pub use verify::verify;

/// The host of the digest URI, and the realm of a stock server (`SaslServerPrincipal` knows no other).
pub const SERVER_NAME: &str = "zk-sasl-md5";

/// The digest URI that both sides hash.
const DIGEST_URI: &str = "zookeeper/zk-sasl-md5";
