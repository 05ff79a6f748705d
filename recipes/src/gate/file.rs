//! A file as a gate.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::TokenGate;
use super::stale::{GateError, StaleToken};

/// A file that remembers the highest token it was written with, for programs of one machine.
///
/// Next to `PATH`, which holds the value and nothing else, stand `PATH.token`, with the highest token in decimal, and
/// `PATH.lock`, which writers lock (`flock`) and which stays. Each of the two is replaced by a rename, written through to the
/// disk before, the token first: a crash at any point leaves the old value or the new one, whole, and in no case a value
/// whose token is not remembered. Readers need no lock. Everybody who writes the file has to go this way, on a local file
/// system.
///
/// Its functions block, for some writes to the disk and while another program writes.
///
/// ```
/// use zk_recipes::gate::{FileGate, GateError};
///
/// # let folder = std::env::temp_dir().join(format!("zk-gate-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # let path = folder.join("state.json");
/// let state = FileGate::new(&path);
/// state.write(18, b"{}")?;
/// assert!(matches!(state.write(17, b"stale"), Err(GateError::Stale(_))));
/// assert_eq!(std::fs::read(&path)?, b"{}");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct FileGate {
    path: PathBuf,
}

impl FileGate {
    /// The gate of the file at `path`. Touches nothing; its folder has to be there when it is written.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Replaces the contents of the file, unless a higher token was here before.
    ///
    /// # Errors
    ///
    /// [`GateError::Stale`] if one was: nothing has changed. [`GateError::Failed`] with what the system says and the file it
    /// is about: the old contents or the new ones are there.
    pub fn write(&self, token: u64, value: &[u8]) -> Result<(), GateError<io::Error>> {
        self.write_steps(token, value, usize::MAX)
    }

    /// The contents of the file; `None` if there is none.
    ///
    /// # Errors
    ///
    /// What the system says, and the file it is about.
    pub fn read(&self) -> io::Result<Option<Vec<u8>>> {
        match fs::read(&self.path) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(about(&self.path, "read", error)),
        }
    }

    /// The highest token so far.
    ///
    /// # Errors
    ///
    /// What the system says, and `InvalidData` if there is something else in the file of the token.
    pub fn highest(&self) -> io::Result<Option<u64>> {
        let path = self.beside(".token");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(about(&path, "read", error)),
        };
        match text.trim_end().parse() {
            Ok(token) => Ok(Some(token)),
            // Taken for no token it would open the gate to everybody.
            Err(_) => Err(io::Error::new(
                ErrorKind::InvalidData,
                format!(
                    "{} holds no token; write the highest token that was used into it, in decimal",
                    path.display()
                ),
            )),
        }
    }

    /// A write that ends after so many steps, as a crash may make it.
    fn write_steps(
        &self,
        token: u64,
        value: &[u8],
        steps: usize,
    ) -> Result<(), GateError<io::Error>> {
        let _lock = self.lock().map_err(GateError::Failed)?;
        let highest = self.highest().map_err(GateError::Failed)?;
        StaleToken::check(token, highest)?;
        let text = format!("{token}\n");
        let remember = highest != Some(token);
        let replacements = [
            (remember, self.beside(".token"), text.as_bytes()),
            (true, self.path.clone(), value),
        ];
        let mut left = steps;
        for (_, path, contents) in replacements.into_iter().filter(|(needed, ..)| *needed) {
            replace(&path, contents, &mut left).map_err(GateError::Failed)?;
        }
        Ok(())
    }

    /// Locks out other writers, threads and processes, until the file is dropped.
    fn lock(&self) -> io::Result<File> {
        let path = self.beside(".lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let file = options
            .open(&path)
            .map_err(|error| about(&path, "open", error))?;
        loop {
            match flock(&file, FlockOperation::LockExclusive) {
                Ok(()) => return Ok(file),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(about(&path, "lock", error.into())),
            }
        }
    }

    fn beside(&self, ending: &str) -> PathBuf {
        beside(&self.path, ending)
    }
}

