//! The one way into the library: stops panics, refuses forked children, notes the failure.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI32, Ordering};

use rustix::process::{Pid, getpid};

use crate::failure::Failure;
use crate::last_error;
use crate::status::zk_status;

/// The process that used the library first; 0 before that.
static OWNER: AtomicI32 = AtomicI32::new(0);

/// Runs the body of a function that answers with a status.
pub(crate) fn call(work: impl FnOnce() -> Result<(), Failure>) -> zk_status {
    match caught(work) {
        Ok(()) => zk_status::ZK_OK,
        Err(failure) => {
            let status = failure.status;
            last_error::note(failure);
            status
        }
    }
}

/// Runs the body of a function that answers with a value; `neutral` stands for a failure.
pub(crate) fn value<T>(neutral: T, work: impl FnOnce() -> Result<T, Failure>) -> T {
    match caught(work) {
        Ok(value) => value,
        Err(failure) => {
            last_error::note(failure);
            neutral
        }
    }
}

fn caught<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    // Everything shared is behind locks that forgive poisoning and is changed in one step.
    catch_unwind(AssertUnwindSafe(|| {
        refuse_child()?;
        work()
    }))
    .unwrap_or_else(|panic| {
        let what = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        // Dropping a payload may panic once more; then it is better lost.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
            std::mem::forget(again);
        }
        Err(panicked(&what))
    })
}

/// A panic that was stopped: a bug, whose effect nobody can know.
pub(crate) fn panicked(what: &str) -> Failure {
    Failure::new(
        zk_status::ZK_ERR_PANIC,
        format!("a bug in libzk_recipes, please report it: {what}"),
    )
    .with_fate(::zk_client::Fate::Unknown)
}

/// Takes the library into this process's possession: from now on its forked children are refused.
pub(crate) fn own() {
    let me = Pid::as_raw(Some(getpid()));
    let _ = OWNER.compare_exchange(0, me, Ordering::Relaxed, Ordering::Relaxed);
}

/// A forked child has none of the library's threads, and its locks may be held by them for ever. Comes before
/// any lock is taken.
fn refuse_child() -> Result<(), Failure> {
    let owner = OWNER.load(Ordering::Relaxed);
    if owner == 0 || owner == Pid::as_raw(Some(getpid())) {
        return Ok(());
    }
    Err(Failure::new(
        zk_status::ZK_ERR_FORKED,
        format!(
            "libzk_recipes was in use in process {owner} before the fork and cannot be used in its child; nothing \
             was done; fork first and connect then, or exec in the child"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_status_with_unknown_fate() {
        let status = call(|| panic!("of its own accord"));
        assert_eq!(status, zk_status::ZK_ERR_PANIC);
        assert_eq!(
            last_error::zk_last_error_fate(),
            crate::failure::zk_fate::ZK_FATE_UNKNOWN
        );
    }
}
