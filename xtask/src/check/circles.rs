//! `check circles`: the modules of a crate form layers; no two files import from each other, not
//! even by way of others.

mod imports;
mod names;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use super::verdict::Verdict;
use crate::shell::{self, Outcome};
use crate::{source, workspace};
use names::Names;

/// Looks at every library and program of the workspace; a source that cannot be parsed is a finding.
///
/// # Errors
///
/// If cargo fails.
pub(super) fn check() -> Outcome<Verdict> {
    let mut findings = Vec::new();
    let mut crates = 0;
    for package in workspace::members()? {
        for target in package.targets.iter().filter(|target| target.is_product) {
            crates += 1;
            let circles = circles(&target.root)?;
            findings.extend(
                circles
                    .iter()
                    .map(|circle| format!("{}: {circle}", package.name)),
            );
        }
    }
    Ok(Verdict::from_findings(findings, format!("{crates} crates")))
}

/// A file's import from another: where it stands and what it names.
#[derive(Clone, Debug)]
struct Import {
    line: usize,
    path: String,
}

/// For each file, the other files of the crate it imports from, and one import of each.
type Graph = BTreeMap<PathBuf, BTreeMap<PathBuf, Import>>;

/// The circles of the crate that starts in this file, each as one line of text.
fn circles(root: &Path) -> Outcome<Vec<String>> {
    let graph = graph(root)?;
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for start in graph.keys() {
        let Some(circle) = shortest_circle(&graph, start) else {
            continue;
        };
        let members: BTreeSet<&PathBuf> = circle.iter().copied().collect();
        if seen.insert(members) {
            found.push(describe(&graph, &circle));
        }
    }
    Ok(found)
}

fn graph(root: &Path) -> Outcome<Graph> {
    let modules = source::modules(root)?;
    let named: Vec<imports::Imports> = modules.iter().map(imports::of).collect();
    let names = Names::new(&modules, &named);
    let mut graph = Graph::new();
    for (index, (module, named)) in modules.iter().zip(&named).enumerate() {
        let edges = graph.entry(module.file.clone()).or_default();
        for used in &named.used {
            let Some(target) = names.home(index, &used.path) else {
                continue;
            };
            let target = &modules[target].file;
            if *target != module.file {
                let import = Import {
                    line: used.line,
                    path: used.path.join("::"),
                };
                edges.entry(target.clone()).or_insert(import);
            }
        }
    }
    Ok(graph)
}

/// The files on the shortest way from a file back to itself.
fn shortest_circle<'a>(graph: &'a Graph, start: &'a PathBuf) -> Option<Vec<&'a PathBuf>> {
    let mut came_from: BTreeMap<&PathBuf, &PathBuf> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(file) = queue.pop_front() {
        for next in graph.get(file)?.keys() {
            if next == start {
                let mut way = vec![file];
                let mut at = file;
                while at != start {
                    at = came_from.get(at)?;
                    way.push(at);
                }
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(next) {
                came_from.insert(next, file);
                queue.push_back(next);
            }
        }
    }
    None
}

fn describe(graph: &Graph, circle: &[&PathBuf]) -> String {
    let root = shell::root();
    let short = |file: &PathBuf| {
        file.strip_prefix(&root)
            .unwrap_or(file)
            .display()
            .to_string()
    };
    let mut text = String::new();
    let nexts = circle.iter().cycle().skip(1);
    for (file, next) in circle.iter().zip(nexts) {
        let import = &graph[*file][*next];
        text.push_str(&format!(
            "{}:{} uses `{}` → ",
            short(file),
            import.line,
            import.path
        ));
    }
    text.push_str(&circle.first().map(|file| short(file)).unwrap_or_default());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> Vec<String> {
        circles(
            &shell::root()
                .join("xtask/fixtures")
                .join(name)
                .join("src/lib.rs"),
        )
        .unwrap()
    }

    #[test]
    fn a_circle_is_found_and_its_files_lines_and_names_are_printed() {
        let found = fixture("circle");
        assert_eq!(
            found,
            [
                "xtask/fixtures/circle/src/engine/wheel.rs:6 uses `super::Power` → \
                 xtask/fixtures/circle/src/engine.rs:4 uses `crate::engine::wheel::Wheel` → \
                 xtask/fixtures/circle/src/engine/wheel.rs",
                "xtask/fixtures/circle/src/lock.rs:3 uses `crate::Waiter` → \
                 xtask/fixtures/circle/src/queue.rs:11 uses `crate::lock::Held` → \
                 xtask/fixtures/circle/src/lock.rs",
            ]
        );
    }

    #[test]
    fn reexports_tests_and_one_way_imports_are_no_circles() {
        assert_eq!(fixture("clean"), [""; 0]);
    }

    #[test]
    fn this_program_has_no_circle() {
        assert_eq!(
            circles(&shell::root().join("xtask/src/main.rs")).unwrap(),
            [""; 0]
        );
    }
}
