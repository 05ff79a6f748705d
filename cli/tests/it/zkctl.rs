//! Running the binary.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::server::LIMIT;

/// For tests of what happens before a session ends, and why: a machine that stands still for a quarter of it is told as the
/// cause of a doubt, and for half of it is too late.
pub(crate) const SESSION: [&str; 2] = ["--session-timeout", "8s"];

/// A command line, not yet run.
pub(crate) struct Zkctl {
    command: Command,
    input: Vec<u8>,
}

/// A command that runs.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<Vec<u8>>,
    stderr: Receiver<Vec<u8>>,
}

/// What a command left.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Zkctl {
    pub(crate) fn new(args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zkctl"));
        command
            .args(args)
            .env_remove("ZK_CONNECT")
            .env_remove("ZK_AUTH");
        for name in [
            "ZK_TLS_CA",
            "ZK_TLS_CRL",
            "ZK_TLS_CERT",
            "ZK_TLS_KEY",
            "ZK_SASL",
        ] {
            command.env_remove(name);
        }
        Self {
            command,
            input: Vec::new(),
        }
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn input(mut self, bytes: &[u8]) -> Self {
        self.input = bytes.to_vec();
        self
    }

    pub(crate) fn start(self) -> Running {
        // Small inputs only: they fit into the pipe.
        let (stdin, mut writer) = std::io::pipe().unwrap();
        writer.write_all(&self.input).unwrap();
        self.start_with(stdin)
    }

    pub(crate) fn start_with(mut self, stdin: impl Into<Stdio>) -> Running {
        self.command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Running {
            child,
            lines: read_lines(stdout),
            stderr: read_all(stderr),
        }
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Done {
        self.start().wait()
    }

    /// Runs it, expects success without a word on stderr, and yields its output.
    pub(crate) fn ok(self) -> String {
        let done = self.run();
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{done:?}");
        done.text().to_owned()
    }

    /// Runs it, expects failure without any output, and yields the exit code and the message.
    pub(crate) fn fails(self) -> (i32, String) {
        let done = self.run();
        assert_eq!(done.text(), "", "{done:?}");
        (done.code.unwrap(), done.stderr)
    }
}

impl Running {
    pub(crate) fn id(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).unwrap();
    }

    /// The next line of output, without its end.
    pub(crate) fn line(&self) -> String {
        let line = self.lines.recv_timeout(LIMIT).expect("a line of output");
        String::from_utf8(line).unwrap().trim_end().to_owned()
    }

    pub(crate) fn wait(mut self) -> Done {
        let deadline = Instant::now() + LIMIT;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() > deadline => panic!("zkctl does not end"),
                None => thread::sleep(POLL),
            }
        };
        let mut stdout = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(LIMIT) {
            stdout.extend(line);
        }
        let left = "something that it started still has its stderr";
        let stderr = self.stderr.recv_timeout(LIMIT).expect(left);
        Done {
            code: status.code(),
            stdout,
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }
}

impl Drop for Running {
    /// Leaves nothing running when a test fails.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Done {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }
}

/// Waits until `happened`.
pub(crate) fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !happened() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(POLL);
    }
}

fn read_lines(stdout: ChildStdout) -> Receiver<Vec<u8>> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        loop {
            let mut line = Vec::new();
            if !matches!(stdout.read_until(b'\n', &mut line), Ok(1..)) || sender.send(line).is_err()
            {
                return;
            }
        }
    });
    lines
}

fn read_all(mut from: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, all) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        // Nobody waits for it when a test has failed.
        let _ = sender.send(bytes);
    });
    all
}

const POLL: Duration = Duration::from_millis(5);
