//! `check demos`: each page of `docs/recipes` says what its recipes guarantee, what they cannot, shows how each is used, and
//! has for each a demo of faults that does what the page says.
//!
//! A demo is the block of `sh` below the heading "See it break", or, where a page has several recipes, below the name of the
//! recipe there; the block of `text` after it has lines that it prints, among others and in any order, with `…` for what
//! differs from run to run.

mod page;
mod recipes;

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use self::page::Demo;
use super::verdict::Verdict;
use crate::machine::Machine;
use crate::selection;
use crate::shell::{self, LONG, Outcome};

/// How long a demo may take. The slowest takes 15 s on an idle machine.
const LIMIT: Duration = Duration::from_secs(120);

/// How many run at a time: they mostly wait.
const AT_A_TIME: usize = 6;

/// Reads the pages, builds what the demos need, and runs them.
///
/// # Errors
///
/// If the pages cannot be read, or cargo cannot be started.
pub(super) fn check() -> Outcome<Verdict> {
    let (demos, mut findings) = read_all(&shell::root())?;
    if !findings.is_empty() {
        return Ok(Verdict::Broken(findings));
    }
    if let Err(error) = build(&demos) {
        return Ok(Verdict::Broken(vec![error.to_string()]));
    }
    findings.extend(run_all(&demos));
    let note = format!("{} demos do what their pages say", demos.len());
    Ok(Verdict::from_findings(findings, note))
}

/// A demo and its place: the page, and the recipe.
type Placed = (String, Demo);

/// The demos of all pages, each with its place, and what the pages lack.
fn read_all(root: &Path) -> Outcome<(Vec<Placed>, Vec<String>)> {
    let mut findings = Vec::new();
    let mut demos = Vec::new();
    for name in recipes::without_page(&root.join("recipes/src"))? {
        findings.push(format!(
            "{name} has no page: name it in xtask/src/check/demos/recipes.rs, and show it"
        ));
    }
    for page in pages(&root.join("docs/recipes"))? {
        let name = page.file_stem().unwrap_or_default().to_string_lossy();
        let Some(of_page) = recipes::of(&name) else {
            findings.push(format!("docs/recipes/{name}.md is the page of no recipe"));
            continue;
        };
        match page::read(&fs::read_to_string(&page)?, of_page) {
            Ok(of_page) => demos.extend(of_page.into_iter().map(|demo| {
                let place = format!("docs/recipes/{name}.md/{}", demo.recipe);
                (place, demo)
            })),
            Err(missing) => findings.push(format!("docs/recipes/{name}.md {missing}")),
        }
    }
    for (name, _) in recipes::RECIPES {
        if !root.join(format!("docs/recipes/{name}.md")).exists() {
            findings.push(format!("docs/recipes/{name}.md is missing"));
        }
    }
    Ok((demos, findings))
}

/// Runs all, some at a time; what those that failed have to say, in order.
fn run_all(demos: &[Placed]) -> Vec<String> {
    let waiting = Mutex::new(demos.iter());
    let next = || waiting.lock().ok()?.next();
    let mut failed: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_A_TIME)
            .map(|_| {
                scope.spawn(|| {
                    let mut failed = Vec::new();
                    while let Some((place, demo)) = next() {
                        if let Err(why) = run(place, demo) {
                            failed.push(format!("the demo of {place}: {why}"));
                        }
                    }
                    failed
                })
            })
            .collect();
        let ended = workers.into_iter().map(|worker| worker.join());
        ended
            .flat_map(|failed| failed.unwrap_or_else(|_| vec!["a demo panicked".to_owned()]))
            .collect()
    });
    failed.sort();
    failed
}

fn pages(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}

