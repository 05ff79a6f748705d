//! What contenders say they did, held against what is found. `tests/README.md` has the lines they print.

mod entry;
mod process;
mod verdict;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use crate::Exchanges;
use entry::{Call, Hold, Outcome};
pub use process::{Contenders, Job};
pub use verdict::{Calls, Verdict};
pub use work::Work;

/// All that the contenders of one lock said.
#[derive(Debug, Default)]
pub struct Ledger {
    adds: Vec<Call>,
    marks: Vec<Call>,
    holds: Vec<Hold>,
    findings: Vec<String>,
}

impl Ledger {
    /// Takes the lines of one process.
    pub fn take(&mut self, lines: &[String]) {
        for line in lines {
            match entry::read(line) {
                Ok(entry::Line::Add(call)) => self.adds.push(call),
                Ok(entry::Line::Mark(call)) => self.marks.push(call),
                Ok(entry::Line::Hold(hold)) => self.holds.push(hold),
                Ok(entry::Line::Other) => {}
                Err(why) => self.findings.push(format!("{why}: {line}")),
            }
        }
    }

    /// How many holds a process of this name had, and how many of them were waited for: another contender used the lock
    /// when this one stood in the queue already.
    #[must_use]
    pub fn holds_of(&self, process: &str) -> (usize, usize) {
        let contenders = format!("{process}-");
        let holds = self.holds.iter().filter(|h| h.who.starts_with(&contenders));
        let own = self.adds.iter().filter(|c| c.id.starts_with(&contenders));
        let waited = own.filter(|call| call.saw_zxid > call.token).count();
        (holds.count(), waited)
    }

    /// How often a process of this name held directly after the others, and the others after it, in the order of tokens.
    #[must_use]
    pub fn exchanges_of(&self, process: &str) -> Exchanges {
        let contenders = format!("{process}-");
        let mut holds: Vec<&Hold> = self.holds.iter().collect();
        holds.sort_by_key(|hold| hold.token);
        let mut exchanges = Exchanges::default();
        for pair in holds.windows(2) {
            if let [before, after] = pair {
                let [was, is] = [before, after].map(|hold| hold.who.starts_with(&contenders));
                exchanges.step(was, is);
            }
        }
        exchanges
    }

    /// Holds what was said against what is found: the counter's text and the names of all marks.
    #[must_use]
    pub fn judge(mut self, counter: &str, marks: &[String]) -> Verdict {
        let mut findings = std::mem::take(&mut self.findings);
        let chain = self.chain(counter, &mut findings);
        let added: BTreeSet<&str> = chain.values().map(String::as_str).collect();
        let marked: BTreeSet<&str> = marks.iter().map(String::as_str).collect();
        let adds = compare("add", &self.adds, &added, &mut findings);
        let marks = compare("mark", &self.marks, &marked, &mut findings);
        self.tokens_grow_with(&chain, &mut findings);
        let windows = self.safe_windows_do_not_overlap(&mut findings);
        Verdict {
            findings,
            counter: chain.last_key_value().map_or(0, |(n, _)| *n),
            adds,
            marks,
            holds: self.holds.len(),
            windows,
        }
    }

    /// Who counted what, as the next holder read it, and the last as it is found.
    fn chain(&self, counter: &str, findings: &mut Vec<String>) -> BTreeMap<u64, String> {
        let mut chain: BTreeMap<u64, String> = BTreeMap::new();
        let read = self.adds.iter().map(|call| call.saw.as_str());
        for text in read.chain([counter]) {
            let Some((n, id)) = entry::count(text) else {
                findings.push(format!("`{text}` is no count"));
                continue;
            };
            let known = chain.entry(n).or_insert_with(|| id.to_owned());
            if known != id {
                findings.push(format!("{n} was counted by {known} and by {id}"));
            }
        }
        chain.remove(&0);
        for (place, n) in (1..).zip(chain.keys()) {
            if place != *n {
                findings.push(format!("{place} was never read; the next is {n}"));
                break;
            }
        }
        chain
    }

