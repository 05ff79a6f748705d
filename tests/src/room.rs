//! A folder that stands for what locks protect: whoever holds has a file in it, and looks who else has.
//!
//! Programs in any language can take part. The file is made before the others are listed, so of two that are in at once
//! at least one sees the other. Whoever is in writes so into a log beside the folder: who followed whom is told by that. The
//! others' programs go on until there is a third thing beside it, a file that says that it is enough.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::Exchanges;

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
        let room = Self { folder, permits };
        let _ = fs::remove_file(room.end());
        fs::write(room.log(), "").expect("a log can be made");
        room
    }

    /// Tells the others' programs that they need not go on.
    ///
    /// # Panics
    ///
    /// If the file that says so cannot be made.
    pub fn say_enough(&self) {
        fs::write(self.end(), "").expect("a file can be made");
    }

    fn end(&self) -> String {
        format!("{}.enough", self.folder())
    }

    /// Where everybody writes `ROLE-WHO`, a line for each time that it came in.
    fn log(&self) -> String {
        format!("{}.log", self.folder())
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
        let log = fs::OpenOptions::new().append(true).open(self.log());
        let line = format!("{role}-{who}\n");
        let written = log.and_then(|mut log| log.write_all(line.as_bytes()));
        written.expect("the log can be written");
        Inside { file }
    }

    /// How often those whose name begins with this came in directly after the others, and the others after them. Of two
    /// readers none follows the other: both are in by the same right.
    ///
    /// # Panics
    ///
    /// If the log cannot be read, or a line of it is not `ROLE-WHO`.
    #[must_use]
    pub fn exchanges(&self, side: &str) -> Exchanges {
        let log = fs::read_to_string(self.log()).expect("the log can be read");
        // What is behind the last end of a line is being written.
        let (lines, _) = log.rsplit_once('\n').unwrap_or_default();
        let came: Vec<(&str, bool)> = lines
            .lines()
            .map(|line| {
                let (role, who) = line.split_once('-').expect("a line is ROLE-WHO");
                (role, who.starts_with(side))
            })
            .collect();
        let mut exchanges = Exchanges::default();
        for pair in came.windows(2) {
            match pair {
                [("read", _), ("read", _)] => {}
                [(_, was), (_, is)] => exchanges.step(*was, *is),
                _ => {}
            }
        }
        exchanges
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_followed_whom_is_told_by_who_came_in_and_readers_follow_no_readers() {
        let below = std::env::temp_dir().join(format!("zk-room-{}", std::process::id()));
        let room = Room::new(below.to_str().unwrap(), "exchanges", 1);
        let came = [
            ("write", "rust-0"),
            ("write", "java-0"),
            ("write", "java-1"),
            ("read", "rust-1"),
            ("read", "java-0"),
            ("read", "rust-1"),
            ("write", "java-1"),
        ];
        for (role, who) in came {
            drop(room.enter(role, who));
        }
        let exchanges = room.exchanges("rust");
        assert_eq!((exchanges.to, exchanges.from), (1, 2));
        fs::remove_dir_all(below).unwrap();
    }
}
