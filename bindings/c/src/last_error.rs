//! What the latest failed call of each thread had to say.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};

use crate::failure::{Failure, zk_fate};
use crate::status::zk_status;

struct LastError {
    status: zk_status,
    fate: zk_fate,
    text: CString,
    path: CString,
    server: CString,
}

const EMPTY: &CStr = c"";

thread_local! {
    static LAST: RefCell<Option<LastError>> = const { RefCell::new(None) };
}

/// Keeps a failure for the questions below.
pub(crate) fn note(failure: Failure) {
    let last = LastError {
        status: failure.status,
        fate: failure.fate,
        text: text(failure.text),
        path: text(failure.path),
        server: text(failure.server),
    };
    // Fails only while the thread ends, when nobody can ask any more.
    let _ = LAST.try_with(|slot| slot.replace(Some(last)));
}

/// A text for C; NULs, which it cannot hold, are replaced.
pub(crate) fn text(text: impl Into<String>) -> CString {
    let text = text.into().replace('\0', "\u{fffd}");
    CString::new(text).unwrap_or_default()
}

fn last<T>(neutral: T, look: impl FnOnce(&LastError) -> T) -> T {
    LAST.try_with(|slot| slot.try_borrow().ok()?.as_ref().map(look))
        .ok()
        .flatten()
        .unwrap_or(neutral)
}

/// The text of the latest failed call of this thread: one line that names the operation, the path and the next
/// step. Empty if no call has failed yet. Valid until the next call in this thread fails, or the thread ends.
/// Never NULL. May be called in a forked child.
#[unsafe(no_mangle)]
pub extern "C" fn zk_last_error() -> *const c_char {
    last(EMPTY.as_ptr(), |last| last.text.as_ptr())
}

/// The path that the latest failed call of this thread was about; empty if it was about none. Valid as long as
/// zk_last_error() is.
#[unsafe(no_mangle)]
pub extern "C" fn zk_last_error_path() -> *const c_char {
    last(EMPTY.as_ptr(), |last| last.path.as_ptr())
}

/// The server, as named in the connect string, that the latest failed call of this thread asked; empty if it asked
/// none. Valid as long as zk_last_error() is.
#[unsafe(no_mangle)]
pub extern "C" fn zk_last_error_server() -> *const c_char {
    last(EMPTY.as_ptr(), |last| last.server.as_ptr())
}

/// The code of the latest failed call of this thread; ZK_OK if no call has failed yet.
#[unsafe(no_mangle)]
pub extern "C" fn zk_last_error_status() -> zk_status {
    last(zk_status::ZK_OK, |last| last.status)
}

/// Whether the latest failed call of this thread took effect.
#[unsafe(no_mangle)]
pub extern "C" fn zk_last_error_fate() -> zk_fate {
    last(zk_fate::ZK_FATE_NOT_APPLIED, |last| last.fate)
}