    /// Tokens grow with the counter, and no hold shares its token.
    fn tokens_grow_with(&self, chain: &BTreeMap<u64, String>, findings: &mut Vec<String>) {
        let tokens: BTreeMap<&str, u64> =
            self.adds.iter().map(|c| (c.id.as_str(), c.token)).collect();
        let mut last = (0, "nobody");
        for id in chain.values() {
            let Some(token) = tokens.get(id.as_str()).copied() else {
                findings.push(format!("{id} counted and does not say so"));
                continue;
            };
            if token <= last.0 {
                let (before, who) = last;
                findings.push(format!(
                    "{id} counted with token {token} after {who} with {before}"
                ));
            }
            last = (token, id);
        }
        let mut seen = BTreeSet::new();
        for hold in self.holds.iter().filter(|hold| !seen.insert(hold.token)) {
            findings.push(format!("{} held with a token used before", hold.who));
        }
    }

    /// No one is granted the lock before the safe window of an earlier hold that was lost ends. Returns how many windows
    /// were compared.
    fn safe_windows_do_not_overlap(&self, findings: &mut Vec<String>) -> usize {
        let mut holds: Vec<&Hold> = self.holds.iter().collect();
        holds.sort_by_key(|hold| hold.token);
        let mut compared = 0;
        // The earliest grant of all later holders, of those that tell.
        let mut next: Option<(u64, &str)> = None;
        for hold in holds.into_iter().rev() {
            if let (true, Some(safe_until), Some((granted, who))) =
                (hold.lost, hold.safe_until, next)
            {
                compared += 1;
                if granted < safe_until {
                    let early = (safe_until - granted) / 1_000_000;
                    let holder = &hold.who;
                    findings.push(format!(
                        "{who} was granted the lock {early} ms before the safe window of {holder} ended"
                    ));
                }
            }
            if let Some(granted) = hold.granted {
                let earlier = next.filter(|(known, _)| *known <= granted);
                next = earlier.or(Some((granted, &hold.who)));
            }
        }
        compared
    }
}

