//! A server in this process, and programs that talk to it in turns with the test.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::Runtime;
use zk_embedded::{EmbeddedServer, Hooks};
use zk_tests::{Deadline, deadline};

/// How long one test may take; a JVM on a busy machine takes seconds to start.
const LIMIT: Duration = Duration::from_secs(60);

/// An embedded server on a port of its own, with a runtime that serves while the test waits.
pub(crate) struct Stand {
    server: EmbeddedServer,
    limit: Deadline,
    // Goes last.
    _runtime: Runtime,
}

impl Stand {
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(EmbeddedServer::builder().start()).unwrap();
        Self {
            server,
            limit: deadline(LIMIT),
            _runtime: runtime,
        }
    }

    pub(crate) fn connect_string(&self) -> String {
        self.server.connect_string()
    }

    pub(crate) fn hooks(&self) -> Hooks {
        self.server.hooks()
    }

    /// Starts a program that has been told where the server is.
    pub(crate) fn run(&self, program: Command) -> Program {
        Program::start(program, self.limit)
    }

    /// Waits until the server is as wanted.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, wanted: impl Fn(&Hooks) -> bool) {
        let hooks = self.hooks();
        self.limit.wait_for(what, || wanted(&hooks).then_some(()));
    }

    /// No session, no watch, no connection, and no node but these is left.
    #[track_caller]
    pub(crate) fn assert_left(&self, paths: &[&str]) {
        // A program ends a moment before the server hears of it.
        self.wait("all connections to end", |hooks| {
            hooks.connection_count() == 0
        });
        let hooks = self.hooks();
        assert_eq!(hooks.sessions(), [], "sessions are left");
        assert_eq!(hooks.watch_count(), 0, "watches are left");
        assert_eq!(hooks.paths(), paths);
    }
}

/// A running program that prints what it saw and reads what to do next; killed when dropped.
pub(crate) struct Program {
    child: Child,
    input: Option<ChildStdin>,
    /// On both its outputs: a shell of others answers on either.
    printed: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
    /// How many of the printed lines have been waited for.
    seen: usize,
    limit: Deadline,
}

impl Program {
    fn start(mut program: Command, limit: Deadline) -> Self {
        let mut child = program
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program:?}: {error}"));
        let printed = Arc::new(Mutex::new(Vec::new()));
        let readers = vec![
            collect(child.stdout.take().unwrap(), &printed),
            collect(child.stderr.take().unwrap(), &printed),
        ];
        Self {
            input: child.stdin.take(),
            child,
            printed,
            readers,
            seen: 0,
            limit,
        }
    }

    /// Waits for a line that contains `part`, after those that were waited for before.
    #[track_caller]
    pub(crate) fn sees(&mut self, part: &str) -> String {
        let (child, printed, seen) = (&mut self.child, &self.printed, &mut self.seen);
        let readers = &self.readers;
        self.limit.wait_for(format_args!("`{part}`"), || {
            // Asked first: once both outputs have been read to their ends, nothing more comes.
            let ended = readers.iter().all(JoinHandle::is_finished);
            let lines = lock(printed);
            let found = lines
                .iter()
                .skip(*seen)
                .position(|line| line.contains(part));
            if let Some(found) = found {
                *seen += found + 1;
                return lines.get(*seen - 1).cloned();
            }
            assert!(
                !ended,
                "ended ({:?}) without `{part}`",
                child.try_wait().unwrap()
            );
            None
        })
    }

    /// Tells it something, as one line.
    pub(crate) fn say(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
        input.flush().unwrap();
    }

    /// Ends its input, waits for its end, and returns all that it printed.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Vec<String> {
        self.input = None;
        let status = self
            .limit
            .wait_for("the program to end", || self.child.try_wait().unwrap());
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        let printed = lock(&self.printed).clone();
        assert!(status.success(), "{status}:\n{}", printed.join("\n"));
        printed
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("it printed:\n{}", lock(&self.printed).join("\n"));
        }
    }
}

/// Keeps the lines that come out of a pipe.
fn collect(pipe: impl Read + Send + 'static, printed: &Arc<Mutex<Vec<String>>>) -> JoinHandle<()> {
    let sink = Arc::clone(printed);
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            lock(&sink).push(line);
        }
    })
}

fn lock(lines: &Mutex<Vec<String>>) -> std::sync::MutexGuard<'_, Vec<String>> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}
