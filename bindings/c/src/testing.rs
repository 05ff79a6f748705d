//! A server in this process and what tests may do to it. Not in the library that users get: only with the feature
//! `testing`.

use std::ffi::{CString, c_char, c_int};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use zk_embedded::{EmbeddedServer, Hooks, Match, Reaction, ServerBuilder};
use zk_wire::{OpCode, SessionId};

use crate::args::{out, text_arg};
use crate::boundary;
use crate::failure::Failure;
use crate::handles::{self, Opaque};
use crate::last_error;
use crate::papers::{self, Papers};
use crate::runtime;
use crate::status::zk_status;

/// A server on a port of 127.0.0.1, in memory.
pub struct zk_test_server {
    _private: [u8; 0],
}

impl Opaque for zk_test_server {
    type Object = Server;
    const NAME: &'static str = "zk_test_server";
}

/// The server, and what it is asked for most.
#[derive(Debug)]
pub struct Server {
    server: Mutex<Option<EmbeddedServer>>,
    hooks: Hooks,
    address: CString,
    /// Nothing where it speaks plain text.
    papers: Papers,
}

impl Server {
    fn start(builder: ServerBuilder, papers: Papers) -> Result<Self, Failure> {
        let started = runtime::wait(builder.tick(TICK).start())?;
        let server = started.map_err(|error| Failure::misuse(error.to_string()))?;
        Ok(Self {
            hooks: server.hooks(),
            address: last_error::text(server.connect_string()),
            server: Mutex::new(Some(server)),
            papers,
        })
    }
}

/// Sessions of 200 ms and more, so that tests of expiry are quick.
const TICK: Duration = Duration::from_millis(100);

/// Acts on a server with its clock at hand.
fn act<T>(
    server: *const zk_test_server,
    neutral: T,
    act: impl FnOnce(&Hooks) -> Result<T, Failure>,
) -> T {
    boundary::value(neutral, || {
        let server = handles::get(server)?;
        let runtime = runtime::handle()?;
        let _entered = runtime.enter();
        act(&server.hooks)
    })
}

/// Starts a server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_test_server_start(server: *mut *mut zk_test_server) -> zk_status {
    boundary::call(|| {
        let out = out!(server);
        let server = Server::start(EmbeddedServer::builder(), Papers::default())?;
        out.put(handles::insert::<zk_test_server>(server)?.pointer());
        Ok(())
    })
}

/// Starts a server that speaks TLS, and has a certificate for 127.0.0.1, of an authority of its own. It may want a
/// certificate of that authority of each client (`certificates`), or that each client is the user `app` of SASL, whose
/// password is `s3cret` (`sasl`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_test_server_start_protected(
    certificates: bool,
    sasl: bool,
    server: *mut *mut zk_test_server,
) -> zk_status {
    boundary::call(|| {
        let out = out!(server);
        let (papers, tls) = papers::made(certificates)
            .map_err(|error| Failure::misuse(format!("no certificates: {error}")))?;
        let builder = EmbeddedServer::builder().tls(tls).configure(|config| {
            config.sasl_users.add("app", "s3cret");
            config.require_sasl = sasl;
        });
        let server = Server::start(builder, papers)?;
        out.put(handles::insert::<zk_test_server>(server)?.pointer());
        Ok(())
    })
}

/// The certificate (PEM) of a protected server's authority. Good until the server is freed.
#[unsafe(no_mangle)]
pub extern "C" fn zk_test_server_ca(server: *const zk_test_server) -> *const c_char {
    boundary::value(std::ptr::null(), || {
        Ok(handles::get(server)?.papers.authority.as_ptr())
    })
}

/// That authority's list of revoked certificates (PEM), in which the server's own one is. Good until the server is freed.
#[unsafe(no_mangle)]
pub extern "C" fn zk_test_server_crl(server: *const zk_test_server) -> *const c_char {
    boundary::value(std::ptr::null(), || {
        Ok(handles::get(server)?.papers.revocations.as_ptr())
    })
}

/// A certificate (PEM) of that authority for a client. Good until the server is freed.
#[unsafe(no_mangle)]
pub extern "C" fn zk_test_server_client_cert(server: *const zk_test_server) -> *const c_char {
    boundary::value(std::ptr::null(), || {
        Ok(handles::get(server)?.papers.certificate.as_ptr())
    })
}

/// Its key (PEM). Good until the server is freed.
#[unsafe(no_mangle)]
pub extern "C" fn zk_test_server_client_key(server: *const zk_test_server) -> *const c_char {
    boundary::value(std::ptr::null(), || {
        Ok(handles::get(server)?.papers.key.as_ptr())
    })
}

