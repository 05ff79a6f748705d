//! A held lock.

use std::ffi::{CString, c_char, c_void};
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use recipes::{Held, LockGuard, LockLost, LockLostWhy};
use tokio::sync::watch;

use crate::args::{Out, out};
use crate::boundary;
use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::handles::{self, Opaque};
use crate::last_error;
use crate::operation::Operation;
use crate::outcome::{Outcome, Yield};
use crate::session::Session;
use crate::status::zk_status;

/// A lock that is, or was, held. It belongs to one session and never re-acquires by itself.
pub struct zk_guard {
    _private: [u8; 0],
}

impl Opaque for zk_guard {
    type Object = Hold;
    const NAME: &'static str = "zk_guard";
}

/// Why a hold ended before it was released.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum zk_loss {
    /// It was not lost: it is held, or it was released.
    ZK_LOSS_NONE = 0,
    /// Somebody deleted the holder's node.
    ZK_LOSS_NODE_DELETED = 1,
    /// The session expired.
    ZK_LOSS_SESSION_EXPIRED = 2,
    /// A server refused the credentials on a reconnect.
    ZK_LOSS_AUTH_FAILED = 3,
    /// The client was closed or freed.
    ZK_LOSS_CLOSED = 4,
    /// Another reason; or the question failed.
    ZK_LOSS_OTHER = 5,
}

impl From<LockLostWhy> for zk_loss {
    fn from(why: LockLostWhy) -> Self {
        match why {
            LockLostWhy::NodeDeleted => Self::ZK_LOSS_NODE_DELETED,
            LockLostWhy::SessionExpired => Self::ZK_LOSS_SESSION_EXPIRED,
            LockLostWhy::AuthFailed => Self::ZK_LOSS_AUTH_FAILED,
            LockLostWhy::Closed => Self::ZK_LOSS_CLOSED,
            _ => Self::ZK_LOSS_OTHER,
        }
    }
}

/// A hold, and what can be known of it when it is over.
#[derive(Debug)]
pub struct Hold {
    session: Arc<Session>,
    held: Held,
    path: CString,
    node: CString,
    /// None once released.
    guard: Mutex<Option<LockGuard>>,
    released: watch::Sender<bool>,
}

impl Hold {
    pub(crate) fn held(&self) -> &Held {
        &self.held
    }

    /// The loss, if the hold was lost.
    fn loss(&self) -> Option<LockLost> {
        let mut lost = pin!(self.held.lost());
        match lost.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(lost) if !*self.released.borrow() => Some(lost),
            _ => None,
        }
    }

    /// Takes what keeps the lock; whoever waits for a loss hears that there will be none.
    fn let_go(&self) -> Option<LockGuard> {
        let mut guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner);
        // A loss that was not asked for yet stays one.
        if guard.is_some() && self.loss().is_none() {
            self.released.send_replace(true);
        }
        guard.take()
    }

    fn release(&self, deadline: Deadline) -> Result<Operation, Failure> {
        let guard = self
            .let_go()
            .ok_or_else(|| Failure::misuse("the lock was released already").at(self.held.path()))?;
        let path = self.held.path().to_owned();
        Ok(Operation::uncertain(async move {
            match deadline.bound(guard.release()).await {
                Some(released) => Ok(Yield::Released(released?.was_held)),
                None => Err(Failure::timed_out("releasing the lock", deadline)
                    .with_fate(::zk_client::Fate::Unknown)
                    .at(&path)),
            }
        }))
    }

    /// True once released; false if the hold was lost and then freed.
    fn until_released(&self) -> impl Future<Output = bool> + Send + 'static + use<> {
        let mut released = self.released.subscribe();
        async move { released.wait_for(|released| *released).await.is_ok() }
    }

    fn until_lost(&self, deadline: Deadline) -> Operation {
        let (held, released) = (self.held.clone(), self.until_released());
        let end = async move {
            tokio::select! {
                biased;
                true = released => Ok(Yield::Nothing),
                lost = held.lost() => Err(lost_failure(&lost)),
            }
        };
        Operation::new(within(end, deadline, self.held.path().to_owned()))
    }

    fn until_doubted(&self, deadline: Deadline) -> Operation {
        let (held, released) = (self.held.clone(), self.until_released());
        let end = async move {
            tokio::select! {
                biased;
                true = released => Ok(Yield::Nothing),
                () = held.doubted() => {
                    if held.is_held() {
                        return Err(doubt_failure(&held));
                    }
                    Err(lost_failure(&held.lost().await))
                }
            }
        };
        Operation::new(within(end, deadline, self.held.path().to_owned()))
    }
}

