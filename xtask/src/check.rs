//! `check`: rules that the compiler does not know.

mod awaitables;
mod cancel;
mod circles;
mod claims;
mod crates;
mod demos;
mod docs;
mod layers;
mod msrv;
mod readme;
mod repeatable;
mod size;
mod tables;
mod verdict;

use std::time::Instant;

use crate::machine;
use crate::shell::Outcome;

pub(crate) use claims::check as claims;
pub(crate) use verdict::Verdict;

/// A named rule.
pub(crate) struct Check {
    /// The word after `cargo xtask check`.
    pub(crate) name: &'static str,
    /// One line for the help text.
    pub(crate) about: &'static str,
    /// Looks.
    pub(crate) look: fn() -> Outcome<Verdict>,
}

/// All rules but `claims`, which wants to know which tests ran.
pub(crate) const CHECKS: [Check; 10] = [
    Check {
        name: "layers",
        about: "dependencies between crates, and what sans-IO code may name",
        look: layers::check,
    },
    Check {
        name: "circles",
        about: "import circles inside each crate",
        look: circles::check,
    },
    Check {
        name: "size",
        about: "no hand-written file over 700 lines",
        look: size::check,
    },
    Check {
        name: "docs",
        about: "the sections that public async functions document",
        look: docs::check,
    },
    Check {
        name: "cancel",
        about: "docs/cancellation.md lists all that can be awaited, in the class it documents",
        look: cancel::check,
    },
    Check {
        name: "repeatable",
        about: "no select! draws its order, and nothing simulated differs from run to run",
        look: repeatable::check,
    },
    Check {
        name: "crates",
        about: "zkctl builds from fewer than 120 crates",
        look: crates::check,
    },
    Check {
        name: "readme",
        about: "the README's Rust compiles with the dependencies that it names",
        look: readme::check,
    },
    Check {
        name: "demos",
        about: "each page of docs/recipes is complete, and its demo of faults does what it says",
        look: demos::check,
    },
    Check {
        name: "msrv",
        about: "the libraries build with Rust 1.85",
        look: msrv::check,
    },
];

/// The rule about tables of claims, by the list of tests without running them.
const CLAIMS: Check = Check {
    name: "claims",
    about: "each claim in a table of docs/ names a test that exists",
    look: || claims::check(None),
};

/// `check NAME` or `check all`.
///
/// # Errors
///
/// If there is no such check, one is broken, or (under `CI=true`) one is left out.
pub(crate) fn run(name: &str) -> Outcome<()> {
    let chosen: Vec<&Check> = CHECKS
        .iter()
        .chain([&CLAIMS])
        .filter(|check| name == "all" || name == check.name)
        .collect();
    if chosen.is_empty() {
        let names: Vec<&str> = CHECKS
            .iter()
            .chain([&CLAIMS])
            .map(|check| check.name)
            .collect();
        return Err(format!("no check `{name}`; there are: {}, all", names.join(", ")).into());
    }
    let mut failed = 0;
    for check in chosen {
        let begun = Instant::now();
        let verdict =
            (check.look)().unwrap_or_else(|error| Verdict::Broken(vec![error.to_string()]));
        let seconds = begun.elapsed().as_secs_f64();
        match verdict {
            Verdict::Holds(note) => eprintln!("ok      {seconds:6.1} s  {}: {note}", check.name),
            Verdict::Broken(findings) => {
                failed += 1;
                eprintln!("FAILED  {seconds:6.1} s  {}", check.name);
                for finding in findings {
                    eprintln!("    {finding}");
                }
            }
            Verdict::LeftOut { why, remedy } => {
                failed += usize::from(machine::ci());
                eprintln!(
                    "left out: {} because {why}; to include: {remedy}",
                    check.name
                );
            }
        }
    }
    if failed == 0 {
        Ok(())
    } else {
        Err(format!("{failed} checks failed").into())
    }
}

/// The lines of the help text.
pub(crate) fn help() -> String {
    let line = |check: &Check| format!("    {:<22}{}\n", check.name, check.about);
    CHECKS.iter().chain([&CLAIMS]).map(line).collect()
}
