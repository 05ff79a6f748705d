//! What an operation yielded.

use std::ffi::{CString, c_char, c_void};
use std::sync::{Arc, Mutex, PoisonError};

use ::zk_client::{Bytes, Stat};
use recipes::LockGuard;

use crate::args::{Out, out};
use crate::boundary;
use crate::contenders::{self, Listed, zk_contender};
use crate::failure::Failure;
use crate::guard::{self, zk_guard};
use crate::handles::{self, Opaque};
use crate::last_error;
use crate::outcome::{Outcome, Yield};
use crate::session::Session;
use crate::stat::zk_stat;
use crate::status::zk_status;

/// What an operation yielded: data, metadata, a path, names, contenders or a guard. Does not change. What pointers
/// taken from it point to is good until it is freed.
pub struct zk_result {
    _private: [u8; 0],
}

impl Opaque for zk_result {
    type Object = Answer;
    const NAME: &'static str = "zk_result";
}

/// The parts of an outcome, ready for C.
#[derive(Debug)]
pub struct Answer {
    failure: Option<Failure>,
    data: Option<Bytes>,
    stat: Option<Stat>,
    exists: Option<bool>,
    path: Option<CString>,
    names: Option<Vec<CString>>,
    contenders: Option<Vec<Listed>>,
    guard: Option<Mutex<Prize>>,
    was_held: Option<bool>,
    session: Arc<Session>,
}

/// What came of an acquisition.
#[derive(Debug)]
enum Prize {
    /// The lock was not free.
    None,
    Guard(Box<LockGuard>),
    Taken,
}

impl Answer {
    pub(crate) fn of(outcome: Outcome, session: &Arc<Session>) -> Self {
        let mut answer = Self {
            failure: None,
            data: None,
            stat: None,
            exists: None,
            path: None,
            names: None,
            contenders: None,
            guard: None,
            was_held: None,
            session: Arc::clone(session),
        };
        match outcome {
            Err(failure) => answer.failure = Some(failure),
            Ok(Yield::Nothing) => {}
            Ok(Yield::Node(node)) => {
                answer.data = Some(node.data);
                answer.stat = Some(node.stat);
            }
            Ok(Yield::Stat(stat)) => answer.stat = Some(stat),
            Ok(Yield::Existence(stat)) => {
                answer.exists = Some(stat.is_some());
                answer.stat = stat;
            }
            Ok(Yield::Path(path)) => answer.path = Some(last_error::text(path)),
            Ok(Yield::Names(names)) => {
                answer.names = Some(names.into_iter().map(last_error::text).collect());
            }
            Ok(Yield::Contenders(found)) => {
                answer.contenders = Some(found.into_iter().map(contenders::listed).collect());
            }
            Ok(Yield::Guard(guard)) => {
                let prize = guard.map_or(Prize::None, |guard| Prize::Guard(Box::new(guard)));
                answer.guard = Some(Mutex::new(prize));
            }
            Ok(Yield::Released(was_held)) => answer.was_held = Some(was_held),
        }
        answer
    }

    fn part<'a, T>(&self, part: &'a Option<T>, what: &str) -> Result<&'a T, Failure> {
        match (part, &self.failure) {
            (Some(part), _) => Ok(part),
            (None, Some(failure)) => Err(failure.clone()),
            (None, None) => Err(Failure::misuse(format!("the result has no {what}"))),
        }
    }
}

/// Gives a successful outcome to a caller who waited for it.
pub(crate) fn hand_over(
    out: Out<*mut zk_result>,
    outcome: Outcome,
    session: &Arc<Session>,
) -> Result<(), Failure> {
    let answer = Answer::of(Ok(outcome?), session);
    out.put(handles::insert::<zk_result>(answer)?.pointer());
    Ok(())
}

/// How the operation ended. A failure becomes the last error of the calling thread, as if the operation had been
/// waited for. Threads: any. Never waits, like all functions of a result.
#[unsafe(no_mangle)]
pub extern "C" fn zk_result_status(result: *const zk_result) -> zk_status {
    boundary::call(|| {
        let answer = handles::get(result)?;
        answer.failure.clone().map_or(Ok(()), Err)
    })
}

