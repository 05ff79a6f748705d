//! `check repeatable`: nothing in the libraries lets two runs of one seed differ.
//!
//! Clocks, threads and hash maps are barred by each crate's `clippy.toml`. This looks for what clippy does not know: a
//! `select!` that draws the order of its branches, and types whose order of waking, identity or beginning is chance.

use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

use super::layers::{after_item, starts_test};
use super::verdict::Verdict;
use crate::shell::{self, Outcome};
use crate::source;

/// Where every `select!` is biased: the libraries, what binds them, and the simulation.
const SELECTING: [&str; 8] = [
    "zk-wire/src",
    "zk-session/src",
    "zk-client/src",
    "recipes/src",
    "zk-embedded/src",
    "bindings/c/src",
    "bindings/python/src",
    "tests/sim/src",
];

/// What runs inside a simulation.
const SIMULATED: [&str; 5] = [
    "zk-wire/src",
    "zk-session/src",
    "zk-client/src",
    "recipes/src",
    "zk-embedded/src/core",
];

/// What is different in each run, or remembers the run before.
const BARRED: [&str; 14] = [
    "FuturesUnordered",
    "JoinSet",
    "RandomState",
    "ThreadId",
    "available_parallelism",
    "fastrand",
    "rand",
    "thread_local",
    "thread_rng",
    "AtomicBool",
    "AtomicI64",
    "AtomicU64",
    "AtomicUsize",
    "LazyLock",
];

/// Files that name some of it, and why that changes no run.
const EXCEPTIONS: [(&str, &str); 5] = [
    // Real sockets, which no simulation has: their order is the network's, and where chance goes on is seeded.
    ("zk-client/src/tcp.rs", "AtomicU64"),
    ("zk-client/src/tcp.rs", "JoinSet"),
    // Writers at once are threads there: what users test their own gates with, and no simulation runs.
    ("recipes/src/gate/stale_writers/race.rs", "AtomicBool"),
    ("recipes/src/gate/stale_writers/race.rs", "AtomicU64"),
    // The switch of the known faults, one per thread, set before a run and never in a product.
    ("zk-session/src/seeded.rs", "thread_local"),
];

/// The comment above a `select!` whose branches may be looked at in any order.
const WAIVER: &str = "// Any order: ";

/// Looks at the sources.
///
/// # Errors
///
/// If a source cannot be read or is not Rust.
pub(super) fn check() -> Outcome<Verdict> {
    let root = shell::root();
    let mut findings = Vec::new();
    let mut selects = 0;
    for file in sources(&root, &SELECTING)? {
        selects += unbiased(&root, &file, &mut findings)?;
    }
    let simulated = sources(&root, &SIMULATED)?;
    for file in &simulated {
        barred(&root, file, &mut findings)?;
    }
    let note = format!("{selects} select!, {} simulated files", simulated.len());
    Ok(Verdict::from_findings(findings, note))
}

fn sources(root: &Path, folders: &[&str]) -> Outcome<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in folders {
        files.extend(source::files(&root.join(folder), &["rs"])?);
    }
    Ok(files)
}

fn shown(root: &Path, file: &Path) -> String {
    let inside = file.strip_prefix(root).unwrap_or(file);
    inside.display().to_string()
}

fn tokens(file: &Path, text: &str) -> Outcome<TokenStream> {
    let parsed = text.parse().map_err(|error: proc_macro2::LexError| {
        format!("{}:{}: {error}", file.display(), error.span().start().line)
    });
    Ok(parsed?)
}

/// Counts every `select!` of a file, and reports those that draw their order and do not say why.
fn unbiased(root: &Path, file: &Path, findings: &mut Vec<String>) -> Outcome<usize> {
    let text = std::fs::read_to_string(file)?;
    let lines: Vec<&str> = text.lines().collect();
    let mut selects = Vec::new();
    walk(tokens(file, &text)?, &mut |rest| {
        let [
            TokenTree::Ident(name),
            TokenTree::Punct(mark),
            TokenTree::Group(body),
            ..,
        ] = rest
        else {
            return;
        };
        if name == "select" && mark.as_char() == '!' {
            let first = body.stream().into_iter().next();
            let biased = matches!(first, Some(TokenTree::Ident(word)) if word == "biased");
            selects.push((name.span().start().line, biased));
        }
    });
    for (line, biased) in &selects {
        // Lines are counted from 1.
        let above = line.checked_sub(2).and_then(|above| lines.get(above));
        let waived = above.is_some_and(|above| above.trim_start().starts_with(WAIVER));
        if !biased && !waived {
            findings.push(format!(
                "{}:{line}: this select! draws the order of its branches: begin it with `biased;`, or say above it \
                 `{WAIVER}why`",
                shown(root, file)
            ));
        }
    }
    Ok(selects.len())
}

fn barred(root: &Path, file: &Path, findings: &mut Vec<String>) -> Outcome<()> {
    let name = shown(root, file);
    let text = std::fs::read_to_string(file)?;
    walk(tokens(file, &text)?, &mut |rest| {
        if let [TokenTree::Ident(ident), ..] = rest {
            let word = ident.to_string();
            let known = EXCEPTIONS.contains(&(name.as_str(), word.as_str()));
            // `env!` is looked at by the compiler, `env::var` by the program.
            let environment = word == "env"
                && matches!(rest.get(1), Some(TokenTree::Punct(colon)) if colon.as_char() == ':');
            if (BARRED.contains(&word.as_str()) || environment) && !known {
                let line = ident.span().start().line;
                findings.push(format!(
                    "{name}:{line}: `{word}` differs from run to run, or remembers the run before"
                ));
            }
        }
    });
    Ok(())
}

/// Shows every position of the code to `look`, tests left out.
fn walk(stream: TokenStream, look: &mut impl FnMut(&[TokenTree])) {
    let all: Vec<TokenTree> = stream.into_iter().collect();
    let mut rest = all.as_slice();
    while let Some((token, after)) = rest.split_first() {
        if starts_test(rest) {
            rest = after_item(after);
            continue;
        }
        look(rest);
        if let TokenTree::Group(group) = token {
            walk(group.stream(), look);
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_select_that_draws_its_order_is_found_unless_it_says_why() {
        let root = shell::root();
        let file = root.join("xtask/fixtures/repeatable/lib.rs");
        let mut findings = Vec::new();
        assert_eq!(unbiased(&root, &file, &mut findings).unwrap(), 3);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(
            findings[0].starts_with("xtask/fixtures/repeatable/lib.rs:18: "),
            "{findings:?}"
        );
    }

    #[test]
    fn what_differs_from_run_to_run_is_found_but_not_in_tests() {
        let root = shell::root();
        let file = root.join("xtask/fixtures/repeatable/lib.rs");
        let mut findings = Vec::new();
        barred(&root, &file, &mut findings).unwrap();
        let [one, other] = findings.as_slice() else {
            panic!("{findings:?}");
        };
        assert!(one.contains(":3: `JoinSet`"), "{one}");
        assert!(other.contains(":5: `AtomicU64`"), "{other}");
    }

    #[test]
    fn the_libraries_are_repeatable() {
        assert!(matches!(check().unwrap(), Verdict::Holds(_)));
    }
}
