//! Unmodified Curator and kazoo as peers: the programs of `tests/java` on Debian's jars, and of `tests/python` on the
//! kazoo of the environment that `cargo xtask python setup` makes.

mod partner;
mod talk;

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};

use crate::Deadline;
pub use partner::Partner;
pub use talk::{Channel, Talk, bytes, word};

/// Where Debian's packages put their jars.
const JARS: &str = "/usr/share/java";

/// Curator 5.4 and what it needs at run time; the jars of the Java client name their own needs.
const CLASS_PATH: [&str; 13] = [
    "curator-recipes",
    "curator-framework",
    "curator-client",
    "curator-x-discovery",
    "curator-test",
    "jackson-databind",
    "jackson-core",
    "jackson-annotations",
    "zookeeper",
    "zookeeper-jute",
    "guava",
    "slf4j-api",
    "slf4j-nop",
];

/// The command that runs the class of this name in `tests/java`; the programs are compiled when first needed.
///
/// # Panics
///
/// If a program does not compile.
#[must_use]
pub fn java(class: &str) -> Command {
    let mut java = Command::new("java");
    java.args(["-Xmx256m", "-XX:+UseSerialGC", "-cp"])
        .arg(format!("{}:{}", classes().display(), class_path()))
        .arg(class);
    java
}

/// The command that runs the script of this name in `tests/python`.
#[must_use]
pub fn python(script: &str) -> Command {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
    let mut python = Command::new(home().join("python-venv/bin/python"));
    python
        .arg(folder.join(script))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    python
}

/// A running program; killed when dropped.
#[derive(Debug)]
pub struct Peer {
    name: String,
    child: Child,
    printed: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Peer {
    /// Starts the class of this name in `tests/java` with arguments; the programs are compiled
    /// when first needed. Its standard error goes to ours.
    ///
    /// # Panics
    ///
    /// If a program does not compile or Java does not start.
    #[must_use]
    pub fn curator(class: &str, args: &[&str]) -> Self {
        let mut java = java(class);
        java.args(args);
        Self::start(class, java)
    }

    /// Starts the script of this name in `tests/python` with arguments. Its standard error goes to ours.
    ///
    /// # Panics
    ///
    /// If Python does not start.
    #[must_use]
    pub fn kazoo(script: &str, args: &[&str]) -> Self {
        let mut python = python(script);
        python.args(args);
        Self::start(script, python)
    }

    fn start(name: &str, mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let printed = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&printed);
        let pipe = child.stdout.take().expect("its standard output is a pipe");
        let reader = thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                sink.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line);
            }
        });
        Self {
            name: name.to_owned(),
            child,
            printed,
            reader: Some(reader),
        }
    }

    /// The lines it has printed so far.
    #[must_use]
    pub fn printed(&self) -> Vec<String> {
        self.printed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits for a line that starts with `prefix`.
    ///
    /// # Panics
    ///
    /// If there is none before the deadline.
    #[track_caller]
    pub fn wait_for_line(&self, prefix: &str, deadline: &Deadline) -> String {
        deadline.wait_for(format_args!("{} to print `{prefix}`", self.name), || {
            self.printed()
                .into_iter()
                .find(|line| line.starts_with(prefix))
        })
    }

    /// Waits for its end and returns all that it printed.
    ///
    /// # Panics
    ///
    /// If it fails or does not end before the deadline.
    #[track_caller]
    pub fn finish(mut self, deadline: &Deadline) -> Vec<String> {
        let status = deadline.wait_for(format_args!("{} to end", self.name), || {
            self.child.try_wait().expect("its state can be asked for")
        });
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader does not panic");
        }
        let printed = self.printed();
        assert!(
            status.success(),
            "{}: {status}\n{}",
            self.name,
            printed.join("\n")
        );
        printed
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Both fail only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn class_path() -> String {
    CLASS_PATH
        .map(|name| format!("{JARS}/{name}.jar"))
        .join(":")
}

/// The folder of the compiled programs, made once per content of their sources.
fn classes() -> &'static Path {
    static CLASSES: OnceLock<PathBuf> = OnceLock::new();
    CLASSES.get_or_init(compile)
}

fn compile() -> PathBuf {
    let sources = sources();
    let mut hasher = DefaultHasher::new();
    for source in &sources {
        fs::read(source)
            .expect("a source can be read")
            .hash(&mut hasher);
    }
    let classes = home()
        .join("curator-peers")
        .join(format!("{:016x}", hasher.finish()));
    if classes.exists() {
        return classes;
    }
    // Compiled aside and moved, so that another test process never sees half of it.
    let draft = classes.with_extension(format!("draft-{}", std::process::id()));
    let status = Command::new("javac")
        .args(["-cp", &class_path(), "-d"])
        .arg(&draft)
        .args(&sources)
        .status()
        .expect("javac starts");
    assert!(status.success(), "javac {}: {status}", draft.display());
    if fs::rename(&draft, &classes).is_err() {
        assert!(
            classes.exists(),
            "cannot move {} into place",
            draft.display()
        );
        let _ = fs::remove_dir_all(&draft);
    }
    classes
}

/// The build directory.
fn home() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let home = test.ancestors().nth(3);
    home.expect("a test lies in target/PROFILE/deps").to_owned()
}

fn sources() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("java");
    let mut sources: Vec<PathBuf> = fs::read_dir(folder)
        .expect("tests/java is there")
        .map(|entry| entry.expect("its entries can be read").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "java")
        })
        .collect();
    sources.sort();
    sources
}
