//! Data on the command line.

use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::os::unix::ffi::OsStringExt as _;

use crate::exit::{Failure, code};

/// The bytes of an argument; those of stdin for `-`.
pub(crate) fn read(argument: OsString) -> Result<Vec<u8>, Failure> {
    if argument != OsStr::new("-") {
        return Ok(argument.into_vec());
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|e| Failure::new(code::INTERNAL, format!("cannot read stdin: {e}")))?;
    Ok(bytes)
}
