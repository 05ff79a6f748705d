//! Elections: terms by what was committed, what observers are told, and who follows whom.

mod heirs;
mod observers;
mod terms;
mod view;

use self::view::Elections;
use crate::history::History;
use crate::known::{Ends, Tree};
use crate::verdict::{Findings, Verdict};

/// `E1`, `E2` and `Heir`.
pub(super) fn check(history: &History) -> Verdict {
    let mut findings = Findings::default();
    let tree = Tree::replay(history);
    let elections = Elections {
        history,
        tree: &tree,
        ends: Ends::of(history),
    };
    let terms = elections.terms();
    terms::judge(&elections, &terms, &mut findings);
    observers::judge(&elections, &mut findings);
    heirs::judge(&elections, &terms, &mut findings);
    findings.verdict()
}
