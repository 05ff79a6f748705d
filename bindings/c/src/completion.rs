//! Hearing of operations that were started, from any event loop.

use std::ffi::{c_int, c_void};

use crate::args::out;
use crate::boundary;
use crate::client::zk_client;
use crate::deadline::Deadline;
use crate::handles;
use crate::result::{Answer, zk_result};
use crate::status::zk_status;

/// The end of one operation that was started.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct zk_completion {
    /// The operation's number, as it was given when it was started. 0: there is no completion.
    pub operation: u64,
    /// What the caller gave when the operation was started.
    pub tag: *mut c_void,
    /// How it ended.
    pub status: zk_status,
    /// What it yielded, or why it failed (see zk_result_status). Never NULL; to be freed.
    pub result: *mut zk_result,
}

/// A descriptor to put into poll(2), epoll(7) or any event loop: readable while there is a completion to take, one
/// or many; and for good once the client is closed and nothing is left. Do not read from it, write to it or close
/// it. Good until the client is freed: take it out of the event loop before. -1 on failure.
///
/// Threads: any. Never waits.
#[unsafe(no_mangle)]
pub extern "C" fn zk_client_poll_fd(client: *const zk_client) -> c_int {
    boundary::value(-1, || Ok(handles::get(client)?.queue().descriptor()))
}

/// Takes the oldest completion. Each operation that was started makes exactly one, whatever becomes of it. With
/// deadline 0 it never waits, which is what an event loop wants: take until there is none, then poll. If there is none
/// the call succeeds with operation 0 and result NULL. Fails with ZK_ERR_CLOSED once the client is closed and
/// nothing is left.
///
/// Threads: any; each completion goes to one of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_client_next_completion(
    client: *mut zk_client,
    deadline_ms: i64,
    completion: *mut zk_completion,
) -> zk_status {
    boundary::call(|| {
        let deadline = Deadline::from_ms(deadline_ms);
        let out = out!(completion);
        let session = handles::get(client)?;
        // Made while the queue is locked: a completion that cannot get a handle stays in the queue.
        let taken = session.queue().next(deadline, |done| {
            let (operation, tag) = (done.number, done.tag);
            let failure = done.outcome.as_ref().err();
            let status = failure.map_or(zk_status::ZK_OK, |failure| failure.status);
            let room = match handles::reserve() {
                Ok(room) => room,
                Err(failure) => return Err(Box::new((failure, done))),
            };
            let result = room.fill::<zk_result>(Answer::of(done.outcome, &session));
            Ok(zk_completion {
                operation,
                tag: std::ptr::without_provenance_mut(tag),
                status,
                result: result.pointer(),
            })
        })?;
        out.put(taken.unwrap_or(zk_completion {
            operation: 0,
            tag: std::ptr::null_mut(),
            status: zk_status::ZK_OK,
            result: std::ptr::null_mut(),
        }));
        Ok(())
    })
}

/// Gives an operation up that was started: a request that was not sent is taken back, an acquisition leaves no
/// contender behind. It completes with ZK_ERR_CANCELLED, or, if it was done before, as it ended; `running` tells
/// which to expect and may be NULL. The fate of a write that was cancelled is unknown.
///
/// Threads: any. Never waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_client_cancel(
    client: *mut zk_client,
    operation: u64,
    running: *mut bool,
) -> zk_status {
    boundary::call(|| {
        let out = out!(running, optional);
        let session = handles::get(client)?;
        out.put(session.queue().cancel(operation)?);
        Ok(())
    })
}
