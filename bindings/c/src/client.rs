//! A client: one session with an ensemble.

use std::ffi::c_char;
use std::sync::Arc;

use ::zk_client::State;

use crate::args::{out, text_arg};
use crate::boundary;
use crate::choices::{Options, zk_options};
use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::handles::{self, Opaque};
use crate::queue::Queue;
use crate::runtime;
use crate::session::Session;
use crate::status::zk_status;

/// A session with an ensemble, and a new one after an expiry unless told otherwise.
pub struct zk_client {
    _private: [u8; 0],
}

impl Opaque for zk_client {
    type Object = Arc<Session>;
    const NAME: &'static str = "zk_client";
}

/// The state of a session.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum zk_state {
    /// Not known: the question failed.
    ZK_STATE_UNKNOWN = 0,
    /// Looking for a server; no session yet.
    ZK_STATE_CONNECTING = 1,
    /// Connected.
    ZK_STATE_CONNECTED = 2,
    /// Connected to a server that only serves reads.
    ZK_STATE_CONNECTED_READ_ONLY = 3,
    /// The connection is down; the session may still live.
    ZK_STATE_SUSPENDED = 4,
    /// The session is gone with all its ephemeral nodes and holds.
    ZK_STATE_EXPIRED = 5,
    /// A server refused the credentials; final.
    ZK_STATE_AUTH_FAILED = 6,
    /// The client was closed; final.
    ZK_STATE_CLOSED = 7,
}

impl From<State> for zk_state {
    fn from(state: State) -> Self {
        match state {
            State::Connecting => Self::ZK_STATE_CONNECTING,
            State::Connected {
                read_only: false, ..
            } => Self::ZK_STATE_CONNECTED,
            State::Connected { .. } => Self::ZK_STATE_CONNECTED_READ_ONLY,
            State::Suspended { .. } => Self::ZK_STATE_SUSPENDED,
            State::Expired { .. } => Self::ZK_STATE_EXPIRED,
            State::AuthFailed => Self::ZK_STATE_AUTH_FAILED,
            State::Closed => Self::ZK_STATE_CLOSED,
            _ => Self::ZK_STATE_UNKNOWN,
        }
    }
}

/// Connects to an ensemble, "host[:port][,host[:port]...][/chroot]", and waits for the first connection. `options`
/// may be NULL. Without a deadline it tries for ever. Fails with ZK_ERR_NO_SERVER_REACHABLE, whose text gives a
/// reason for each server.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_client_connect(
    servers: *const c_char,
    servers_len: usize,
    options: *const zk_options,
    deadline_ms: i64,
    client: *mut *mut zk_client,
) -> zk_status {
    boundary::call(|| {
        let deadline = Deadline::from_ms(deadline_ms);
        let out = out!(client);
        let servers = text_arg!(servers, servers_len);
        let builder = if options.is_null() {
            Options::default().builder(servers)?
        } else {
            handles::get(options)?.builder(servers)?
        };
        let limit = deadline.left().unwrap_or(Deadline::LONGEST);
        let queue = Arc::new(Queue::new()?);
        let zk = runtime::wait(builder.connect_timeout(limit).connect())??;
        let session = Arc::new(Session::new(&zk, queue));
        out.put(handles::insert::<zk_client>(session)?.pointer());
        Ok(())
    })
}

/// Ends the session and waits until the server has deleted its ephemeral nodes; what is held is lost, which is how its
/// waiters hear of it. The handle stays good, for what is left of the completions, and still has to be freed. Everything that waits or runs ends,
/// mostly with ZK_ERR_CLOSED. If the deadline passes the closing goes on in the background.
///
/// Threads: any, also while others wait in calls of the same client. The library never calls back into a program, so
/// there is no place from which a client must not be closed.
#[unsafe(no_mangle)]
pub extern "C" fn zk_client_close(client: *mut zk_client, deadline_ms: i64) -> zk_status {
    boundary::call(|| {
        let deadline = Deadline::from_ms(deadline_ms);
        let session = handles::get(client)?;
        session.queue().close();
        let closed = runtime::wait(deadline.bound(session.zk().close()))?;
        closed.ok_or_else(|| Failure::timed_out("closing the session", deadline))??;
        Ok(())
    })
}

/// Frees a client. A session that was not closed is closed in the background; guards made from it are lost. NULL is
/// allowed.
///
/// Threads: any, also while others wait in calls of the same client: those end.
#[unsafe(no_mangle)]
pub extern "C" fn zk_client_free(client: *mut zk_client) -> zk_status {
    boundary::call(|| {
        if client.is_null() {
            return Ok(());
        }
        let runtime = runtime::handle()?;
        handles::free(client, |session| {
            session.queue().abandon();
            let zk = session.zk().clone();
            runtime.spawn(async move { zk.close().await });
        })
    })
}

/// The state of the session now. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub extern "C" fn zk_client_state(client: *const zk_client) -> zk_state {
    boundary::value(zk_state::ZK_STATE_UNKNOWN, || {
        Ok(handles::get(client)?.zk().state().into())
    })
}

/// The id of the session, as servers log it; 0 on failure. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub extern "C" fn zk_client_session_id(client: *const zk_client) -> i64 {
    boundary::value(0, || {
        let session = handles::get(client)?;
        Ok(session.zk().session_id().map_or(0, |id| id.as_raw()))
    })
}

/// The session timeout that the server granted, in milliseconds; 0 on failure. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub extern "C" fn zk_client_session_timeout_ms(client: *const zk_client) -> i64 {
    boundary::value(0, || {
        let timeout = handles::get(client)?.zk().session_timeout();
        Ok(i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX))
    })
}
