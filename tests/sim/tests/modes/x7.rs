//! X7: every counter passes its end.

use std::time::Duration;

use zk_recipes::Layout;
use zk_sim::bare::{Variant, run_with};
use zk_sim::exhaustive::script;
use zk_sim::judge::judge;
use zk_sim::plan::Plan;
use zk_sim::run::{Run, run};
use zk_sim::schedule::{Action, Event, Trigger};

/// From five before the end to five behind it.
const AROUND: std::ops::RangeInclusive<i32> = -5..=5;

/// Many contenders on one lock.
fn crowd(servers: usize) -> Plan {
    let mut plan = script(1, servers, 12);
    plan.clients = 3;
    plan.lock_percent = 90;
    plan
}

/// The next node below the lock gets the suffix that far from 2³¹ − 1; behind it suffixes are negative.
fn suffix(near: i32) -> Plan {
    let mut plan = crowd(1);
    plan.events.push(Event {
        trigger: Trigger::At(Duration::from_millis(1)),
        action: Action::SetSuffix(i32::MAX.wrapping_add(near)),
        lasting: None,
        client: None,
    });
    plan
}

/// The low word of zxids passes its end after so many more transactions.
fn zxid(near: i32) -> Plan {
    let mut plan = crowd(3);
    plan.zxid_low = (u32::MAX - 30).wrapping_add_signed(near);
    plan
}

/// Grants of locks in a run that breaks nothing.
fn grants(plan: &Plan, run: &Run) -> usize {
    assert_eq!(judge(run), [], "{plan}");
    let granted = |op: &&zk_checkers::Op| {
        op.function == zk_checkers::Function::Acquire && op.outcome == zk_checkers::Outcome::Ok
    };
    let count = run.history.ops.iter().filter(granted).count();
    assert!(count > 5, "{count} grants: {plan}");
    count
}

/// The suffixes that the server gave out.
fn suffixes(run: &Run) -> Vec<i64> {
    let changes = run.history.truth.changes.iter();
    let made = changes.filter(|change| change.kind == zk_checkers::ChangeKind::Create);
    let texts = &run.history.texts;
    made.filter_map(|change| {
        let path = texts.shown(change.path);
        let ending = ["-lock-", "__lock__"].into_iter().find_map(|ending| {
            let at = path.rfind(ending)?;
            Some(at + ending.len())
        })?;
        zk_client::path::sequence_after(path.get(..ending)?, &path)
    })
    .collect()
}

#[test]
fn the_suffix_may_wrap_for_every_ordered_recipe() {
    let mut cases = 0;
    for near in AROUND {
        let plan = suffix(near);
        let library = run(&plan);
        grants(&plan, &library);
        let curator = run_with(&plan, Variant::default());
        let kazoo = Variant {
            layout: Layout::Kazoo,
            ..Variant::default()
        };
        let kazoo = run_with(&plan, kazoo);
        for run in [&library, &curator, &kazoo] {
            grants(&plan, run);
            let suffixes = suffixes(run);
            let end = i64::from(i32::MAX);
            let passed = suffixes.iter().any(|suffix| *suffix < 0 || *suffix == end);
            assert!(passed, "never near the end: {suffixes:?}");
            cases += 1;
        }
    }
    assert_eq!(cases, 33);
}

#[test]
fn the_low_word_of_zxids_may_wrap() {
    let mut cases = 0;
    for near in AROUND {
        let plan = zxid(near);
        for run in [run(&plan), run_with(&plan, Variant::default())] {
            grants(&plan, &run);
            let zxids = run.history.truth.changes.iter().map(|change| change.zxid);
            let epochs: std::collections::BTreeSet<u32> = zxids.map(|zxid| zxid.epoch()).collect();
            assert!(epochs.len() > 1, "it never wrapped: {epochs:?}");
            cases += 1;
        }
    }
    assert_eq!(cases, 22);
}

#[test]
fn the_numbers_of_requests_may_wrap() {
    let mut cases = 0;
    for near in AROUND {
        let plan = crowd(1);
        let variant = Variant {
            first_xid: Some(i32::MAX - 15 + near),
            ..Variant::default()
        };
        let run = run_with(&plan, variant);
        grants(&plan, &run);
        let xids: Vec<i32> = run.history.truth.changes.iter().map(|it| it.xid).collect();
        let high = xids.iter().any(|xid| *xid > i32::MAX - 21);
        let sessions = run.history.truth.sessions.len();
        assert!(high && xids.iter().all(|xid| *xid >= 0), "{xids:?}");
        let wrapped = xids.iter().skip_while(|xid| **xid < i32::MAX - 21);
        assert!(
            wrapped.filter(|xid| (1..100).contains(*xid)).count() > sessions,
            "{xids:?}"
        );
        cases += 1;
    }
    assert_eq!(cases, 11);
}
