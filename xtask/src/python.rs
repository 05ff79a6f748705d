//! The Python package: its environment, and its tests in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::binaries::{End, Ends};
use crate::left_out::LeftOut;
use crate::shell::{self, LONG, Outcome};
use crate::source;

/// What claims and reports call the tests: `python::tests/test_lock.py::test_fifo`.
pub(crate) const NAME: &str = "python";

const PACKAGE: &str = "bindings/python";
const REQUIREMENTS: &str = "bindings/python/requirements-test.txt";

/// How long the tests may take.
const MOST_TIME: Duration = Duration::from_secs(10 * 60);

/// What came of running the tests.
pub(crate) struct Run {
    /// Each test function's end; one that runs with several parameters has its worst one.
    pub(crate) ends: Ends,
    /// How many tests passed, failed, were skipped.
    pub(crate) counts: [usize; 3],
    /// Whether pytest ended as its tests say.
    pub(crate) fault: Option<String>,
}

fn environment() -> PathBuf {
    shell::target_dir().join("python-venv")
}

/// The environment's interpreter, with the environment's programs first on its path.
fn python() -> Command {
    let programs = environment().join("bin");
    let mut search = vec![programs.clone()];
    search.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    let mut python = Command::new(programs.join("python"));
    python
        .current_dir(shell::root())
        .env("PYTHONDONTWRITEBYTECODE", "1");
    if let Ok(path) = std::env::join_paths(search) {
        python.env("PATH", path);
    }
    python
}

/// `python setup`: makes the environment in the target folder and installs what the tests need.
///
/// # Errors
///
/// If there is no python3 with venv, or no package registry answers.
pub(crate) fn setup() -> Outcome<()> {
    let mut make = shell::command("python3", &["-m", "venv"]);
    shell::output(make.arg(environment()), LONG).map_err(|error| {
        format!("{error}\nIt takes Python 3.11 or newer with venv (Debian: python3-venv).")
    })?;
    let mut pip = python();
    pip.args(["-m", "pip", "install", "--quiet", "--requirement"])
        .arg(REQUIREMENTS);
    shell::run(&mut pip, LONG)
}

/// Why the tests cannot run here, if they cannot.
pub(crate) fn left_out() -> Option<LeftOut> {
    let wanted = std::fs::read_to_string(shell::root().join(REQUIREMENTS)).unwrap_or_default();
    let why = if !environment().exists() {
        "there is no environment for them"
    } else if !has(&wanted) {
        "their environment lacks some of what they need"
    } else {
        return None;
    };
    Some(LeftOut {
        what: format!("tests of the Python package ({PACKAGE})"),
        why: why.to_owned(),
        remedy: "`cargo xtask python setup`, which asks PyPI; it takes python3 with venv"
            .to_owned(),
    })
}

/// Whether the environment has every wanted package in the wanted version.
fn has(wanted: &str) -> bool {
    let mut freeze = python();
    freeze.args(["-m", "pip", "freeze", "--all"]);
    let have = shell::output(&mut freeze, Duration::from_secs(60)).unwrap_or_default();
    lacks(wanted, &have).is_empty()
}

fn lacks<'a>(wanted: &'a str, have: &str) -> Vec<&'a str> {
    let wanted = wanted.lines().map(str::trim);
    wanted
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter(|line| !have.lines().any(|has| has.eq_ignore_ascii_case(line)))
        .collect()
}

/// Builds the package into its environment, as `pip install` does, but with the compiler's quick profile and what it
/// has built before.
///
/// # Errors
///
/// If it does not build.
pub(crate) fn install() -> Outcome<()> {
    let mut pip = python();
    pip.args(["-m", "pip", "install", "--quiet", "--force-reinstall"])
        .args(["--no-index", "--no-deps", "--no-build-isolation"])
        .arg(format!("./{PACKAGE}"))
        .env("MATURIN_PEP517_ARGS", "--profile dev")
        .env("CARGO_TARGET_DIR", shell::target_dir());
    shell::output(&mut pip, LONG).map(drop)
}

/// Runs the tests of the package that is installed.
///
/// # Errors
///
/// If pytest cannot be started.
pub(crate) fn test() -> Outcome<Run> {
    let mut pytest = python();
    pytest
        .args(["-m", "pytest", "-q", "-r", "pfEsxX", "--color=no"])
        .current_dir(shell::root().join(PACKAGE));
    let finished = shell::capture(&mut pytest, MOST_TIME)?;
    let run = read(&finished.stdout, finished.ok);
    if run.counts[1] > 0 || run.fault.is_some() {
        eprintln!("{}", finished.tail(300));
    }
    Ok(run)
}

/// `python test`: installs the package and runs its tests.
///
/// # Errors
///
/// If something is missing, or a test fails.
pub(crate) fn run() -> Outcome<()> {
    if let Some(left_out) = left_out() {
        return Err(left_out.to_string().into());
    }
    install()?;
    let run = test()?;
    let [passed, failed, skipped] = run.counts;
    eprintln!("{passed} passed, {failed} failed, {skipped} skipped");
    match run.fault {
        Some(fault) => Err(fault.into()),
        None if failed > 0 => Err(format!("{failed} tests failed").into()),
        None => Ok(()),
    }
}

