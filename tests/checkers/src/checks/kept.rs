//! Nodes that are kept: there again after every loss, with the latest data, until they are kept no longer.

mod keeper;
mod ttl;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use zk_wire::Zxid;

use self::keeper::{Keeper, Site};

use crate::history::History;
use crate::known::{Bounds, Ends, Late, Life, Tree};
use crate::records::{Function, Op};
use crate::text::Text;
use crate::verdict::{Findings, Verdict};

/// `E7`, and `S3`; `G5` of nodes that have a time to live.
pub(super) fn check(history: &History) -> Verdict {
    let mut findings = Findings::default();
    let mut keepers: BTreeMap<(u32, Text), Vec<(usize, Op)>> = BTreeMap::new();
    for (place, op) in history.ops.iter().enumerate() {
        if matches!(
            op.function,
            Function::Keep | Function::Provide | Function::Unkeep
        ) {
            let keeper = keepers.entry((op.process, op.path)).or_default();
            keeper.push((place, *op));
        }
    }
    if keepers.is_empty() {
        return findings.verdict();
    }
    let site = Site {
        history,
        tree: Tree::replay(history),
        ends: Ends::of(history),
        bounds: Bounds::of(history),
        late: Late::of(history),
    };
    let mut timed: BTreeSet<(Text, Duration)> = BTreeSet::new();
    for ((process, path), mut calls) in keepers {
        findings.stats.judged += calls.len();
        calls.sort_by_key(|(_, op)| op.invoked);
        let all = site
            .tree
            .within(path, Zxid::from_raw(0), Zxid::from_raw(i64::MAX));
        let ttl = calls.iter().find_map(|(_, op)| ttl::ttl(&site, op));
        let (own, others): (Vec<&Life>, Vec<&Life>) = all.partition(|life| match ttl {
            Some(_) => life.owner.is_none(),
            None => site.ends.user(life.creator) == Some(process),
        });
        let keeper = Keeper {
            site: &site,
            process,
            name: history.texts.shown(path),
            calls,
            own,
            others,
        };
        keeper.answers(&mut findings);
        if let Some(ttl) = ttl {
            ttl::outlives(&keeper, path, ttl, &mut findings);
            timed.insert((path, ttl));
        } else {
            keeper.stays(&mut findings);
        }
        keeper.comes_back(&mut findings);
        keeper.touches_none(&mut findings);
    }
    for (path, ttl) in timed {
        ttl::goes(&site, path, ttl, &mut findings);
    }
    findings.verdict()
}