async fn within(
    end: impl Future<Output = Outcome> + Send,
    deadline: Deadline,
    path: String,
) -> Outcome {
    deadline.bound(end).await.unwrap_or_else(|| {
        let text = format!("{path} is still held after {deadline}");
        Err(Failure::new(zk_status::ZK_ERR_TIMED_OUT, text).at(&path))
    })
}

fn lost_failure(lost: &LockLost) -> Failure {
    Failure::new(zk_status::ZK_ERR_LOCK_LOST, lost.to_string()).at(&lost.path)
}

fn doubt_failure(held: &Held) -> Failure {
    let text = format!(
        "it is not certain any more that {} is held (token {})",
        held.path(),
        held.token()
    );
    Failure::new(zk_status::ZK_ERR_LOCK_DOUBT, text).at(held.path())
}

/// Gives a held lock to the caller.
pub(crate) fn hand_over(
    out: Out<*mut zk_guard>,
    guard: LockGuard,
    session: &Arc<Session>,
) -> Result<(), Failure> {
    let held = guard.held();
    let hold = Hold {
        session: Arc::clone(session),
        path: last_error::text(held.path()),
        node: last_error::text(held.node()),
        held,
        guard: Mutex::new(Some(guard)),
        released: watch::Sender::new(false),
    };
    out.put(handles::insert::<zk_guard>(hold)?.pointer());
    Ok(())
}

/// The fencing token: it grows with every new holder of the path. Give it to what you write to. 0 on failure. Threads:
/// any. Never waits.
#[unsafe(no_mangle)]
pub extern "C" fn zk_guard_token(guard: *const zk_guard) -> u64 {
    boundary::value(0, || Ok(handles::get(guard)?.held.token()))
}

/// The lock's path; good until the guard is freed. NULL on failure. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub extern "C" fn zk_guard_path(guard: *const zk_guard) -> *const c_char {
    boundary::value(std::ptr::null(), || Ok(handles::get(guard)?.path.as_ptr()))
}

/// The path of the holder's own node; good until the guard is freed. NULL on failure. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub extern "C" fn zk_guard_node(guard: *const zk_guard) -> *const c_char {
    boundary::value(std::ptr::null(), || Ok(handles::get(guard)?.node.as_ptr()))
}

/// True until the hold was released or is known to be lost. False on failure. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub extern "C" fn zk_guard_is_held(guard: *const zk_guard) -> bool {
    boundary::value(false, || {
        let hold = handles::get(guard)?;
        Ok(hold.held.is_held() && !*hold.released.borrow())
    })
}

/// True while it is proven that the servers have not let the session expire. False in doubt, after a loss, during the
/// first moments of a hold on a fresh connection, and on failure. A pause of the process between this call and what it
/// is followed by cannot be seen: only the token and fenced writes are proofs. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub extern "C" fn zk_guard_is_safe(guard: *const zk_guard) -> bool {
    boundary::value(false, || {
        let hold = handles::get(guard)?;
        Ok(hold.held.is_safe() && !*hold.released.borrow())
    })
}

/// How much longer the hold is certainly safe, in milliseconds of real time; 0 if it is not, or on failure. Threads:
/// any. Never waits.
#[unsafe(no_mangle)]
pub extern "C" fn zk_guard_safe_for_ms(guard: *const zk_guard) -> i64 {
    boundary::value(0, || {
        let hold = handles::get(guard)?;
        if *hold.released.borrow() {
            return Ok(0);
        }
        let safe = hold.held.safe_for().unwrap_or_default();
        Ok(i64::try_from(safe.as_millis()).unwrap_or(i64::MAX))
    })
}

