//! A mutual exclusion lock.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use recipes::{Acquire, Layout};

use crate::args::{out, text_arg};
use crate::boundary;
use crate::client::zk_client;
use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::guard::{self, zk_guard};
use crate::handles::{self, Opaque};
use crate::operation::Operation;
use crate::outcome::Yield;
use crate::result::{self, zk_result};
use crate::session::Session;
use crate::status::zk_status;

/// A lock on a path that one contender holds at a time, in the order of arrival; shared with Curator's
/// InterProcessMutex, or with kazoo's Lock (zk_mutex_set_layout). Not re-entrant: who acquires it twice waits for itself. A fact for third parties is only the
/// token of a guard.
pub struct zk_mutex {
    _private: [u8; 0],
}

impl Opaque for zk_mutex {
    type Object = Lock;
    const NAME: &'static str = "zk_mutex";
}

/// A lock and the session it is contended for in.
#[derive(Debug)]
pub struct Lock {
    session: Arc<Session>,
    recipe: recipes::Mutex,
    options: Mutex<Options>,
}

/// What later acquisitions are made with.
#[derive(Debug, Clone, Default)]
struct Options {
    contender: Option<String>,
    layout: Layout,
}

/// Whose programs a lock is shared with.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum zk_layout {
    /// Curator's InterProcessMutex and go-zk's lock: the default.
    ZK_LAYOUT_CURATOR = 0,
    /// kazoo's Lock.
    ZK_LAYOUT_KAZOO = 1,
}

/// A number from C may be anything, so it does not come in as the enum.
fn layout(number: i32) -> Result<Layout, Failure> {
    const CURATOR: i32 = zk_layout::ZK_LAYOUT_CURATOR as i32;
    const KAZOO: i32 = zk_layout::ZK_LAYOUT_KAZOO as i32;
    match number {
        CURATOR => Ok(Layout::Curator),
        KAZOO => Ok(Layout::Kazoo),
        _ => Err(Failure::misuse(format!("{number} is no zk_layout"))),
    }
}

impl Lock {
    fn acquisition(&self) -> Acquire {
        let Options { contender, layout } = self.options().clone();
        let acquire = self.recipe.clone().layout(layout).acquire();
        match contender {
            Some(text) => acquire.contender(text),
            None => acquire,
        }
    }

    fn options(&self) -> MutexGuard<'_, Options> {
        self.options.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn acquire(&self, deadline: Deadline) -> Operation {
        let mut acquire = self.acquisition();
        if let Some(left) = deadline.left() {
            acquire = acquire.timeout(left);
        }
        Operation::new(async move { Ok(Yield::Guard(Some(acquire.await?))) })
    }

    fn try_acquire(&self, deadline: Deadline) -> Operation {
        let acquire = self.acquisition();
        let path = self.recipe.path().to_owned();
        Operation::new(async move {
            match deadline.bound(acquire.if_free()).await {
                Some(guard) => Ok(Yield::Guard(guard?)),
                None => Err(Failure::timed_out("asking for the lock", deadline).at(&path)),
            }
        })
    }

    fn contenders(&self, deadline: Deadline) -> Operation {
        let recipe = self.recipe.clone();
        Operation::new(async move {
            match deadline.bound(recipe.contenders()).await {
                Some(contenders) => Ok(Yield::Contenders(contenders?)),
                None => {
                    let failure = Failure::timed_out("listing the contenders", deadline);
                    Err(failure.at(recipe.path()))
                }
            }
        })
    }
}

/// The lock at `path`. Sends nothing; missing parents are made when somebody acquires it. The mutex does not keep the
/// client: when that is closed or freed, the calls of the mutex fail with ZK_ERR_CLOSED. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_mutex_new(
    client: *mut zk_client,
    path: *const c_char,
    path_len: usize,
    mutex: *mut *mut zk_mutex,
) -> zk_status {
    boundary::call(|| {
        let out = out!(mutex);
        let session = Arc::clone(&*handles::get(client)?);
        let recipe = recipes::Mutex::new(session.zk(), text_arg!(path, path_len))?;
        let lock = Lock {
            session,
            recipe,
            options: Mutex::default(),
        };
        out.put(handles::insert::<zk_mutex>(lock)?.pointer());
        Ok(())
    })
}

/// Frees a mutex. Guards made from it stay. NULL is allowed. Threads: any, also while others wait in calls of the same
/// mutex, which go on.
#[unsafe(no_mangle)]
pub extern "C" fn zk_mutex_free(mutex: *mut zk_mutex) -> zk_status {
    boundary::call(|| handles::free(mutex, drop))
}

