//! `test`: everything, in order, with one line per step and the sum at the end.

use std::time::Instant;

use crate::binaries::{self, End, Ends};
use crate::c;
use crate::check::{self, Verdict};
use crate::fuzz;
use crate::left_out::LeftOut;
use crate::machine::{self, Machine};
use crate::python;
use crate::selection;
use crate::shell::{self, LONG, Outcome};

/// Runs everything that this machine can run. Returns whether nothing failed.
pub(crate) fn run() -> bool {
    let begun = Instant::now();
    let machine = Machine::probe();
    let mut tally = Tally::default();
    for left_out in machine.left_out() {
        tally.leave_out(left_out.clone());
    }
    tally.step("format", || cargo(&["fmt", "--all", "--check"], Vec::new()));
    let clippy = ["clippy", "--quiet"];
    tally.step("lints of everything", || {
        let mut words = selection::everything(&machine)?;
        words.push("--all-targets".to_owned());
        cargo(&clippy, denying_warnings(words))
    });
    tally.step("lints of the products, default features", || {
        cargo(&clippy, denying_warnings(selection::products()))
    });
    tally.step("lints of the libraries, no features", || {
        cargo(&clippy, denying_warnings(selection::featureless()))
    });
    tally.step("documentation", || {
        cargo(&["doc", "--no-deps", "--quiet"], selection::documented()?)
    });
    for check in check::CHECKS {
        tally.step(&format!("check {}", check.name), || {
            judged(check.name, (check.look)())
        });
    }
    let mut ends = Ends::new();
    // First, because contenders in Python take part in the tests on real servers.
    let python = install_python(&mut tally);
    match selection::everything(&machine) {
        Ok(everything) => {
            tests(&everything, "", &mut tally, &mut ends);
            doc_tests(&everything, &mut tally);
        }
        Err(error) => tally.fail("tests", &error.to_string()),
    }
    for left_out in c::left_out() {
        tally.leave_out(left_out);
    }
    c::test(|group| {
        tally.group(&group);
        ends.extend(group.ends);
    });
    tests(
        &selection::simulation(),
        ", optimised",
        &mut tally,
        &mut ends,
    );
    tests(
        &selection::featureless(),
        ", no features",
        &mut tally,
        &mut Ends::new(),
    );
    tally.step("fuzzing, in short", || fuzz::smoke().map(StepEnd::Passed));
    if python {
        python_tests(&mut tally, &mut ends);
    }
    tally.step("check claims", || {
        judged("claims", check::claims(Some(&ends)))
    });
    eprintln!("\nall of it took {} s", begun.elapsed().as_secs());
    tally.report()
}

fn denying_warnings(mut words: Vec<String>) -> Vec<String> {
    words.extend(["--", "--deny", "warnings"].map(str::to_owned));
    words
}

/// A cargo command that has to succeed, and to document without warnings.
fn cargo(args: &[&str], selection: Vec<String>) -> Outcome<StepEnd> {
    let mut cargo = shell::cargo();
    cargo
        .args(args)
        .args(selection)
        .env("RUSTDOCFLAGS", "--deny warnings");
    let finished = shell::capture(&mut cargo, LONG)?;
    if finished.ok {
        Ok(StepEnd::Passed(String::new()))
    } else {
        Err(finished.tail(200).into())
    }
}

/// How a step ended, unless it failed.
enum StepEnd {
    Passed(String),
    LeftOut(LeftOut),
}

fn judged(name: &str, verdict: Outcome<Verdict>) -> Outcome<StepEnd> {
    match verdict? {
        Verdict::Holds(note) => Ok(StepEnd::Passed(note)),
        Verdict::Broken(findings) => Err(findings.join("\n").into()),
        Verdict::LeftOut { why, remedy } => Ok(StepEnd::LeftOut(LeftOut {
            what: format!("check {name}"),
            why,
            remedy,
        })),
    }
}

/// Unit tests and test programs, each program once, with each test's end noted for the claims.
fn tests(selection: &[String], suffix: &str, tally: &mut Tally, all: &mut Ends) {
    let mut binaries = Vec::new();
    tally.step(&format!("building the tests{suffix}"), || {
        binaries = binaries::build(selection)?;
        Ok(StepEnd::Passed(format!("{} programs", binaries.len())))
    });
    for binary in binaries {
        let begun = Instant::now();
        let (ends, fault) = match binary.run() {
            Ok(run) => (run.ends, run.fault),
            Err(error) => (Ends::new(), Some(error.to_string())),
        };
        let name = format!("{}{suffix}", binary.name);
        tally.tests(&name, begun, counts(&ends), fault);
        all.extend(ends);
    }
}

/// Installs the Python package in its own environment. Returns whether it is there.
fn install_python(tally: &mut Tally) -> bool {
    if let Some(left_out) = python::left_out() {
        tally.leave_out(left_out);
        return false;
    }
    let mut installed = false;
    tally.step("installing the Python package", || {
        python::install()?;
        installed = true;
        Ok(StepEnd::Passed(String::new()))
    });
    installed
}

