//! The tests of the C library: what C programs, compilers and tools have to say about it.

mod group;
mod install;
mod mode;
mod programs;
mod tools;

use std::time::Instant;

use crate::binaries::{End, Ends};
use crate::left_out::LeftOut;
use crate::shell::{self, LONG, Outcome};
use mode::Mode;
use tools::Tools;

pub(crate) use group::Group;

/// Runs every test that this machine has the tools for, and hands in each group when it is done.
pub(crate) fn test(mut hand_in: impl FnMut(Group)) {
    let tools = Tools::probe();
    if !tools.can_build() {
        return;
    }
    let begun = Instant::now();
    let prefix = match install::testing() {
        Ok(prefix) => prefix,
        Err(error) => {
            hand_in(Group::failed("c::install", begun, &error.to_string()));
            return;
        }
    };
    for mode in Mode::ALL {
        if tools.has(mode) {
            mode.run(&prefix, &mut hand_in);
        }
    }
    hand_in(install::test(&prefix, &tools));
}

/// Runs the tests alone, for those who work on them.
///
/// # Errors
///
/// If one fails.
pub(crate) fn test_alone() -> Outcome<()> {
    let [mut passed, mut failed] = [0, 0];
    test(|group| {
        let count = |wanted: End| group.ends.values().filter(|end| **end == wanted).count();
        passed += count(End::Passed);
        failed += count(End::Failed) + usize::from(group.fault.is_some());
        eprintln!(
            "{:6.1} s  {}: {} tests{}",
            group.begun.elapsed().as_secs_f64(),
            group.name,
            group.ends.len(),
            group
                .fault
                .map_or_else(String::new, |fault| format!("; {fault}")),
        );
    });
    for left_out in left_out() {
        eprintln!("{left_out}");
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 {
        Ok(())
    } else {
        Err(format!("{failed} tests of the C library failed").into())
    }
}

/// Writes the headers and the list of symbols from the sources.
///
/// # Errors
///
/// If the sources do not build.
pub(crate) fn write_header() -> Outcome<()> {
    let mut cargo = shell::cargo();
    cargo
        .args(["test", "--quiet", "--package", "zk-c", "--test", "header"])
        .env("ZK_C_HEADER", "write");
    shell::run(&mut cargo, LONG)
}

/// What this machine has no tools for.
pub(crate) fn left_out() -> Vec<LeftOut> {
    Tools::probe().left_out()
}

/// The tests by name, none of them run; and the beginnings of the names of those that cannot run here.
///
/// # Errors
///
/// If the sources of the tests cannot be read.
pub(crate) fn listed() -> Outcome<(Ends, Vec<String>)> {
    let tools = Tools::probe();
    let mut ends = Ends::new();
    let mut unserved = Vec::new();
    for mode in Mode::ALL {
        if tools.can_build() && tools.has(mode) {
            ends.extend(mode.listed()?.into_iter().map(|name| (name, End::Passed)));
        } else {
            unserved.push(format!("{}::", mode.prefix()));
        }
    }
    ends.extend(install::listed(&tools).map(|name| (name, End::Passed)));
    Ok((ends, unserved))
}
