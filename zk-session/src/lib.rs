//! A ZooKeeper session without any I/O.
//!
//! [`Session`] keeps every promise of the protocol that does not need a socket: the handshake, request
//! numbers and the order of replies, pings and silence, reconnects, watches and their re-registration,
//! the fate of requests that were never answered, clean-up duties, and the moment until which the session
//! certainly lives. Bytes, time and randomness come in as arguments, so that every run can be replayed.
//!
//! A driver owns a `Session` and a socket, and does in a loop what [`Session`] documents: pass in what
//! happened, then drain the outputs.
//!
//! ```
//! use std::time::Duration;
//! use zk_session::{Action, Session, SessionConfig, SessionState};
//! use zk_wire::Moment;
//!
//! let now = Moment::ZERO;
//! let mut session = Session::new(SessionConfig::default(), now, 42);
//! let Some(Action::Dial { conn, .. }) = session.poll_action() else {
//!     unreachable!("a session begins with dialling");
//! };
//! session.handle_connected(now, conn);
//! let mut buf = Vec::new();
//! let transmit = session.poll_transmit(now, &mut buf).expect("the handshake");
//! assert_eq!((transmit.conn, transmit.len), (conn, 49));
//! assert_eq!(session.state(), SessionState::Connecting);
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod config;
mod connection;
mod event;
mod frame;
mod ids;
mod implied;
mod outcome;
mod promises;
mod requests;
#[cfg(feature = "__seeded-bugs")]
#[doc(hidden)]
pub mod seeded;
mod session;
mod state;
mod stats;
mod ticket;
mod watches;

pub use config::{Backoff, Coalescing, Confirm, Credential, DigestMd5, SessionConfig};
pub use event::{Action, Event, Obligation, Settlement, Transmit, WatchEvent};
pub use frame::{Frame, FrameWay};
pub use ids::{ConnId, DutyId, RequestId, ServerId, WatchId};
pub use outcome::{Abandoned, FailCause, Fate, Outcome, Rejected, Submit, Submitted, WatchKind};
pub use session::Session;
pub use state::{
    Attempt, AuthFailure, ExpiryCause, LinkFailure, ServerFailure, SessionState, Stage,
};
pub use stats::SessionStats;
pub use ticket::{SessionTicket, TicketError};
