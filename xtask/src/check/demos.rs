//! `check demos`: each page of `docs/recipes` says what its recipe guarantees, what it cannot, shows how it is used, and
//! has a demo of faults that does what the page says.
//!
//! A demo is the block of `sh` below the heading "See it break"; the block of `text` after it has lines that it prints,
//! among others and in any order, with `…` for what differs from run to run.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::verdict::Verdict;
use crate::machine::Machine;
use crate::selection;
use crate::shell::{self, LONG, Outcome};

/// What each page has, in this order, and in one of these words.
const HEADINGS: [&[&str]; 3] = [
    &["## What it guarantees", "## What they guarantee"],
    &["## What it cannot", "## What they cannot"],
    &[DEMO],
];

const DEMO: &str = "## See it break";

/// Lines of a demo that build programs, which the check does at once for all of them.
const BUILD: &str = "cargo build ";

/// Where demos find what was built.
const PROGRAMS: &str = "target/debug/";
const EXAMPLES: &str = "examples/";

/// How long a demo may take. The slowest takes 15 s on an idle machine.
const LIMIT: Duration = Duration::from_secs(120);

/// How many run at a time: they mostly wait.
const AT_A_TIME: usize = 4;

/// A demo and what it has to print.
#[derive(Debug, PartialEq, Eq)]
struct Demo {
    script: String,
    /// Programs that it runs: examples of the recipes, and others.
    examples: BTreeSet<String>,
    others: BTreeSet<String>,
    expected: Vec<String>,
}

/// Reads the pages, builds what the demos need, and runs them.
///
/// # Errors
///
/// If the pages cannot be read, or cargo cannot be started.
pub(super) fn check() -> Outcome<Verdict> {
    let mut findings = Vec::new();
    let mut demos = Vec::new();
    for page in pages(&shell::root().join("docs/recipes"))? {
        let name = page.file_name().unwrap_or_default().to_string_lossy();
        match read(&fs::read_to_string(&page)?) {
            Ok(demo) => demos.push((format!("docs/recipes/{name}"), demo)),
            Err(missing) => findings.push(format!("docs/recipes/{name} {missing}")),
        }
    }
    if !findings.is_empty() {
        return Ok(Verdict::Broken(findings));
    }
    if let Err(error) = build(&demos) {
        return Ok(Verdict::Broken(vec![error.to_string()]));
    }
    for some in demos.chunks(AT_A_TIME) {
        let ended = thread::scope(|scope| {
            let running: Vec<_> = some
                .iter()
                .map(|(page, demo)| {
                    scope.spawn(|| run(page, demo).map_err(|error| error.to_string()))
                })
                .collect();
            running
                .into_iter()
                .map(|run| run.join().unwrap_or_else(|_| Err("it panicked".to_owned())))
                .collect::<Vec<_>>()
        });
        for ((page, _), end) in some.iter().zip(ended) {
            if let Err(why) = end {
                findings.push(format!("the demo of {page}: {why}"));
            }
        }
    }
    let note = format!("{} demos do what their pages say", demos.len());
    Ok(Verdict::from_findings(findings, note))
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

/// The demo of a page, or what the page lacks.
fn read(page: &str) -> Result<Demo, String> {
    let mut rest = page;
    for words in HEADINGS {
        let heading = words.iter().find(|heading| page.contains(**heading));
        let heading = heading.unwrap_or(&words[0]);
        let missing = || format!("lacks the heading \"{heading}\", or has it too early");
        let line = format!("\n{heading}\n");
        rest = rest.split_once(line.as_str()).ok_or_else(missing)?.1;
    }
    let guarantees = HEADINGS[0].iter().map(|heading| section(page, heading));
    let guarantees: String = guarantees.collect();
    if !guarantees.to_lowercase().contains("level") {
        return Err("does not say at which level it is safe".to_owned());
    }
    if blocks(page, "rust").is_empty() {
        return Err("shows no use in Rust".to_owned());
    }
    let demo = section(page, DEMO);
    let scripts = blocks(demo, "sh");
    let [script] = scripts.as_slice() else {
        return Err(format!("has {} demos, not one", scripts.len()));
    };
    let told = blocks(demo, "text");
    let [told] = told.as_slice() else {
        return Err("does not say in one block of text what its demo prints".to_owned());
    };
    let lines = script.lines().filter(|line| !line.starts_with(BUILD));
    let script = lines.collect::<Vec<_>>().join("\n");
    let expected: Vec<String> = told.lines().map(str::to_owned).collect();
    if expected
        .iter()
        .all(|line| line.replace('…', "").trim().is_empty())
    {
        return Err("says nothing of what its demo prints".to_owned());
    }
    Ok(Demo {
        examples: programs(&script, EXAMPLES),
        others: programs(&script, "")
            .into_iter()
            .filter(|name| !EXAMPLES.starts_with(name.as_str()))
            .collect(),
        script,
        expected,
    })
}

/// The names of the programs that a script finds below this place in the folder of what was built.
fn programs(script: &str, place: &str) -> BTreeSet<String> {
    let start = format!("{PROGRAMS}{place}");
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    script
        .split(start.as_str())
        .skip(1)
        .map(|rest| rest.chars().take_while(|c| is_of_name(*c)).collect())
        .collect()
}

/// What stands below a heading, up to the next one of its kind.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let below = page.split_once(heading).map_or("", |(_, below)| below);
    below
        .split_once("\n## ")
        .map_or(below, |(section, _)| section)
}

