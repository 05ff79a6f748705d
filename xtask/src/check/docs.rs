//! `check docs`: what a caller must know of a public asynchronous function is in its documentation.

use std::path::Path;

use super::awaitables::{self, Kind, LIBRARIES};
use super::verdict::Verdict;
use crate::shell::{self, Outcome};

/// The headings, in their order.
const SECTIONS: [&str; 4] = ["Errors", "Cancel safety", "Ordering", "On session events"];

/// Looks at the libraries that have anything to await.
///
/// # Errors
///
/// If a source cannot be read or parsed.
pub(super) fn check() -> Outcome<Verdict> {
    let mut findings = Vec::new();
    let mut count = 0;
    for (_, root) in LIBRARIES {
        let (looked_at, found) = undocumented(&shell::root().join(root))?;
        count += looked_at;
        findings.extend(found);
    }
    Ok(Verdict::from_findings(
        findings,
        format!("{count} asynchronous functions and builders"),
    ))
}

fn undocumented(root: &Path) -> Outcome<(usize, Vec<String>)> {
    let mut awaitables = awaitables::of_crate(root)?;
    awaitables.retain(|awaitable| awaitable.kind != Kind::Maker);
    let count = awaitables.len();
    let faults = awaitables.into_iter().filter_map(|awaitable| {
        let fault = fault(&awaitable.docs)?;
        Some(format!("{}: {}: {fault}", awaitable.place, awaitable.name))
    });
    Ok((count, faults.collect()))
}

/// What is wrong with the sections of a documentation, if anything.
fn fault(docs: &str) -> Option<String> {
    let headings: Vec<&str> = docs
        .lines()
        .filter_map(|line| line.trim().strip_prefix('#'))
        .map(|rest| rest.trim_start_matches('#').trim())
        .collect();
    let places: Vec<Option<usize>> = SECTIONS
        .iter()
        .map(|section| headings.iter().position(|heading| heading == section))
        .collect();
    let missing: Vec<&str> = SECTIONS
        .iter()
        .zip(&places)
        .filter(|(_, place)| place.is_none())
        .map(|(section, _)| *section)
        .collect();
    if !missing.is_empty() {
        return Some(format!("no section {}", missing.join(", ")));
    }
    (!places.is_sorted())
        .then(|| format!("the sections stand in the order {}", SECTIONS.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_misordered_sections_are_found_on_functions_and_builders() {
        let root = shell::root().join("xtask/fixtures/docs/lib.rs");
        let (count, findings) = undocumented(&root).unwrap();
        let at = "xtask/fixtures/docs/lib.rs";
        assert_eq!(
            findings,
            [
                format!(
                    "{at}:5: bare: no section Errors, Cancel safety, Ordering, On session events"
                ),
                format!(
                    "{at}:25: Client::misordered: the sections stand in the order Errors, Cancel safety, Ordering, On session events"
                ),
                format!(
                    "{at}:33: Client::future: no section Cancel safety, Ordering, On session events"
                ),
                format!(
                    "{at}:53: Bare: no section Errors, Cancel safety, Ordering, On session events"
                ),
                format!(
                    "{at}:68: Made: no section Errors, Cancel safety, Ordering, On session events"
                ),
            ]
        );
        assert_eq!(count, 7);
    }
}