/// Why the hold was lost. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub extern "C" fn zk_guard_loss(guard: *const zk_guard) -> zk_loss {
    boundary::value(zk_loss::ZK_LOSS_OTHER, || {
        let loss = handles::get(guard)?.loss();
        Ok(loss.map_or(zk_loss::ZK_LOSS_NONE, |lost| lost.why.into()))
    })
}

/// Waits until the hold ends: ZK_ERR_LOCK_LOST if it was lost, ZK_OK if it was released, ZK_ERR_TIMED_OUT if it is
/// still held at the deadline. Threads: any, also while others use or free the guard.
#[unsafe(no_mangle)]
pub extern "C" fn zk_guard_wait_lost(guard: *const zk_guard, deadline_ms: i64) -> zk_status {
    boundary::call(|| {
        let deadline = Deadline::from_ms(deadline_ms);
        let operation = handles::get(guard)?.until_lost(deadline);
        operation.wait().map(drop)
    })
}

/// Starts zk_guard_wait_lost. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_guard_start_wait_lost(
    guard: *const zk_guard,
    deadline_ms: i64,
    tag: *mut c_void,
    operation: *mut u64,
) -> zk_status {
    boundary::call(|| {
        let number = out!(operation, optional);
        let hold = handles::get(guard)?;
        hold.until_lost(Deadline::from_ms(deadline_ms))
            .start(&hold.session, tag, number)
    })
}

/// Waits until it is not certain any more that the lock is held: ZK_ERR_LOCK_DOUBT, or ZK_ERR_LOCK_LOST if it is known to
/// be lost, ZK_OK if it was released, ZK_ERR_TIMED_OUT if it is certainly held at the deadline. Threads: any, also while
/// others use or free the guard.
#[unsafe(no_mangle)]
pub extern "C" fn zk_guard_wait_doubted(guard: *const zk_guard, deadline_ms: i64) -> zk_status {
    boundary::call(|| {
        let deadline = Deadline::from_ms(deadline_ms);
        let operation = handles::get(guard)?.until_doubted(deadline);
        operation.wait().map(drop)
    })
}

/// Starts zk_guard_wait_doubted. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_guard_start_wait_doubted(
    guard: *const zk_guard,
    deadline_ms: i64,
    tag: *mut c_void,
    operation: *mut u64,
) -> zk_status {
    boundary::call(|| {
        let number = out!(operation, optional);
        let hold = handles::get(guard)?;
        hold.until_doubted(Deadline::from_ms(deadline_ms))
            .start(&hold.session, tag, number)
    })
}

/// Releases the lock and waits until the server has deleted the holder's node. `was_held` may be NULL; it is true if
/// the lock was held to the end, false if it had been lost before. If the deadline passes, or the call fails, the
/// release goes on in the background. A second release fails with ZK_ERR_MISUSE. The guard still has to be freed.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_guard_release(
    guard: *mut zk_guard,
    deadline_ms: i64,
    was_held: *mut bool,
) -> zk_status {
    boundary::call(|| {
        let deadline = Deadline::from_ms(deadline_ms);
        let out = out!(was_held, optional);
        let operation = handles::get(guard)?.release(deadline)?;
        if let Yield::Released(held) = operation.wait()? {
            out.put(held);
        }
        Ok(())
    })
}

/// Starts zk_guard_release: zk_result_was_held. The lock is let go of at once. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_guard_start_release(
    guard: *mut zk_guard,
    deadline_ms: i64,
    tag: *mut c_void,
    operation: *mut u64,
) -> zk_status {
    boundary::call(|| {
        let number = out!(operation, optional);
        let hold = handles::get(guard)?;
        hold.release(Deadline::from_ms(deadline_ms))?
            .start(&hold.session, tag, number)
    })
}

/// Frees a guard. A lock that was not released is released in the background. NULL is allowed. Threads: any, also
/// while others wait for its loss: they hear of the release. Never waits.
#[unsafe(no_mangle)]
pub extern "C" fn zk_guard_free(guard: *mut zk_guard) -> zk_status {
    boundary::call(|| handles::free(guard, |hold| drop(hold.let_go())))
}
