//! Inputs that once broke something, in `corpus/TARGET/`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where those of a target are.
#[must_use]
pub fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target)
}

/// All of them, in the order of their names.
///
/// # Errors
///
/// If a file cannot be read; a target without a folder has none.
pub fn inputs(target: &str) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let folder = folder(target);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    files.sort();
    files
        .into_iter()
        .map(|file| fs::read(&file).map(|bytes| (file, bytes)))
        .collect()
}
