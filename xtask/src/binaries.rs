//! The workspace's test programs: building them, asking them for their tests, running them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::shell::{self, LONG, Outcome};
use crate::workspace::{self, Package};

/// How long one test program may run. The slowest takes a minute; a hang is not to use up CI.
const MOST_TIME: Duration = Duration::from_secs(15 * 60);

/// One test program.
pub(crate) struct TestBinary {
    /// How claims and reports name it: `zk_wire` (the crate) for the unit tests of a library,
    /// `zk-tests/real` (package and target) for everything else.
    pub(crate) name: String,
    program: PathBuf,
    /// What comes before the arguments for the tests.
    args: Vec<OsString>,
    env: Vec<(&'static str, OsString)>,
    folder: PathBuf,
}

/// How one test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It ran and passed.
    Passed,
    /// It ran and failed.
    Failed,
    /// It is marked `#[ignore]`.
    Ignored,
}

/// Tests by their full name: the binary's name, `::`, the path in it.
pub(crate) type Ends = BTreeMap<String, End>;

/// What came of running one test program.
pub(crate) struct Run {
    /// Each test's end.
    pub(crate) ends: Ends,
    /// Whether the program itself ended as its tests say.
    pub(crate) fault: Option<String>,
}

/// Builds the test programs of a selection.
///
/// # Errors
///
/// If they do not build.
pub(crate) fn build(selection: &[String]) -> Outcome<Vec<TestBinary>> {
    let packages = workspace::members()?;
    let mut cargo = shell::cargo();
    cargo
        .args(["test", "--no-run", "--lib", "--bins", "--tests"])
        .args(selection);
    if selection.iter().any(|word| word == "--workspace") {
        // As a program it would lack the interpreter's symbols; its tests are in Python.
        cargo.args(["--exclude", "zk-python"]);
    }
    cargo.arg("--message-format=json-render-diagnostics");
    let finished = shell::capture(&mut cargo, LONG)?;
    if !finished.ok {
        return Err(format!(
            "the tests do not build: {}\n{}",
            finished.end, finished.stderr
        )
        .into());
    }
    let mut binaries: Vec<TestBinary> = finished
        .stdout
        .lines()
        .filter_map(|line| binary(line, &packages))
        .collect();
    binaries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(binaries)
}

/// A test program from one line of cargo's build messages.
fn binary(line: &str, packages: &[Package]) -> Option<TestBinary> {
    let message: Value = serde_json::from_str(line).ok()?;
    if message["reason"] != "compiler-artifact" || message["profile"]["test"] != true {
        return None;
    }
    let program = PathBuf::from(message["executable"].as_str()?);
    let manifest = PathBuf::from(message["manifest_path"].as_str()?);
    let package = packages
        .iter()
        .find(|package| Some(package.folder.as_path()) == manifest.parent())?;
    let target = message["target"]["name"].as_str()?;
    let is_library = message["target"]["kind"]
        .as_array()?
        .iter()
        .any(|kind| kind == "lib");
    let name = if is_library {
        target.replace('-', "_")
    } else {
        format!("{}/{target}", package.name)
    };
    Some(TestBinary {
        name,
        program,
        args: Vec::new(),
        // As `cargo test` would start it; ours are those of xtask.
        env: vec![
            ("CARGO_MANIFEST_DIR", package.folder.clone().into()),
            ("CARGO_PKG_NAME", package.name.clone().into()),
        ],
        folder: package.folder.clone(),
    })
}

impl TestBinary {
    /// A program that cargo knows nothing of and that speaks as libtest does, perhaps run by another one.
    pub(crate) fn wrapped(
        name: &str,
        wrapper: &[OsString],
        program: PathBuf,
        folder: PathBuf,
    ) -> Self {
        let mut words = wrapper.iter().cloned().chain([program.into()]);
        Self {
            name: name.to_owned(),
            program: words.next().map(PathBuf::from).unwrap_or_default(),
            args: words.collect(),
            env: Vec::new(),
            folder,
        }
    }

