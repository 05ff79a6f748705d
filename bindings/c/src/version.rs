//! Which version this is: in the header when a program is compiled, in the library when it runs.

use std::ffi::{CStr, c_char};

/// The header's version: the first number.
pub const ZK_VERSION_MAJOR: u32 = 0;
/// The header's version: the second number.
pub const ZK_VERSION_MINOR: u32 = 1;
/// The header's version: the third number.
pub const ZK_VERSION_PATCH: u32 = 0;
/// The header's version as one number that grows: major * 1,000,000 + minor * 1,000 + patch.
pub const ZK_VERSION_NUMBER: u32 = 1000;

const NUMBER: u32 = decimal(env!("CARGO_PKG_VERSION_MAJOR")) * 1_000_000
    + decimal(env!("CARGO_PKG_VERSION_MINOR")) * 1_000
    + decimal(env!("CARGO_PKG_VERSION_PATCH"));

// The macros are literals for cbindgen's sake; the manifest has the last word.
const _: () = assert!(
    NUMBER == ZK_VERSION_NUMBER
        && NUMBER == ZK_VERSION_MAJOR * 1_000_000 + ZK_VERSION_MINOR * 1_000 + ZK_VERSION_PATCH,
    "the version in the manifest is not the one in version.rs"
);

const fn decimal(text: &str) -> u32 {
    let bytes = text.as_bytes();
    let mut value = 0;
    let mut at = 0;
    while at < bytes.len() {
        value = value * 10 + (bytes[at] - b'0') as u32;
        at += 1;
    }
    value
}

/// The version of the library that the program runs with, as ZK_VERSION_NUMBER counts. May be called at any time,
/// also in a forked child.
#[unsafe(no_mangle)]
pub extern "C" fn zk_version_number() -> u32 {
    NUMBER
}

/// The version of the library that the program runs with, as text.
#[unsafe(no_mangle)]
pub extern "C" fn zk_version() -> *const c_char {
    const TEXT: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(text) => text,
            Err(_) => c"",
        };
    TEXT.as_ptr()
}
