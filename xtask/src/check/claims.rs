//! `check claims`: a table in docs/ that claims something names the test that shows it.
//!
//! Such a table has a column headed `Test`. Each of its cells holds one or more test names in
//! backticks (`` `zk_wire::path::tests::rejects_dots` `` for a unit test of a library,
//! `` `zk-tests/real::lock::fifo` `` for a test of another program,
//! `` `python::tests/test_lock.py::test_fifo` `` for one of the Python package), or the words
//! `excluded by design:` and, in backticks, the type or lint that makes the fault impossible. At
//! most one row in five of a table may be excluded.
//!
//! In the tables of defects and about clients a column `Id` has the ids of what a row is about, and each stands in the name
//! of one of its tests: `zk137` for ZK-137, `b04` for B04, `k2` or `k02` for K2, and with `go` or `rs` in front where the
//! same ids mean several things.

use std::path::{Path, PathBuf};

use super::tables;
use super::verdict::Verdict;
use crate::binaries::{self, End, Ends};
use crate::c;
use crate::machine::Machine;
use crate::python;
use crate::selection;
use crate::shell::{self, Outcome};
use crate::{source, workspace};

const HEADING: &str = "Test";
const IDS: &str = "Id";
/// The files whose ids have to be in the names of tests.
const WITH_IDS: [&str; 2] = ["docs/client-", "docs/defects"];
const EXCLUDED: &str = "excluded by design:";

/// Compares the tables with the tests: those that ran, or (without running any) those that exist.
///
/// # Errors
///
/// If a file cannot be read, or the tests do not build.
pub(crate) fn check(ran: Option<&Ends>) -> Outcome<Verdict> {
    let root = shell::root();
    let rows = rows_below(&root.join("docs"))?;
    if rows.is_empty() {
        return Ok(Verdict::Holds("no table of claims in docs/".to_owned()));
    }
    let machine = Machine::probe();
    let (c_tests, c_unserved) = c::listed()?;
    let listed;
    let ends = match ran {
        Some(ends) => ends,
        None => {
            let mut all = Ends::new();
            all.extend(python::list()?);
            for binary in binaries::build(&selection::everything(&machine)?)? {
                all.extend(binary.list()?);
            }
            all.extend(c_tests.clone());
            listed = all;
            &listed
        }
    };
    let known = Known {
        ends,
        words: words(&root)?,
        unbuilt: unbuilt(&machine)?.into_iter().chain(c_unserved).collect(),
    };
    let (findings, left_out) = judge(&rows, &known);
    if !findings.is_empty() {
        return Ok(Verdict::Broken(findings));
    }
    let reasons = machine.left_out().cloned().chain(python::left_out());
    match reasons.into_iter().next() {
        Some(reason) if left_out > 0 => Ok(Verdict::LeftOut {
            why: format!(
                "{left_out} claims name tests that need more than this machine: {}",
                reason.why
            ),
            remedy: reason.remedy,
        }),
        _ => Ok(Verdict::Holds(format!("{} claims", rows.len()))),
    }
}

/// What a claim can name.
struct Known<'a> {
    ends: &'a Ends,
    /// Names of types and lints in sources and manifests.
    words: Vec<String>,
    /// Test programs that this machine cannot serve.
    unbuilt: Vec<String>,
}

/// One row of a table of claims.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    file: String,
    /// The line of the table's heading: what counts as one table.
    table: usize,
    line: usize,
    cell: String,
    /// What has to be in the names of tests.
    ids: Vec<String>,
}

fn rows_below(folder: &Path) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    if folder.exists() {
        for file in source::files(folder, &["md"])? {
            let text = std::fs::read_to_string(&file)?;
            let shown = file
                .strip_prefix(shell::root())
                .unwrap_or(&file)
                .display()
                .to_string();
            rows.extend(rows_of(&shown, &text));
        }
    }
    Ok(rows)
}

fn rows_of(file: &str, text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for table in tables::of(text) {
        let Some(column) = table.column(HEADING) else {
            continue;
        };
        let ids = table
            .column(IDS)
            .filter(|_| WITH_IDS.iter().any(|of| file.starts_with(of)));
        rows.extend(table.rows.iter().map(|(line, cells)| {
            Row {
                file: file.to_owned(),
                table: table.line,
                line: *line,
                cell: cells.get(column).cloned().unwrap_or_default(),
                ids: ids
                    .and_then(|column| cells.get(column))
                    .map_or_else(Vec::new, |cell| cell.split(", ").map(word).collect()),
            }
        }));
    }
    rows
}