fn python_tests(tally: &mut Tally, all: &mut Ends) {
    let begun = Instant::now();
    match python::test() {
        Ok(run) => {
            tally.tests(python::NAME, begun, run.counts, run.fault);
            all.extend(run.ends);
        }
        Err(error) => tally.fail(python::NAME, &error.to_string()),
    }
}

fn counts(ends: &Ends) -> [usize; 3] {
    let count = |wanted: End| ends.values().filter(|end| **end == wanted).count();
    [count(End::Passed), count(End::Failed), count(End::Ignored)]
}

fn doc_tests(selection: &[String], tally: &mut Tally) {
    let begun = Instant::now();
    let mut cargo = shell::cargo();
    cargo
        .args(["test", "--doc", "--no-fail-fast"])
        .args(selection);
    match shell::capture(&mut cargo, LONG) {
        Ok(finished) => {
            let counts = binaries::summaries(&finished.stdout);
            if !finished.ok {
                eprintln!("{}", finished.tail(200));
            }
            let unexplained = !finished.ok && counts[1] == 0;
            tally.tests(
                "doc tests",
                begun,
                counts,
                unexplained.then_some(finished.end),
            );
        }
        Err(error) => tally.fail("doc tests", &error.to_string()),
    }
}

/// The counts so far. Tests count one each, and so does every other step.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    failures: Vec<String>,
    left_out: Vec<LeftOut>,
}

impl Tally {
    fn step(&mut self, name: &str, work: impl FnOnce() -> Outcome<StepEnd>) {
        let begun = Instant::now();
        match work() {
            Ok(StepEnd::Passed(note)) => {
                self.passed += 1;
                let note = if note.is_empty() {
                    note
                } else {
                    format!(": {note}")
                };
                eprintln!(
                    "ok      {:6.1} s  {name}{note}",
                    begun.elapsed().as_secs_f64()
                );
            }
            Ok(StepEnd::LeftOut(left_out)) => self.leave_out(left_out),
            Err(error) => {
                eprintln!("{error}");
                self.failed += 1;
                self.failures.push(name.to_owned());
                eprintln!("FAILED  {:6.1} s  {name}", begun.elapsed().as_secs_f64());
            }
        }
    }

    fn fail(&mut self, name: &str, why: &str) {
        self.step(name, || Err(why.to_owned().into()));
    }

    fn group(&mut self, group: &c::Group) {
        let counts = counts(&group.ends);
        self.tests(&group.name, group.begun, counts, group.fault.clone());
    }

    fn tests(&mut self, name: &str, begun: Instant, counts: [usize; 3], fault: Option<String>) {
        let [passed, failed, ignored] = counts;
        self.passed += passed;
        self.failed += failed;
        let verdict = if failed > 0 || fault.is_some() {
            "FAILED"
        } else {
            "ok    "
        };
        let seconds = begun.elapsed().as_secs_f64();
        eprintln!("{verdict}  {seconds:6.1} s  {name}: {passed} tests passed, {failed} failed");
        if failed > 0 {
            self.failures.push(format!("{name}: {failed} tests"));
        }
        if let Some(fault) = fault {
            self.failed += 1;
            self.failures.push(format!("{name}: {fault}"));
        }
        if ignored > 0 {
            self.leave_out(LeftOut {
                what: format!("{ignored} tests of {name}"),
                why: "they are marked #[ignore]".to_owned(),
                remedy: "take the mark away".to_owned(),
            });
        }
    }

    /// Under `CI=true` what is left out has failed.
    fn leave_out(&mut self, left_out: LeftOut) {
        eprintln!("{left_out}");
        if machine::ci() {
            self.failed += 1;
            self.failures.push(left_out.to_string());
        }
        self.left_out.push(left_out);
    }

    /// Says what failed and what was left out, then the sum. Returns whether nothing failed.
    fn report(&self) -> bool {
        for failure in &self.failures {
            eprintln!("failed: {failure}");
        }
        if !machine::ci() {
            for left_out in &self.left_out {
                eprintln!("{left_out}");
            }
        }
        println!("{} passed, {} failed", self.passed, self.failed);
        self.failed == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_tests_count_one_each_and_a_program_at_fault_counts_as_failed() {
        let mut tally = Tally::default();
        tally.step("good", || Ok(StepEnd::Passed(String::new())));
        tally.fail("bad", "why");
        tally.tests("zk_wire", Instant::now(), [7, 0, 0], None);
        tally.tests("zk_session", Instant::now(), [3, 2, 0], None);
        tally.tests(
            "zk_client",
            Instant::now(),
            [1, 0, 0],
            Some("aborted".to_owned()),
        );
        assert_eq!((tally.passed, tally.failed), (12, 4));
        assert_eq!(
            tally.failures,
            ["bad", "zk_session: 2 tests", "zk_client: aborted"]
        );
        assert!(!tally.report());
    }

    #[test]
    fn ignored_tests_are_named_as_left_out() {
        let mut tally = Tally::default();
        tally.tests("zk_wire", Instant::now(), [7, 0, 2], None);
        assert_eq!(tally.left_out.len(), 1);
        assert!(tally.left_out[0].to_string().contains("2 tests of zk_wire"));
    }
}
