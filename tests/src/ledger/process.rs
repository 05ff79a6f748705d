//! A process of contenders that keep a ledger.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crate::Deadline;

/// What contenders are told: where, and as whom.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "a test names them all")]
pub struct Job<'a> {
    /// The servers.
    pub connect: &'a str,
    /// The lock's path.
    pub lock: &'a str,
    /// Where the counter and the marks are.
    pub base: &'a str,
    /// How many contenders the process is.
    pub contenders: u32,
    /// The session timeout in milliseconds.
    pub session_ms: u32,
    /// Whose names the lock's nodes have: `curator` or `kazoo`.
    pub layout: &'a str,
}

/// A running process of contenders; killed when dropped.
#[derive(Debug)]
pub struct Contenders {
    name: String,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Contenders {
    /// Starts a program with a name of its own. Its standard error goes to ours.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    #[must_use]
    pub fn start(name: &str, mut program: Command, job: &Job<'_>) -> Self {
        program
            .env("ZK_CONNECT", job.connect)
            .env("ZK_LOCK", job.lock)
            .env("ZK_BASE", job.base)
            .env("ZK_CONTENDERS", job.contenders.to_string())
            .env("ZK_SESSION_MS", job.session_ms.to_string())
            .env("ZK_LAYOUT", job.layout)
            .env("ZK_NAME", name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = program
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start the contenders {name}: {error}"));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
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
            lines,
            reader: Some(reader),
        }
    }

    /// The process's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process's number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How many additions it has reported done.
    #[must_use]
    pub fn done(&self) -> usize {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let done = |line: &&String| {
            let has = |part| line.contains(part);
            (has(r#""op":"add""#) || has(r#""op": "add""#))
                && (has(r#""outcome":"done""#) || has(r#""outcome": "done""#))
        };
        lines.iter().filter(done).count()
    }

    /// Waits until its contenders are connected.
    ///
    /// # Panics
    ///
    /// If it ends, or is not ready before the deadline.
    #[track_caller]
    pub fn wait_until_ready(&mut self, limit: &Deadline) {
        let what = format!("the contenders {} to be ready", self.name);
        limit.wait_for(what, || {
            self.must_live();
            self.printed()
                .iter()
                .find(|line| line.contains("ready"))
                .map(drop)
        });
    }

    /// Waits until it has done so many additions in all.
    ///
    /// # Panics
    ///
    /// If it ends, or has not before the deadline.
    #[track_caller]
    pub fn wait_until_done(&mut self, additions: usize, limit: &Deadline) {
        let what = format!("{additions} additions of {}", self.name);
        limit.wait_for(what, || {
            self.must_live();
            (self.done() >= additions).then_some(())
        });
    }

    /// Ends its input, waits for its end, and returns all that it printed.
    ///
    /// # Panics
    ///
    /// If it fails or does not end before the deadline.
    #[track_caller]
    pub fn finish(mut self, limit: &Deadline) -> Vec<String> {
        drop(self.child.stdin.take());
        let status = limit.wait_for(format_args!("the contenders {} to end", self.name), || {
            self.child.try_wait().expect("its state can be asked for")
        });
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader does not panic");
        }
        let printed = self.printed();
        assert!(status.success(), "the contenders {}: {status}", self.name);
        let last = printed.last().cloned().unwrap_or_default();
        assert!(last.contains("end"), "{} ended with `{last}`", self.name);
        printed
    }

    /// What it has printed so far.
    #[must_use]
    pub fn printed(&self) -> Vec<String> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    #[track_caller]
    fn must_live(&mut self) {
        let ended = self.child.try_wait().expect("its state can be asked for");
        assert!(
            ended.is_none(),
            "the contenders {} have ended: {ended:?}",
            self.name
        );
    }
}

impl Drop for Contenders {
    fn drop(&mut self) {
        // Both fail only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