/// The data of a node that was read; `data` may come back as NULL if `len` is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_result_data(
    result: *const zk_result,
    data: *mut *const c_void,
    len: *mut usize,
) -> zk_status {
    boundary::call(|| {
        let (out, out_len) = (out!(data), out!(len));
        let answer = handles::get(result)?;
        let data = answer.part(&answer.data, "data")?;
        out.put(data.as_ptr().cast());
        out_len.put(data.len());
        Ok(())
    })
}

/// The metadata of a node that was read, written, or found to exist.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_result_stat(result: *const zk_result, stat: *mut zk_stat) -> zk_status {
    boundary::call(|| {
        let out = out!(stat);
        let answer = handles::get(result)?;
        out.put(answer.part(&answer.stat, "stat")?.into());
        Ok(())
    })
}

/// Whether the node of zk_client_start_exists exists.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_result_exists(
    result: *const zk_result,
    exists: *mut bool,
) -> zk_status {
    boundary::call(|| {
        let out = out!(exists);
        let answer = handles::get(result)?;
        out.put(*answer.part(&answer.exists, "answer to zk_client_start_exists")?);
        Ok(())
    })
}

/// The path of the node that was created, with its sequence number if it has one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_result_path(
    result: *const zk_result,
    path: *mut *const c_char,
) -> zk_status {
    boundary::call(|| {
        let out = out!(path);
        let answer = handles::get(result)?;
        out.put(answer.part(&answer.path, "path")?.as_ptr());
        Ok(())
    })
}

/// How many children or contenders were listed; 0 on failure.
#[unsafe(no_mangle)]
pub extern "C" fn zk_result_count(result: *const zk_result) -> usize {
    boundary::value(0, || {
        let answer = handles::get(result)?;
        if let Some(contenders) = &answer.contenders {
            return Ok(contenders.len());
        }
        Ok(answer.part(&answer.names, "list")?.len())
    })
}

/// The name of the child number `index` (from 0), without its parent's path.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_result_name(
    result: *const zk_result,
    index: usize,
    name: *mut *const c_char,
) -> zk_status {
    boundary::call(|| {
        let out = out!(name);
        let answer = handles::get(result)?;
        let names = answer.part(&answer.names, "list of children")?;
        out.put(at(names, index)?.as_ptr());
        Ok(())
    })
}

/// The contender number `index` (from 0) of a lock, in the order of the queue.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_result_contender(
    result: *const zk_result,
    index: usize,
    contender: *mut zk_contender,
) -> zk_status {
    boundary::call(|| {
        let out = out!(contender);
        let answer = handles::get(result)?;
        let contenders = answer.part(&answer.contenders, "list of contenders")?;
        out.put(at(contenders, index)?.into());
        Ok(())
    })
}

/// Takes the guard of an acquired lock out of a result; NULL if zk_mutex_start_try_acquire found the lock taken.
/// A guard that is not taken is released when the result is freed. The second taking fails with ZK_ERR_MISUSE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_result_take_guard(
    result: *const zk_result,
    guard: *mut *mut zk_guard,
) -> zk_status {
    boundary::call(|| {
        let out = out!(guard);
        let answer = handles::get(result)?;
        let place = answer.part(&answer.guard, "guard")?;
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *place, Prize::Taken) {
            Prize::Guard(prize) => guard::hand_over(out, *prize, &answer.session),
            Prize::None => {
                *place = Prize::None;
                out.put(std::ptr::null_mut());
                Ok(())
            }
            Prize::Taken => Err(Failure::misuse(
                "the guard was taken out of the result already",
            )),
        }
    })
}

/// Whether the lock that was released had been held to the end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_result_was_held(
    result: *const zk_result,
    was_held: *mut bool,
) -> zk_status {
    boundary::call(|| {
        let out = out!(was_held);
        let answer = handles::get(result)?;
        out.put(*answer.part(&answer.was_held, "answer to zk_guard_start_release")?);
        Ok(())
    })
}

/// Frees a result. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn zk_result_free(result: *mut zk_result) -> zk_status {
    boundary::call(|| handles::free(result, drop))
}

fn at<T>(list: &[T], index: usize) -> Result<&T, Failure> {
    list.get(index).ok_or_else(|| {
        Failure::misuse(format!(
            "there is no entry {index}; the list has {} and begins at 0",
            list.len()
        ))
    })
}