/// Stops a server, waits until it has stopped, and frees it.
#[unsafe(no_mangle)]
pub extern "C" fn zk_test_server_free(server: *mut zk_test_server) -> zk_status {
    boundary::call(|| {
        let server = handles::remove(server)?;
        let running = server.server.lock();
        let running = running.unwrap_or_else(PoisonError::into_inner).take();
        match running {
            Some(running) => runtime::wait(running.shutdown()),
            None => Ok(()),
        }
    })
}

/// Where it listens, for zk_client_connect. Good until it is freed.
#[unsafe(no_mangle)]
pub extern "C" fn zk_test_server_address(server: *const zk_test_server) -> *const c_char {
    boundary::value(std::ptr::null(), || {
        Ok(handles::get(server)?.address.as_ptr())
    })
}

/// Closes every connection; sessions live on.
#[unsafe(no_mangle)]
pub extern "C" fn zk_test_server_cut(server: *const zk_test_server) {
    act(server, (), |hooks| {
        hooks.cut_all();
        Ok(())
    });
}

/// While refusing, every new connection is closed at once.
#[unsafe(no_mangle)]
pub extern "C" fn zk_test_server_refuse(server: *const zk_test_server, refuse: bool) {
    act(server, (), |hooks| {
        hooks.refuse_connections(refuse);
        Ok(())
    });
}

/// While held, reads and pings are answered and nothing is committed.
#[unsafe(no_mangle)]
pub extern "C" fn zk_test_server_hold_commits(server: *const zk_test_server, hold: bool) {
    act(server, (), |hooks| {
        hooks.hold_commits(hold);
        Ok(())
    });
}

/// Ends a session as if its time had come; false if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn zk_test_server_expire(server: *const zk_test_server, session: i64) -> bool {
    act(server, false, |hooks| {
        Ok(hooks.expire(SessionId::from_raw(session)))
    })
}

/// The next request with this operation code on a path that begins with this text takes effect and its connection is
/// closed instead of an answer; or, if not `applied`, has no effect.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_test_server_cut_at(
    server: *const zk_test_server,
    op: c_int,
    path: *const c_char,
    path_len: usize,
    applied: bool,
) -> zk_status {
    boundary::call(|| {
        let reaction = if applied {
            Reaction::CutAfterApply
        } else {
            Reaction::CutBeforeApply
        };
        let (op, path) = (op_code(op)?, text_arg!(path, path_len));
        handles::get(server)?
            .hooks
            .on(Match::op(op).path(path))
            .react(reaction);
        Ok(())
    })
}

/// The next request with this operation code on a path that begins with this text is answered that much later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_test_server_delay(
    server: *const zk_test_server,
    op: c_int,
    path: *const c_char,
    path_len: usize,
    ms: u64,
) -> zk_status {
    boundary::call(|| {
        let (op, path) = (op_code(op)?, text_arg!(path, path_len));
        handles::get(server)?
            .hooks
            .on(Match::op(op).path(path))
            .delay_reply(Duration::from_millis(ms));
        Ok(())
    })
}

/// How often an operation was asked for.
#[unsafe(no_mangle)]
pub extern "C" fn zk_test_server_requests(server: *const zk_test_server, op: c_int) -> u64 {
    act(server, 0, |hooks| Ok(hooks.count(op_code(op)?)))
}

/// How many nodes there are below a path.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_test_server_nodes_below(
    server: *const zk_test_server,
    path: *const c_char,
    path_len: usize,
) -> usize {
    act(server, usize::MAX, |hooks| {
        let prefix = format!("{}/", text_arg!(path, path_len));
        let paths = hooks.paths();
        Ok(paths
            .iter()
            .filter(|path| path.starts_with(&prefix))
            .count())
    })
}

/// How many sessions there are.
#[unsafe(no_mangle)]
pub extern "C" fn zk_test_server_sessions(server: *const zk_test_server) -> usize {
    act(server, usize::MAX, |hooks| Ok(hooks.sessions().len()))
}

/// How many handles are not freed.
#[unsafe(no_mangle)]
pub extern "C" fn zk_test_live_handles() -> usize {
    handles::live()
}

/// Panics, and is stopped at the border.
#[unsafe(no_mangle)]
pub extern "C" fn zk_test_panic() -> zk_status {
    boundary::call(|| panic!("asked to"))
}

/// Loses a few bytes, to see that leaks of the library are found.
#[unsafe(no_mangle)]
pub extern "C" fn zk_test_leak() {
    std::mem::forget(vec![0_u8; 64]);
}

fn op_code(number: c_int) -> Result<OpCode, Failure> {
    OpCode::from_raw(number)
        .ok_or_else(|| Failure::misuse(format!("{number} is no operation code")))
}