    /// Sets a variable of its environment.
    pub(crate) fn with_env(mut self, name: &'static str, value: &str) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// The tests in it, none of them run.
    ///
    /// # Errors
    ///
    /// If the program does not start or fails.
    pub(crate) fn list(&self) -> Outcome<Ends> {
        let limit = Duration::from_secs(60);
        let all = shell::output(self.command().args(["--list", "--format", "terse"]), limit)?;
        let mut ignored = self.command();
        ignored.args(["--list", "--format", "terse", "--ignored"]);
        let ignored = shell::output(&mut ignored, limit)?;
        let mut ends: Ends = listed(&all)
            .map(|test| (self.full(test), End::Passed))
            .collect();
        ends.extend(listed(&ignored).map(|test| (self.full(test), End::Ignored)));
        Ok(ends)
    }

    /// Runs its tests; what it prints goes to our standard error.
    ///
    /// # Errors
    ///
    /// If the program does not start.
    pub(crate) fn run(&self) -> Outcome<Run> {
        let begun = Instant::now();
        let mut child = self
            .command()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let pipe = child.stdout.take().ok_or("a piped output")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut printed = Vec::new();
        loop {
            match lines.recv_timeout(MOST_TIME.saturating_sub(begun.elapsed())) {
                Ok(line) => {
                    // Passing tests are counted, not listed; all else helps to find a fault.
                    if !line.ends_with("... ok") && !line.is_empty() {
                        eprintln!("    {line}");
                    }
                    printed.push(line);
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    child.kill()?;
                    child.wait()?;
                    let fault = format!("stopped after {} s", MOST_TIME.as_secs());
                    return Ok(Run {
                        ends: self.ends(&printed),
                        fault: Some(fault),
                    });
                }
            }
        }
        let status = child.wait()?;
        let ends = self.ends(&printed);
        let fault =
            fault(&printed, &ends, status.success()).map(|fault| format!("{fault}; {status}"));
        Ok(Run { ends, fault })
    }

    fn ends(&self, printed: &[String]) -> Ends {
        printed
            .iter()
            .filter_map(|line| test_line(line))
            .map(|(test, end)| (self.full(test), end))
            .collect()
    }

    fn full(&self, test: &str) -> String {
        format!("{}::{test}", self.name)
    }

    fn command(&self) -> Command {
        // Whoever started us in the background, or under nohup, has us ignore signals, and programs inherit that. Tests of
        // signals must not depend on it.
        let mut command = Command::new("env");
        command
            .arg("--default-signal=HUP,INT,QUIT")
            .arg(&self.program)
            .args(&self.args)
            .current_dir(&self.folder)
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// The names in the answer to `--list --format terse`.
fn listed(answer: &str) -> impl Iterator<Item = &str> {
    answer
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
}

/// The test and its end in a line such as `test lock::waits ... ok`.
fn test_line(line: &str) -> Option<(&str, End)> {
    let (name, end) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let end = match end.split([',', ' ']).next()? {
        "ok" => End::Passed,
        "FAILED" => End::Failed,
        "ignored" => End::Ignored,
        _ => return None,
    };
    Some((name.strip_suffix(" - should panic").unwrap_or(name), end))
}

/// What the summary line says: passed, failed, ignored.
fn summary(line: &str) -> Option<[usize; 3]> {
    let counts = line.strip_prefix("test result: ")?;
    let count = |word: &str| {
        counts
            .split([';', '.'])
            .find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok())
    };
    Some([count("passed")?, count("failed")?, count("ignored")?])
}

/// The sums over all summary lines of an output.
pub(crate) fn summaries(output: &str) -> [usize; 3] {
    output
        .lines()
        .filter_map(summary)
        .fold([0; 3], |sum, counts| {
            [sum[0] + counts[0], sum[1] + counts[1], sum[2] + counts[2]]
        })
}

/// Why the lines of a program cannot be trusted, if they cannot.
fn fault(printed: &[String], ends: &Ends, success: bool) -> Option<&'static str> {
    let Some(counts) = printed.iter().rev().find_map(|line| summary(line)) else {
        return Some("ended without a summary");
    };
    let count = |wanted: End| ends.values().filter(|end| **end == wanted).count();
    if counts != [count(End::Passed), count(End::Failed), count(End::Ignored)] {
        return Some("its summary and its lines differ");
    }
    (success != (counts[1] == 0)).then_some("its exit code and its summary differ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn lines_of_libtest_are_read() {
        assert_eq!(test_line("test a::b ... ok"), Some(("a::b", End::Passed)));
        assert_eq!(
            test_line("test a::b - should panic ... ok"),
            Some(("a::b", End::Passed))
        );
        assert_eq!(test_line("test a ... FAILED"), Some(("a", End::Failed)));
        assert_eq!(
            test_line("test a ... ignored, slow"),
            Some(("a", End::Ignored))
        );
        assert_eq!(test_line("test result: ok. 1 passed"), None);
        assert_eq!(test_line("a test ... ok"), None);
    }

    #[test]
    fn summaries_are_added_up() {
        let output = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
                      noise\ntest result: FAILED. 2 passed; 5 failed; 0 ignored; 0 measured\n";
        assert_eq!(summaries(output), [5, 5, 1]);
    }

    #[test]
    fn a_program_that_dies_or_contradicts_itself_is_at_fault() {
        let passed = Ends::from([("x::a".to_owned(), End::Passed)]);
        let good = lines("test a ... ok\ntest result: ok. 1 passed; 0 failed; 0 ignored;");
        assert_eq!(fault(&good, &passed, true), None);
        assert!(fault(&good, &passed, false).is_some());
        assert!(fault(&lines("test a ... ok"), &passed, false).is_some());
        let more = lines("test result: ok. 2 passed; 0 failed; 0 ignored;");
        assert!(fault(&more, &passed, true).is_some());
    }
}