/// Builds `zkctl` and the examples, with the features that the tests are built with, so that little is to be built.
fn build(demos: &[Placed]) -> Outcome<()> {
    let mut cargo = shell::cargo();
    cargo.args(["build", "--quiet", "--bin", "zkctl"]);
    for example in all(demos, |demo| &demo.examples) {
        cargo.args(["--example", example]);
    }
    for program in all(demos, |demo| &demo.others) {
        cargo.args(["--bin", program]);
    }
    cargo.args(selection::everything(&Machine::probe())?);
    let finished = shell::capture(&mut cargo, LONG)?;
    if finished.ok {
        Ok(())
    } else {
        Err(finished.tail(40).into())
    }
}

fn all(demos: &[Placed], of: fn(&Demo) -> &BTreeSet<String>) -> BTreeSet<&String> {
    demos.iter().flat_map(|(_, demo)| of(demo)).collect()
}

/// Runs it in a folder of its own, in which it finds what was built as if it were that of the repository.
fn run(place: &str, demo: &Demo) -> Outcome<()> {
    let programs = shell::target_dir().join("debug");
    let folder = shell::target_dir().join("demos").join(place);
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    fs::create_dir_all(folder.join("target"))?;
    std::os::unix::fs::symlink(&programs, folder.join("target/debug"))?;
    // It ends all that the script has started if that takes too long.
    let mut timeout = Command::new("timeout");
    timeout
        .arg(LIMIT.as_secs().to_string())
        .args(["sh", "-eu", "-c", &format!("exec 2>&1\n{}", demo.script)])
        .current_dir(&folder)
        .env("PATH", first_in_path(&programs)?)
        .env_remove("ZK_CONNECT");
    let finished = shell::capture(&mut timeout, LIMIT * 2)?;
    let missing = missing(&demo.expected, &finished.stdout);
    if finished.ok && missing.is_empty() {
        return Ok(());
    }
    let missing: String = missing
        .iter()
        .map(|line| format!("\n    it does not print: {line}"))
        .collect();
    let printed = finished.stdout.replace('\n', "\n    | ");
    Err(format!("{}{missing}\n    | {printed}", finished.end).into())
}

fn first_in_path(folder: &Path) -> Outcome<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = [folder.to_owned()]
        .into_iter()
        .chain(env::split_paths(&path));
    Ok(env::join_paths(folders)?)
}

/// The expected lines that no line of the output is like.
fn missing<'a>(expected: &'a [String], output: &str) -> Vec<&'a str> {
    expected
        .iter()
        .map(String::as_str)
        .filter(|pattern| !output.lines().any(|line| is_like(line, pattern)))
        .collect()
}

/// Whether a line is this one, with anything in place of each `…`.
fn is_like(line: &str, pattern: &str) -> bool {
    let mut pieces = pattern.trim_end().split('…');
    let Some(mut rest) = pieces.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    let mut last = None;
    for piece in pieces {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = &rest[at + piece.len()..];
        last = Some(piece);
    }
    // What follows the last piece is only free if that is empty.
    rest.is_empty() || last.is_some_and(|last| last.is_empty() || line.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_recipe_has_lines_of_use_and_a_demo_on_its_page() {
        let (demos, findings) = read_all(&shell::root()).unwrap();
        assert_eq!(findings, [""; 0]);
        let recipes = recipes::RECIPES.iter().map(|(_, names)| names.len());
        assert_eq!(demos.len(), recipes.sum::<usize>());
    }

    #[test]
    fn lines_are_compared_but_for_what_differs() {
        for (line, pattern, like) in [
            ("held 4", "held …", true),
            ("held 4", "held", false),
            ("held 4, done", "held …, done", true),
            ("held 4, lost", "held …, done", false),
            ("x held 4", "held …", false),
            ("x held 4", "…held…", true),
            ("a b a b", "…a b", true),
        ] {
            assert_eq!(is_like(line, pattern), like, "{line} / {pattern}");
        }
        let expected = ["one".to_owned(), "two …".to_owned()];
        assert_eq!(missing(&expected, "two 2\nthree\n"), ["one"]);
    }
}