/// The lines of pytest's summary.
fn read(printed: &str, success: bool) -> Run {
    let mut ends = Ends::new();
    let mut counts = [0; 3];
    for (test, end) in printed.lines().filter_map(summary_line) {
        counts[match end {
            End::Passed => 0,
            End::Failed => 1,
            End::Ignored => 2,
        }] += 1;
        let function = test.split_once('[').map_or(test, |(function, _)| function);
        let name = format!("{NAME}::{function}");
        match (ends.get(&name), end) {
            (Some(End::Failed), _) | (Some(End::Ignored), End::Passed) => {}
            _ => {
                ends.insert(name, end);
            }
        }
    }
    let fault = if counts == [0; 3] {
        Some("pytest ended without a summary".to_owned())
    } else if success == (counts[1] == 0) {
        None
    } else {
        Some("the exit code and the summary of pytest differ".to_owned())
    };
    Run {
        ends,
        counts,
        fault,
    }
}

/// The test and its end in a line such as `PASSED tests/test_lock.py::test_fifo[sync]`.
fn summary_line(line: &str) -> Option<(&str, End)> {
    let (word, rest) = line.split_once(' ')?;
    let end = match word {
        "PASSED" => End::Passed,
        "FAILED" | "ERROR" | "XPASS" => End::Failed,
        "SKIPPED" | "XFAIL" => End::Ignored,
        _ => return None,
    };
    let test = rest.split_once(" - ").map_or(rest, |(test, _)| test);
    Some((test, end))
}

/// The test functions in the sources, for claims that are checked without a run.
///
/// # Errors
///
/// If a source cannot be read.
pub(crate) fn list() -> Outcome<Ends> {
    let package = shell::root().join(PACKAGE);
    let mut ends = BTreeMap::new();
    for file in source::files(&package.join("tests"), &["py"])? {
        let shown = file.strip_prefix(&package).unwrap_or(&file);
        let text = std::fs::read_to_string(&file)?;
        ends.extend(functions(shown, &text).map(|name| (name, End::Passed)));
    }
    Ok(ends)
}

fn functions<'a>(file: &'a Path, text: &'a str) -> impl Iterator<Item = String> + 'a {
    text.lines().filter_map(move |line| {
        let line = line.strip_prefix("async ").unwrap_or(line);
        let rest = line.strip_prefix("def test_")?;
        let name = rest.split('(').next()?;
        Some(format!("{NAME}::{}::test_{name}", file.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "....F [100%]\n\
        PASSED tests/test_a.py::test_one\n\
        PASSED tests/test_a.py::test_two[a b]\n\
        FAILED tests/test_a.py::test_two[c] - assert 1 == 2\n\
        PASSED tests/test_a.py::test_two[d]\n\
        SKIPPED [1] tests/test_a.py:7: not here\n\
        1 failed, 3 passed, 1 skipped in 0.1s\n";

    #[test]
    fn a_function_ends_as_the_worst_of_its_parameters() {
        let run = read(PRINTED, false);
        assert_eq!(run.counts, [3, 1, 1]);
        assert_eq!(run.ends["python::tests/test_a.py::test_one"], End::Passed);
        assert_eq!(run.ends["python::tests/test_a.py::test_two"], End::Failed);
        assert_eq!(run.fault, None);
    }

    #[test]
    fn a_pytest_that_dies_or_contradicts_itself_is_at_fault() {
        assert!(read(PRINTED, true).fault.is_some());
        assert!(read("Segmentation fault\n", false).fault.is_some());
        assert!(read("no tests ran in 0.01s\n", true).fault.is_some());
        let good = "PASSED tests/test_a.py::test_one\n1 passed in 0.1s\n";
        assert!(read(good, false).fault.is_some());
        assert_eq!(read(good, true).fault, None);
    }

    #[test]
    fn test_functions_are_found_in_the_sources() {
        let text = "def test_one(a):\n\nasync def test_two() -> None:\n    def test_inner(): ...\n";
        let found: Vec<String> = functions(Path::new("tests/test_a.py"), text).collect();
        assert_eq!(
            found,
            [
                "python::tests/test_a.py::test_one",
                "python::tests/test_a.py::test_two"
            ]
        );
        let own = "python::tests/test_batches.py::test_an_idle_client_does_not_wake_the_loop";
        assert!(list().unwrap().contains_key(own));
    }

    #[test]
    fn missing_and_other_versions_are_lacking() {
        let wanted = "# why\nmaturin==1.16.0\npytest==9.2.0\n\nkazoo==2.11.0\n";
        let have = "Kazoo==2.11.0\npytest==9.1.0\npip==23\n";
        assert_eq!(lacks(wanted, have), ["maturin==1.16.0", "pytest==9.2.0"]);
    }
}
