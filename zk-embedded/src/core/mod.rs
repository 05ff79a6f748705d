//! The server without sockets, clock or tasks.
//!
//! `tree` and `txn` know nothing of connections, `watches` and `sessions` nothing of requests. `server`
//! owns all of them; `handshake`, `requests`, `commits`, `execute`, `witness`, `membership`, `perform`, `four_letter` and `control` are its chapters.
//! `line` is the seam between a server and whoever orders its transactions.

mod acl;
mod chaos;
mod commits;
mod config;
mod conn;
mod control;
mod engine;
mod ensemble;
mod envelope;
mod execute;
mod four_letter;
mod handshake;
mod line;
mod membership;
mod multi;
mod node;
mod nulls;
mod perform;
mod quota;
mod reads;
mod record;
mod requests;
mod rules;
mod sasl;
mod sasl_users;
mod server;
mod server_id;
mod sessions;
mod tree;
mod truth;
mod txn;
mod version;
mod waiting;
mod watches;
mod witness;

#[cfg(test)]
mod tests;

pub use chaos::{Action, FaultPlan, Refusal, Then, Trigger, Who};
pub use config::ServerConfig;
pub use conn::ConnKey;
pub use control::{NodeInfo, SessionInfo};
pub(crate) use engine::Engine;
pub use ensemble::{Backup, EnsembleConfig, EnsembleCore, MemberInfo, MemberState};
pub use record::{RequestCounts, RequestRecord};
pub use rules::{Match, Reaction, RuleId};
pub use sasl_users::SaslUsers;
pub use server::ServerCore;
pub use server_id::ServerId;
pub use truth::{Fact, NodeChange, Witnessed};
pub use version::Version;