impl TokenGate for FileGate {
    type Error = io::Error;

    fn write(&self, token: u64, value: &[u8]) -> Result<(), GateError<io::Error>> {
        Self::write(self, token, value)
    }

    fn read(&self) -> io::Result<Vec<u8>> {
        Ok(Self::read(self)?.unwrap_or_default())
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// Replaces a file by one with other contents and the same permissions, through to the disk.
fn replace(path: &Path, contents: &[u8], steps: &mut usize) -> io::Result<()> {
    let new = beside(path, ".new");
    let mut go = || {
        *steps = steps.saturating_sub(1);
        *steps > 0
    };
    let write = || {
        let mut file = File::create(&new)?;
        if let Ok(old) = fs::metadata(path) {
            file.set_permissions(old.permissions())?;
        }
        file.write_all(contents)?;
        file.sync_all()
    };
    if !go() {
        return Ok(());
    }
    write().map_err(|error| about(&new, "write", error))?;
    if !go() {
        return Ok(());
    }
    fs::rename(&new, path).map_err(|error| about(path, "replace", error))?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // A rename is on the disk when its folder is.
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| about(folder, "sync", error))
}

fn about(path: &Path, what: &str, error: io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("cannot {what} {}: {error}", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let unique = format!("zk-file-gate-{}-{name}", std::process::id());
            let folder = std::env::temp_dir().join(unique);
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn gate(&self) -> FileGate {
            FileGate::new(self.0.join("value"))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_crash_after_any_step_leaves_a_whole_value_whose_token_is_remembered() {
        // Two steps each for token and value; a fifth is the end.
        for steps in 1..=5 {
            let folder = Folder::new(&format!("crash-{steps}"));
            let gate = folder.gate();
            gate.write(7, b"old").unwrap();
            gate.write_steps(8, b"new", steps).unwrap();
            let gate = folder.gate();
            let value = gate.read().unwrap().unwrap();
            assert!(value == b"old" || value == b"new", "{value:?}");
            if value == b"new" {
                assert_eq!(gate.highest().unwrap(), Some(8), "after {steps} steps");
                assert!(matches!(gate.write(7, b"x"), Err(GateError::Stale(_))));
            }
            assert_eq!(value == b"new", steps == 5);
            // Whoever crashed, or the next holder, goes on.
            gate.write(8, b"again").unwrap();
            assert_eq!(gate.read().unwrap().unwrap(), b"again");
            assert!(matches!(gate.write(7, b"x"), Err(GateError::Stale(_))));
        }
    }

    #[test]
    fn a_file_of_the_token_that_holds_none_lets_nobody_in() {
        let folder = Folder::new("garbage");
        let gate = folder.gate();
        for garbage in ["", "seven", "-1", "99999999999999999999"] {
            fs::write(gate.beside(".token"), garbage).unwrap();
            let Err(GateError::Failed(error)) = gate.write(u64::MAX, b"x") else {
                panic!("{garbage:?} was taken for a token");
            };
            assert_eq!(error.kind(), ErrorKind::InvalidData);
            assert!(error.to_string().contains("value.token"), "{error}");
        }
        assert_eq!(gate.read().unwrap(), None);
    }

    #[test]
    fn what_the_system_refuses_is_told_with_the_file() {
        let gate = FileGate::new("/no/such/folder/value");
        let Err(GateError::Failed(error)) = gate.write(1, b"x") else {
            panic!("written");
        };
        assert!(
            error.to_string().contains("/no/such/folder/value.lock"),
            "{error}"
        );
    }

    #[test]
    fn a_value_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = Folder::new("mode");
        let gate = folder.gate();
        gate.write(1, b"x").unwrap();
        fs::set_permissions(&gate.path, fs::Permissions::from_mode(0o600)).unwrap();
        gate.write(2, b"y").unwrap();
        let mode = fs::metadata(&gate.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
