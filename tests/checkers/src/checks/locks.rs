//! Locks: grants in the server's order, and what holders did and believed.

use crate::history::History;
use crate::known::{Bounds, Contenders, Ends, Tree};
use crate::verdict::{Findings, Verdict};

mod beliefs;
mod failures;
mod fencing;
mod grants;
mod handover;
mod jobs;
mod permits;
mod releases;
mod together;
mod view;

use view::Locks;

/// `L1` to `L13`, and `Lease`.
pub(super) fn check(history: &History) -> Verdict {
    let mut findings = Findings::default();
    let tree = Tree::replay(history);
    let locks = Locks {
        history,
        contenders: Contenders::of(history, &tree),
        tree: &tree,
        ends: Ends::of(history),
        bounds: Bounds::of(history),
    };
    grants::judge(&locks, &mut findings);
    fencing::judge(&locks, &mut findings);
    beliefs::judge(&locks, &mut findings);
    releases::judge(&locks, &mut findings);
    handover::judge(&locks, &mut findings);
    failures::judge(&locks, &mut findings);
    permits::judge(&locks, &mut findings);
    together::judge(&locks, &mut findings);
    jobs::judge(&locks, &mut findings);
    findings.verdict()
}
