//! X3: every call dropped at every poll in every context.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use zk_checkers::Outcome;
use zk_sim::exhaustive::script;
use zk_sim::judge::judge;
use zk_sim::plan::Plan;
use zk_sim::run::run;
use zk_sim::schedule::{Action, Call, Direction, Event, Trigger};

/// The calls that the workloads make.
const CALLS: [Call; 8] = [
    Call::Get,
    Call::Set,
    Call::Watch,
    Call::Acquire,
    Call::TryAcquire,
    Call::Hold,
    Call::Release,
    Call::FencedSet,
];

const POLLS: u64 = 12;

/// What goes wrong while the call is under way.
fn contexts() -> Vec<Option<Action>> {
    let ms = Duration::from_millis;
    let faults = [
        Action::CutBeforeApply,
        Action::CutAfterApply,
        Action::CutAtByte(7),
        Action::HalfOpen,
        Action::Refuse,
        Action::Blackhole(Direction::ToServer),
        Action::Blackhole(Direction::ToClient),
        Action::Delay(ms(200)),
        Action::Pause,
        Action::Starve,
        Action::Kill,
        Action::Rate(999),
        Action::Expire,
        Action::NoQuorum,
        Action::Throttle,
        Action::ReapContainers,
        Action::SetSuffix(i32::MAX - 1),
        Action::CrashLeader,
        Action::CrashFollower,
        Action::Lag(ms(200)),
        Action::LoseTail,
        Action::LingerEphemerals(ms(100)),
        Action::Partition,
    ];
    [None].into_iter().chain(faults.map(Some)).collect()
}

/// The call dropped at a poll, and the fault half-way there.
fn plan(call: Call, poll: u64, context: Option<Action>) -> Plan {
    let mut plan = script(1, 3, 40);
    plan.clients = 2;
    let about_locks = !matches!(call, Call::Get | Call::Set | Call::Watch);
    plan.lock_percent = if about_locks { 100 } else { 0 };
    let at = |poll, action: Action| Event {
        trigger: Trigger::Poll(0, call, poll),
        action,
        lasting: action.lasts().then(|| Duration::from_millis(300)),
        client: Some(0),
    };
    plan.events.push(at(poll, Action::Cancel(poll)));
    let fault = context.map(|action| at(poll.div_ceil(2), action));
    plan.events.extend(fault);
    plan
}

#[test]
fn every_call_may_be_dropped_at_every_poll_in_every_context() {
    let contexts = contexts();
    assert!(contexts.len() > 20);
    let mut cases = 0;
    let mut dropped: BTreeMap<Call, BTreeSet<u32>> = BTreeMap::new();
    let mut drops = 0;
    for call in CALLS {
        for poll in 1..=POLLS {
            for context in &contexts {
                let plan = plan(call, poll, *context);
                let run = run(&plan);
                assert_eq!(judge(&run), [], "{plan}");
                cases += 1;
                let ops = run.history.ops.iter();
                // A killed process drops its calls, too, after polls that are not counted.
                let killed = *context == Some(Action::Kill);
                for op in ops.filter(|op| op.outcome == Outcome::Cancelled && !killed) {
                    drops += 1;
                    dropped.entry(call).or_default().insert(op.polls);
                }
            }
        }
    }
    println!("X3: {cases} cases, {drops} calls dropped, {dropped:?}");
    assert_eq!(cases, CALLS.len() * 12 * contexts.len());
    for call in CALLS {
        let polls = dropped.get(&call).map_or(0, BTreeSet::len);
        assert!(polls > 0, "{call:?} was never dropped");
    }
    assert!(drops > 300, "{drops} calls were dropped");
}