fn compare(
    what: &str,
    calls: &[Call],
    found: &BTreeSet<&str>,
    findings: &mut Vec<String>,
) -> Calls {
    let mut counts = Calls::default();
    let mut said = BTreeSet::new();
    for call in calls {
        let id = call.id.as_str();
        if !said.insert(id) {
            findings.push(format!("{what} {id} is told twice"));
        }
        let is_found = found.contains(id);
        match (call.outcome, is_found) {
            (Outcome::Done, true) => counts.done += 1,
            (Outcome::NotApplied, false) => counts.not_applied += 1,
            (Outcome::Unknown, true) => counts.unknown_found += 1,
            (Outcome::Unknown, false) => counts.unknown_absent += 1,
            (Outcome::Done, false) => {
                counts.missing += 1;
                findings.push(format!("{what} {id} was reported done and is missing"));
            }
            (Outcome::NotApplied, true) => {
                counts.unexpected += 1;
                findings.push(format!("{what} {id} was reported not applied and is found"));
            }
        }
    }
    for id in found.iter().filter(|id| !said.contains(**id)) {
        findings.push(format!("{what} {id} is found and was never told of"));
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(id: &str, token: u64, saw: &str, outcome: &str) -> String {
        format!(
            r#"{{"event":"call","op":"add","id":"{id}","token":{token},"saw":"{saw}","outcome":"{outcome}"}}"#
        )
    }

    fn mark(id: &str, outcome: &str) -> String {
        format!(r#"{{"event":"call","op":"mark","id":"{id}","token":1,"outcome":"{outcome}"}}"#)
    }

    fn hold(who: &str, token: u64, granted: u64, safe_until: u64, end: &str) -> String {
        format!(
            r#"{{"event":"hold","who":"{who}","token":{token},"granted":{granted},"safe_until":{safe_until},"end":"{end}"}}"#
        )
    }

    fn judge(lines: &[String], counter: &str, marks: &[&str]) -> Verdict {
        let mut ledger = Ledger::default();
        ledger.take(lines);
        let marks: Vec<String> = marks.iter().map(|mark| (*mark).to_owned()).collect();
        ledger.judge(counter, &marks)
    }

    fn findings(lines: &[String], counter: &str) -> String {
        judge(lines, counter, &[]).findings.join("\n")
    }

    #[test]
    fn a_true_ledger_has_no_findings_and_is_counted() {
        let lines = [
            add("a", 1, "0 start", "done"),
            add("b", 2, "1 a", "unknown"),
            add("c", 3, "2 b", "unknown"),
            add("d", 4, "2 b", "not_applied"),
            add("e", 5, "2 b", "done"),
            mark("a", "done"),
            mark("b", "unknown"),
            mark("c", "not_applied"),
            hold("x", 1, 10, 99, "released"),
            hold("y", 2, 20, 30, "lost"),
            hold("z", 3, 30, 99, "released"),
        ];
        let verdict = judge(&lines, "3 e", &["a"]);
        assert_eq!(verdict.findings, Vec::<String>::new());
        assert_eq!((verdict.counter, verdict.windows), (3, 1));
        let adds = &verdict.adds;
        assert_eq!(
            (adds.done, adds.unknown_found, adds.unknown_absent),
            (2, 1, 1)
        );
        assert_eq!((verdict.marks.not_applied, adds.not_applied), (1, 1));
    }

    #[test]
    fn a_lost_update_is_found() {
        let lines = [
            add("a", 1, "0 start", "done"),
            add("b", 2, "0 start", "done"),
        ];
        assert!(findings(&lines, "1 b").contains("add a was reported done and is missing"));
        let lines = [add("a", 1, "0 start", "done"), add("b", 2, "1 x", "done")];
        let found = findings(&lines, "2 b");
        assert!(
            found.contains("x is found and was never told of"),
            "{found}"
        );
        let read = add("c", 3, "1 a", "not_applied");
        let found = findings(&[lines[0].clone(), lines[1].clone(), read], "2 b");
        assert!(found.contains("1 was counted by"), "{found}");
    }

    #[test]
    fn calls_reported_falsely_are_found() {
        let lines = [add("a", 1, "0 start", "not_applied")];
        assert!(findings(&lines, "1 a").contains("a was reported not applied and is found"));
        let verdict = judge(
            &[mark("a", "done"), mark("b", "not_applied")],
            "0 start",
            &["b"],
        );
        assert_eq!((verdict.marks.missing, verdict.marks.unexpected), (1, 1));
        assert_eq!(verdict.findings.len(), 2);
    }

    #[test]
    fn a_token_that_does_not_grow_is_found() {
        let lines = [
            add("a", 2, "0 start", "done"),
            add("b", 1, "1 a", "done"),
            hold("a", 2, 0, 0, "released"),
            hold("b", 2, 0, 0, "released"),
        ];
        let found = findings(&lines, "2 b");
        assert!(found.contains("b counted with token 1 after a"), "{found}");
        assert!(found.contains("b held with a token used before"), "{found}");
    }

    #[test]
    fn a_grant_inside_a_safe_window_is_found() {
        let lines = [
            hold("x", 1, 1, 9_000_000, "lost"),
            r#"{"event":"hold","who":"silent","token":2,"granted":null,"safe_until":null,"end":"released"}"#.to_owned(),
            hold("y", 3, 4_000_000, 5, "released"),
            hold("z", 4, 10_000_000, 5, "released"),
        ];
        let found = findings(&lines, "0 start");
        assert!(
            found.contains("y was granted the lock 5 ms before"),
            "{found}"
        );
    }

    #[test]
    fn a_line_that_cannot_be_read_is_a_finding() {
        let lines = [
            r#"{"event":"call","op":"add"}"#.to_owned(),
            "oops".to_owned(),
        ];
        assert_eq!(judge(&lines, "0 start", &[]).findings.len(), 2);
    }

    #[test]
    fn who_followed_whom_is_told_by_the_order_of_tokens() {
        let mut ledger = Ledger::default();
        let holds = [("r-0", 4), ("k-0", 2), ("r-1", 1), ("k-1", 3), ("k-0", 9)];
        ledger.take(&holds.map(|(who, token)| hold(who, token, 1, 1, "released")));
        let exchanges = ledger.exchanges_of("k");
        assert_eq!((exchanges.to, exchanges.from), (2, 1));
        assert_eq!(ledger.exchanges_of("r").to, 1);
    }

    #[test]
    fn who_waited_is_told_by_what_was_written_while_it_did() {
        let mut ledger = Ledger::default();
        ledger.take(&[
            r#"{"event":"call","op":"add","id":"k-0-1","token":5,"saw":"0 start","saw_zxid":4,"outcome":"done"}"#.to_owned(),
            r#"{"event":"call","op":"add","id":"k-0-2","token":6,"saw":"1 k-0-1","saw_zxid":7,"outcome":"done"}"#.to_owned(),
            hold("k-0", 5, 1, 1, "released"),
            hold("k-0", 6, 1, 1, "released"),
        ]);
        assert_eq!(ledger.holds_of("k"), (2, 1));
        assert_eq!(ledger.holds_of("k-0-1"), (0, 0));
        assert_eq!(ledger.holds_of("r"), (0, 0));
    }
}
