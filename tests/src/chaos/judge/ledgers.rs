//! L3, L4, L5 and G2 of each exclusive lock, by its ledger.

use std::fmt;

use serde_json::{Value, json};

use super::super::diary::Page;
use crate::ledger::{Ledger, Verdict};

/// The ledgers of a run and what they came to.
#[derive(Debug, Default)]
pub(in super::super) struct Books(Vec<(&'static str, Verdict)>);

impl Books {
    /// Judges the ledger of one lock, by the counter and the marks that are found.
    pub(in super::super) fn judge(
        &mut self,
        place: &'static str,
        page: &Page,
        counter: &str,
        marks: &[String],
    ) {
        let lines = page.lines.get(place).map_or(&[][..], Vec::as_slice);
        let lines: Vec<String> = lines.iter().map(|line| told(line, page)).collect();
        let mut ledger = Ledger::default();
        ledger.take(&lines);
        self.0.push((place, ledger.judge(counter, marks)));
    }

    pub(in super::super) fn findings(&self) -> Vec<String> {
        let all = self.0.iter();
        all.flat_map(|(place, verdict)| {
            verdict
                .findings
                .iter()
                .map(move |f| format!("{place}: {f}"))
        })
        .collect()
    }

    /// How many safe windows of lost holds were compared with the next grant.
    pub(in super::super) fn windows(&self) -> usize {
        self.0.iter().map(|(_, verdict)| verdict.windows).sum()
    }
}

/// Nobody can know before that his node is deleted by an operator: such a hold has no safe window.
fn told(line: &Value, page: &Page) -> String {
    let node = line["node"].as_str().unwrap_or_default();
    let mut line = line.clone();
    if page.evicted.contains(node) {
        line["end"] = json!("deleted");
    }
    line.to_string()
}

impl fmt::Display for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, verdict) in &self.0 {
            let (holds, windows) = (verdict.holds, verdict.windows);
            let calls = [verdict.adds, verdict.marks];
            let sum = |of: fn(&crate::ledger::Calls) -> usize| calls.iter().map(of).sum::<usize>();
            writeln!(
                f,
                "{place:>10}: {holds} holds; fenced writes: {} done, {} not applied, {} unknown; {windows} safe windows",
                sum(|c| c.done),
                sum(|c| c.not_applied),
                sum(|c| c.unknown_found + c.unknown_absent)
            )?;
        }
        Ok(())
    }
}