/// What is wrong with the rows, and how many could not be judged here.
fn judge(rows: &[Row], known: &Known<'_>) -> (Vec<String>, usize) {
    let mut findings = Vec::new();
    let mut left_out = 0;
    for row in rows {
        let place = format!("{}:{}", row.file, row.line);
        let names = tables::names(&row.cell);
        if names.is_empty() {
            findings.push(format!(
                "{place}: the cell `{}` names nothing in backticks",
                row.cell
            ));
        } else if is_excluded(row) {
            if !names
                .iter()
                .any(|name| known.words.iter().any(|word| word == name))
            {
                findings.push(format!("{place}: no type or lint `{}`", names.join("`, `")));
            }
        } else {
            let unnamed = row.ids.iter().filter(|id| !is_named(id, &names));
            findings.extend(unnamed.map(|id| format!("{place}: no test has {id} in its name")));
            for name in names {
                if known
                    .unbuilt
                    .iter()
                    .any(|binary| name.starts_with(binary.as_str()))
                {
                    left_out += 1;
                    continue;
                }
                match known.ends.get(name) {
                    None => findings.push(format!("{place}: no test `{name}`, or it did not run")),
                    Some(End::Ignored) => findings.push(format!("{place}: `{name}` is ignored")),
                    Some(End::Failed) => findings.push(format!("{place}: `{name}` failed")),
                    Some(End::Passed) => {}
                }
            }
        }
    }
    findings.extend(too_many_excluded(rows));
    (findings, left_out)
}

/// An id as names of tests have it: `ZK-137` as `zk137`.
fn word(id: &str) -> String {
    id.to_lowercase().replace(['-', '#'], "")
}

fn is_named(id: &str, names: &[&str]) -> bool {
    let mut words = names.iter().flat_map(|name| name.split(['_', ':']));
    words.any(|word| {
        ["", "go", "rs"]
            .iter()
            .filter_map(|of| word.strip_prefix(of))
            .any(|word| word == id || (unpadded(id).is_some() && unpadded(word) == unpadded(id)))
    })
}

/// An id of one letter and a number, which may be written with zeros in front: `k02` and `k2` are one.
fn unpadded(id: &str) -> Option<(char, u32)> {
    let letter = id.chars().next().filter(char::is_ascii_lowercase)?;
    Some((letter, id.get(1..)?.parse().ok()?))
}

fn is_excluded(row: &Row) -> bool {
    row.cell.starts_with(EXCLUDED)
}

fn too_many_excluded(rows: &[Row]) -> Vec<String> {
    let mut findings = Vec::new();
    for table in rows.chunk_by(|one, next| one.file == next.file && one.table == next.table) {
        let excluded = table.iter().filter(|row| is_excluded(row)).count();
        if excluded * 5 > table.len() {
            let place = format!("{}:{}", table[0].file, table[0].table);
            let rows = table.len();
            findings.push(format!(
                "{place}: {excluded} of {rows} rows excluded; one in five is the limit"
            ));
        }
    }
    findings
}

/// Names behind `struct`, `enum` and `trait` in sources, and lints in manifests or forbidden in sources.
fn words(root: &Path) -> Outcome<Vec<String>> {
    let mut words = Vec::new();
    let files: Vec<PathBuf> = source::files(root, &["rs", "toml"])?;
    for file in files {
        let text = std::fs::read_to_string(&file)?;
        if file
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let keys = text
                .lines()
                .filter_map(|line| line.split_once('='))
                .map(|(key, _)| key.trim());
            words.extend(keys.flat_map(|key| [key.to_owned(), format!("clippy::{key}")]));
        }
        let mut before = "";
        for word in text
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| !word.is_empty())
        {
            if matches!(before, "struct" | "enum" | "trait" | "forbid") {
                words.push(word.to_owned());
            }
            before = word;
        }
    }
    words.sort();
    words.dedup();
    Ok(words)
}

