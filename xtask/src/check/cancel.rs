//! `check cancel`: the registry of everything that can be awaited, and dropped while it is.
//!
//! `docs/cancellation.md` has one row for each public asynchronous function, builder and future of the libraries: its
//! class, which is the first word of the section "Cancel safety" of its documentation, and the test that drops it at
//! each of its await points. That the tests exist and pass is for `check claims`.

use std::collections::BTreeMap;
use std::path::Path;

use super::awaitables::{self, Awaitable, Kind, LIBRARIES};
use super::tables;
use super::verdict::Verdict;
use crate::shell::{self, Outcome};

const REGISTRY: &str = "docs/cancellation.md";

const CLASSES: [&str; 4] = ["inert", "self-cleaning", "uncertain", "resumable"];

/// Compares the registry with the sources.
///
/// # Errors
///
/// If a file cannot be read or parsed.
pub(super) fn check() -> Outcome<Verdict> {
    let root = shell::root();
    let mut awaitables = Vec::new();
    for (library, at) in LIBRARIES {
        awaitables.extend(of_library(library, &root.join(at))?);
    }
    let text = std::fs::read_to_string(root.join(REGISTRY))
        .map_err(|error| format!("{REGISTRY}: {error}"))?;
    let findings = compare(&awaitables, REGISTRY, &text);
    let note = format!("{} functions, builders and futures", awaitables.len());
    Ok(Verdict::from_findings(findings, note))
}

/// The awaitables of a library, with its name in front of theirs.
fn of_library(library: &str, root: &Path) -> Outcome<Vec<Awaitable>> {
    let mut awaitables = awaitables::of_crate(root)?;
    for awaitable in &mut awaitables {
        awaitable.name = format!("{library}::{}", awaitable.name);
    }
    Ok(awaitables)
}

/// A row of the registry.
struct Entry {
    line: usize,
    class: String,
    tests: usize,
}

fn compare(awaitables: &[Awaitable], file: &str, registry: &str) -> Vec<String> {
    let (entries, mut findings) = entries(file, registry);
    for awaitable in awaitables {
        let (place, name) = (&awaitable.place, &awaitable.name);
        let documented = class(&awaitable.docs);
        if documented.is_none() && awaitable.kind != Kind::Maker {
            findings.push(format!(
                "{place}: {name}: the section \"Cancel safety\" does not begin with one of {}",
                CLASSES.join(", ")
            ));
        }
        match entries.get(name.as_str()) {
            None => {
                let class = documented.unwrap_or("CLASS");
                findings.push(format!(
                    "{place}: {name} is not in {file}; write the test that drops it at each await point, and the row\n        \
                     | `{name}` | {class} | `TEST` |"
                ));
            }
            Some(entry) => {
                if documented.is_some_and(|documented| documented != entry.class) {
                    findings.push(format!(
                        "{file}:{}: {name} is documented as {} ({place})",
                        entry.line,
                        documented.unwrap_or_default()
                    ));
                }
            }
        }
    }
    for (name, entry) in &entries {
        if !awaitables.iter().any(|awaitable| awaitable.name == *name) {
            findings.push(format!("{file}:{}: there is no {name}", entry.line));
        }
    }
    findings
}

/// The rows of the registry by name, and what is wrong with them in themselves.
fn entries(file: &str, registry: &str) -> (BTreeMap<String, Entry>, Vec<String>) {
    let mut entries = BTreeMap::new();
    let mut findings = Vec::new();
    for table in tables::of(registry) {
        let columns = ["Function", "Class", "Test"].map(|heading| table.column(heading));
        let [Some(function), Some(class), Some(test)] = columns else {
            continue;
        };
        for (line, cells) in table.rows {
            let cell = |column: usize| cells.get(column).map_or("", String::as_str);
            let &[name] = tables::names(cell(function)).as_slice() else {
                findings.push(format!("{file}:{line}: not one name in backticks"));
                continue;
            };
            let entry = Entry {
                line,
                class: cell(class).to_owned(),
                tests: tables::names(cell(test)).len(),
            };
            if !CLASSES.contains(&entry.class.as_str()) {
                findings.push(format!("{file}:{line}: `{}` is no class", entry.class));
            }
            if entry.tests == 0 {
                findings.push(format!("{file}:{line}: {name} without a test"));
            }
            if entries.insert(name.to_owned(), entry).is_some() {
                findings.push(format!("{file}:{line}: {name} twice"));
            }
        }
    }
    (entries, findings)
}

/// The class that a documentation begins its section with.
fn class(docs: &str) -> Option<&'static str> {
    let text = awaitables::section(docs, "Cancel safety")?.to_lowercase();
    let text = text.trim_start();
    let end = text.find(|c: char| c != '-' && !c.is_alphabetic());
    let word = &text[..end.unwrap_or(text.len())];
    CLASSES.into_iter().find(|class| *class == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(registry: &str) -> Vec<String> {
        let folder = shell::root().join("xtask/fixtures/cancel");
        let awaitables = of_library("lib", &folder.join("lib.rs")).unwrap();
        let text = std::fs::read_to_string(folder.join(registry)).unwrap();
        compare(&awaitables, registry, &text)
    }

    #[test]
    fn a_registry_of_everything_in_its_class_is_complete() {
        assert_eq!(fixture("complete.md"), Vec::<String>::new());
    }

    #[test]
    fn missing_rows_other_classes_and_rows_of_nothing_are_found() {
        let at = "xtask/fixtures/cancel/lib.rs";
        let missing = |line: usize, name: &str, class: &str| {
            format!(
                "{at}:{line}: {name} is not in broken.md; write the test that drops it at each await point, and the \
                 row\n        | `{name}` | {class} | `TEST` |"
            )
        };
        let mut findings = fixture("broken.md");
        let mut expected = vec![
            "broken.md:7: lib::Client::close without a test".to_owned(),
            "broken.md:8: `harmless` is no class".to_owned(),
            "broken.md:9: lib::Client::close twice".to_owned(),
            "broken.md:10: not one name in backticks".to_owned(),
            format!("broken.md:5: lib::get is documented as inert ({at}:6)"),
            "broken.md:6: there is no lib::gone".to_owned(),
            missing(42, "lib::Set", "uncertain"),
            missing(46, "lib::Pending", "uncertain"),
            missing(56, "lib::Dial::dial", "resumable"),
            missing(27, "lib::Client::future", "self-cleaning"),
            missing(32, "lib::Client::submit", "CLASS"),
            format!("broken.md:8: lib::Get is documented as inert ({at}:38)"),
        ];
        findings.sort();
        expected.sort();
        assert_eq!(findings, expected);
    }

    #[test]
    fn the_class_is_the_first_word_of_its_section() {
        let docs = " Text.\n\n # Cancel safety\n\n Self-cleaning: nothing is left.\n\n # Ordering\n\n Inert.\n";
        assert_eq!(class(docs), Some("self-cleaning"));
        assert_eq!(class(" # Cancel safety\n\n Nothing is lost.\n"), None);
        assert_eq!(class(" Inert.\n"), None);
    }
}