/// The fenced blocks of a language, whatever follows its name.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if info.split(',').next() == Some(language) {
            blocks.push(block.join("\n"));
        }
    }
    blocks
}

/// Builds `zkctl` and the examples, with the features that the tests are built with, so that little is to be built.
fn build(demos: &[(String, Demo)]) -> Outcome<()> {
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

fn all(demos: &[(String, Demo)], of: fn(&Demo) -> &BTreeSet<String>) -> BTreeSet<&String> {
    demos.iter().flat_map(|(_, demo)| of(demo)).collect()
}

/// Runs it in a folder of its own, in which it finds what was built as if it were that of the repository.
fn run(page: &str, demo: &Demo) -> Outcome<()> {
    let programs = shell::target_dir().join("debug");
    let folder = shell::target_dir().join("demos").join(page);
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

    const PAGE: &str = "# A\n\n```rust\nuse_it();\n```\n\n## What it guarantees\n\nLevel A.\n\n## What it cannot\n\n- Fly.\n\n\
        ## See it break\n\n```sh\ncargo build -p zk-recipes --example a\ntarget/debug/examples/a\n```\n\nIt prints:\n\n```text\nit is …, done\n```\n";

    #[test]
    fn a_page_with_everything_has_a_demo() {
        let demo = read(PAGE).unwrap();
        assert_eq!(demo.script, "target/debug/examples/a");
        assert_eq!(demo.examples, ["a".to_owned()].into());
        assert_eq!(demo.others, BTreeSet::new());
        let script = "W=$PWD/target/debug/lock_worker; target/debug/examples/a & $W";
        assert_eq!(
            programs(script, ""),
            ["examples".to_owned(), "lock_worker".to_owned()].into()
        );
        assert_eq!(demo.expected, ["it is …, done"]);
    }

    #[test]
    fn what_a_page_lacks_is_named() {
        for (without, says) in [
            (
                "## What it cannot",
                "lacks the heading \"## What it cannot\"",
            ),
            ("Level A.", "at which level"),
            ("```rust", "no use in Rust"),
            ("```sh", "has 0 demos"),
            ("```text", "what its demo prints"),
            ("it is …, done", "says nothing"),
        ] {
            let error = read(&PAGE.replace(without, "")).unwrap_err();
            assert!(error.contains(says), "{without}: {error}");
        }
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