/// Sets the text by which operators recognise the contenders of later acquisitions. Default: host name and process
/// id. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_mutex_set_contender(
    mutex: *mut zk_mutex,
    text: *const c_char,
    text_len: usize,
) -> zk_status {
    boundary::call(|| {
        let lock = handles::get(mutex)?;
        let text = text_arg!(text, text_len).to_owned();
        lock.options().contender = Some(text);
        Ok(())
    })
}

/// Sets whose programs later acquisitions share the lock with: `layout` is a zk_layout. All contenders of one path use
/// one layout; a path with both is refused (ZK_ERR_MIXED_CONTENDERS). Threads: any. Never waits.
#[unsafe(no_mangle)]
pub extern "C" fn zk_mutex_set_layout(mutex: *mut zk_mutex, layout: i32) -> zk_status {
    boundary::call(|| {
        let lock = handles::get(mutex)?;
        lock.options().layout = self::layout(layout)?;
        Ok(())
    })
}

/// Acquires the lock, waiting for those who came before. Fails with ZK_ERR_ACQUIRE_TIMED_OUT when the deadline passes
/// first; then, as after any failure, no contender is left behind. After an expiry of the session it waits at the tail
/// again. Release the guard with zk_guard_release, free it with zk_guard_free. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_mutex_acquire(
    mutex: *mut zk_mutex,
    deadline_ms: i64,
    guard: *mut *mut zk_guard,
) -> zk_status {
    boundary::call(|| {
        let deadline = Deadline::from_ms(deadline_ms);
        let out = out!(guard);
        let lock = handles::get(mutex)?;
        match lock.acquire(deadline).wait()? {
            Yield::Guard(Some(held)) => guard::hand_over(out, held, &lock.session),
            _ => Err(Failure::bug("an acquisition yielded no guard")),
        }
    })
}

/// Starts zk_mutex_acquire: zk_result_take_guard. To stop waiting: zk_client_cancel. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_mutex_start_acquire(
    mutex: *mut zk_mutex,
    deadline_ms: i64,
    tag: *mut c_void,
    operation: *mut u64,
) -> zk_status {
    boundary::call(|| {
        let number = out!(operation, optional);
        let lock = handles::get(mutex)?;
        lock.acquire(Deadline::from_ms(deadline_ms))
            .start(&lock.session, tag, number)
    })
}

/// Acquires the lock if nobody holds it or waits for it; otherwise succeeds with `guard` NULL. Never waits for other
/// contenders; the deadline is for the servers' answers. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_mutex_try_acquire(
    mutex: *mut zk_mutex,
    deadline_ms: i64,
    guard: *mut *mut zk_guard,
) -> zk_status {
    boundary::call(|| {
        let deadline = Deadline::from_ms(deadline_ms);
        let out = out!(guard);
        let lock = handles::get(mutex)?;
        match lock.try_acquire(deadline).wait()? {
            Yield::Guard(Some(held)) => guard::hand_over(out, held, &lock.session),
            _ => {
                out.put(std::ptr::null_mut());
                Ok(())
            }
        }
    })
}

/// Starts zk_mutex_try_acquire: zk_result_take_guard. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_mutex_start_try_acquire(
    mutex: *mut zk_mutex,
    deadline_ms: i64,
    tag: *mut c_void,
    operation: *mut u64,
) -> zk_status {
    boundary::call(|| {
        let number = out!(operation, optional);
        let lock = handles::get(mutex)?;
        lock.try_acquire(Deadline::from_ms(deadline_ms))
            .start(&lock.session, tag, number)
    })
}

/// Lists who holds the lock and who waits, in order: zk_result_count, zk_result_contender. Empty if the lock is free.
/// Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_mutex_contenders(
    mutex: *mut zk_mutex,
    deadline_ms: i64,
    result: *mut *mut zk_result,
) -> zk_status {
    boundary::call(|| {
        let deadline = Deadline::from_ms(deadline_ms);
        let out = out!(result);
        let lock = handles::get(mutex)?;
        result::hand_over(out, lock.contenders(deadline).wait(), &lock.session)
    })
}

/// Starts zk_mutex_contenders. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_mutex_start_contenders(
    mutex: *mut zk_mutex,
    deadline_ms: i64,
    tag: *mut c_void,
    operation: *mut u64,
) -> zk_status {
    boundary::call(|| {
        let number = out!(operation, optional);
        let lock = handles::get(mutex)?;
        lock.contenders(Deadline::from_ms(deadline_ms))
            .start(&lock.session, tag, number)
    })
}