/// The test programs whose features this machine cannot serve, as claims name them.
fn unbuilt(machine: &Machine) -> Outcome<Vec<String>> {
    let served = machine.test_features();
    let mut unbuilt = Vec::new();
    if python::left_out().is_some() {
        unbuilt.push(format!("{}::", python::NAME));
    }
    for package in workspace::members()? {
        for target in &package.targets {
            let served = |feature: &String| served.contains(&format!("{}/{feature}", package.name));
            if !target.required_features.iter().all(served) {
                unbuilt.push(format!("{}/{}::", package.name, target.name));
            }
        }
    }
    Ok(unbuilt)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture() -> Vec<Row> {
        rows_below(&shell::root().join("xtask/fixtures/claims")).unwrap()
    }

    fn tests() -> Ends {
        Ends::from([
            ("zk_wire::path::rejects_dots".to_owned(), End::Passed),
            ("zk-tests/embedded::slow".to_owned(), End::Ignored),
            ("zk-tests/embedded::broken".to_owned(), End::Failed),
        ])
    }

    #[test]
    fn missing_ignored_and_failed_tests_and_empty_or_unfounded_rows_are_found() {
        let ends = tests();
        let known = Known {
            ends: &ends,
            words: vec!["Guard".to_owned()],
            unbuilt: vec!["zk-tests/real::".to_owned()],
        };
        let (findings, left_out) = judge(&fixture(), &known);
        let file = "xtask/fixtures/claims/claims.md";
        assert_eq!(
            findings,
            [
                format!("{file}:10: no test `zk_wire::path::gone`, or it did not run"),
                format!("{file}:11: `zk-tests/embedded::slow` is ignored"),
                format!("{file}:12: `zk-tests/embedded::broken` failed"),
                format!("{file}:13: the cell `shown elsewhere` names nothing in backticks"),
                format!("{file}:16: no type or lint `Nothing`"),
                format!("{file}:7: 2 of 8 rows excluded; one in five is the limit"),
            ]
        );
        assert_eq!(left_out, 1);
    }

    #[test]
    fn an_id_that_no_test_has_in_its_name_is_found() {
        let text = "| Id | Test |\n|--|--|\n| ZK-1, d6664ed | `a::zk1_rsd6664ed_x` |\n\
                    | ZK-12, #8 | `a::zk123_rs80_x`, `b::zk1_zk8` |\n";
        let rows = rows_of("docs/client-x.md", text);
        let names = ["a::zk1_rsd6664ed_x", "a::zk123_rs80_x", "b::zk1_zk8"];
        let ends = names.map(|name| (name.to_owned(), End::Passed));
        let known = Known {
            ends: &Ends::from(ends),
            words: Vec::new(),
            unbuilt: Vec::new(),
        };
        let (findings, _) = judge(&rows, &known);
        let missing = ["zk12", "8"];
        let missing = missing.map(|id| format!("docs/client-x.md:4: no test has {id} in its name"));
        assert_eq!(findings, missing);
        assert!(
            rows_of("docs/x.md", text)
                .iter()
                .all(|row| row.ids.is_empty())
        );
    }

    #[test]
    fn an_id_with_zeros_in_front_is_the_same_id_and_a_longer_one_is_not() {
        assert!(is_named("k2", &["a::k02_x"]) && is_named("b04", &["a::b4_x"]));
        assert!(!is_named("k2", &["a::k20_x", "a::k_2_x"]));
        assert!(!is_named("k2", &["a::x"]) && !is_named("8", &["a::x"]));
    }

    #[test]
    fn tables_without_the_column_are_no_claims() {
        let text = "| A | B |\n|--|--|\n| x | y |\n\n| A | Test |\n|--|--|\n| x | `t` |\n";
        let rows = rows_of("f.md", text);
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].table, rows[0].line, rows[0].cell.as_str()),
            (5, 7, "`t`")
        );
    }

    #[test]
    fn types_and_lints_of_this_workspace_can_exclude() {
        let words = words(&shell::root()).unwrap();
        for word in [
            "Verdict",
            "unwrap_used",
            "clippy::unwrap_used",
            "unsafe_code",
        ] {
            assert!(words.iter().any(|known| known == word), "{word}");
        }
    }
}
