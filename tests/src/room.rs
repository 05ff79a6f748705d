//! A folder that stands for what locks protect: whoever holds has a file in it, and looks who else has.
//!
//! Programs in any language can take part. The file is made before the others are listed, so of two that are in at once
//! at least one sees the other.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder. A file is called `ROLE-WHO`; roles are `write`, `read` and `permit`.
#[derive(Debug, Clone)]
pub struct Room {
    folder: PathBuf,
    permits: usize,
}

/// Somebody's file.
#[derive(Debug)]
#[must_use = "it is left when this goes"]
pub struct Inside {
    file: PathBuf,
}

impl Room {
    /// An empty room below the folder for temporary files of a test program.
    ///
    /// # Panics
    ///
    /// If the folder cannot be made.
    #[must_use]
    pub fn new(below: &str, name: &str, permits: usize) -> Self {
        let folder = Path::new(below).join(format!("room-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder can be made");
        Self { folder, permits }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &str {
        self.folder.to_str().expect("a path is text")
    }

    /// Comes in.
    ///
    /// # Panics
    ///
    /// If somebody is there who may not be.
    pub fn enter(&self, role: &str, who: &str) -> Inside {
        let file = self.folder.join(format!("{role}-{who}"));
        fs::File::create_new(&file).expect("nobody is in twice");
        let there = fs::read_dir(&self.folder).expect("the folder is there");
        let there: Vec<String> = there
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        let writers = there
            .iter()
            .filter(|name| name.starts_with("write-"))
            .count();
        let is_right = match role {
            "write" => there.len() == 1,
            "read" => writers == 0,
            _ => there.len() <= self.permits,
        };
        assert!(is_right, "{role}-{who} is in with {there:?}");
        Inside { file }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}
