//! What callers point to: the only place where pointers of theirs are read or written.

use std::ffi::{CStr, c_char, c_void};
use std::ptr::NonNull;

use crate::failure::Failure;
use crate::status::zk_status;

/// A length that says: the text ends with a NUL. The header has it from `cbindgen.toml`, which cannot write `MAX`.
pub(crate) const ZK_NUL: usize = usize::MAX;

/// A text of the caller. `what` names the argument in errors.
///
/// # Safety
///
/// `text` is NULL or points to `len` bytes, or to a NUL-terminated string if `len` is `ZK_NUL`, that stay as they
/// are for `'a`.
pub(crate) unsafe fn text<'a>(
    what: &str,
    text: *const c_char,
    len: usize,
) -> Result<&'a str, Failure> {
    let bytes = if len == ZK_NUL {
        if text.is_null() {
            return Err(Failure::null(what));
        }
        // SAFETY: not NULL, and NUL-terminated as the caller says.
        unsafe { CStr::from_ptr(text) }.to_bytes()
    } else {
        // SAFETY: as demanded of our caller.
        unsafe { bytes(what, text.cast(), len) }?
    };
    std::str::from_utf8(bytes).map_err(|error| {
        Failure::new(
            zk_status::ZK_ERR_INVALID_UTF8,
            format!("{what} is not UTF-8: {error}"),
        )
    })
}

/// Bytes of the caller; NULL with length 0 is empty.
///
/// # Safety
///
/// `data` is NULL or points to `len` bytes that stay as they are for `'a`.
pub(crate) unsafe fn bytes<'a>(
    what: &str,
    data: *const c_void,
    len: usize,
) -> Result<&'a [u8], Failure> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Failure::null(what));
    }
    if len > isize::MAX.unsigned_abs() {
        return Err(Failure::misuse(format!(
            "{what} cannot be {len} bytes long"
        )));
    }
    // SAFETY: not NULL, `len` fits an object, and the rest is demanded of our caller.
    Ok(unsafe { std::slice::from_raw_parts(data.cast(), len) })
}

/// Where a result goes. Made before the work is done, so that no result is lost to a NULL.
pub(crate) struct Out<T>(Option<NonNull<T>>);

impl<T> Out<T> {
    /// A place that must be given.
    ///
    /// # Safety
    ///
    /// `place` is NULL or may be written until this value is gone.
    pub(crate) unsafe fn required(what: &str, place: *mut T) -> Result<Self, Failure> {
        NonNull::new(place)
            .map(|place| Self(Some(place)))
            .ok_or_else(|| Failure::null(what))
    }

    /// A place that need not be given.
    ///
    /// # Safety
    ///
    /// As [`required`](Self::required).
    pub(crate) unsafe fn optional(place: *mut T) -> Self {
        Self(NonNull::new(place))
    }

    /// Whether the caller wants to know.
    pub(crate) fn is_wanted(&self) -> bool {
        self.0.is_some()
    }

    /// Writes the result.
    pub(crate) fn put(self, value: T) {
        if let Some(place) = self.0 {
            // SAFETY: not NULL, and writable as promised when this was made.
            unsafe { place.write(value) }
        }
    }
}

/// A text argument: `text_arg!(path, path_len)`.
macro_rules! text_arg {
    ($text:ident, $len:ident) => {
        // SAFETY: the header demands of callers what `text` demands of us.
        unsafe { $crate::args::text(stringify!($text), $text, $len) }?
    };
}

/// An argument of bytes: `bytes_arg!(data, data_len)`.
macro_rules! bytes_arg {
    ($data:ident, $len:ident) => {
        // SAFETY: the header demands of callers what `bytes` demands of us.
        unsafe { $crate::args::bytes(stringify!($data), $data, $len) }?
    };
}

/// Where a result goes: `out!(stat)`, or `out!(stat, optional)` if it may be NULL.
macro_rules! out {
    ($place:ident) => {
        // SAFETY: the header demands of callers that it may be written during the call, and it is not kept longer.
        unsafe { $crate::args::Out::required(stringify!($place), $place) }?
    };
    ($place:ident, optional) => {
        // SAFETY: as above.
        unsafe { $crate::args::Out::optional($place) }
    };
}

pub(crate) use {bytes_arg, out, text_arg};
