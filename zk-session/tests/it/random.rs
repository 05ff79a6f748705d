//! Random commands, a random server, random bytes: nothing panics, and everybody gets an answer.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use zk_session::{
    Abandoned, Coalescing, Credential, DutyId, Obligation, RequestId, ServerId, SessionConfig,
    Submit, WatchId, WatchKind,
};
use zk_wire::{AddWatchMode, CreateMode, EventType, Request};

use crate::pair::{Pair, config, create, get, get_watched, is_create, is_get, is_multi, set};
use crate::server::{Handshake, Node, Reaction};

#[derive(Clone, Debug)]
enum Op {
    Get(u8),
    Gets(u8, Option<u16>),
    Set(u8, Option<u16>),
    WatchData(u8),
    WatchExist(u8),
    WatchTree(u8),
    Abandon(usize),
    ForgetWatch(usize),
    Create(u8, bool),
    Perform(usize),
    Discharge(usize),
    Hold(usize),
    Expect(usize),
    Locate(usize, u8),
    AddAuth(u8),
    Cut,
    Run(u16),
    Notify(u8, u8, i64),
    Rule(u8, u8),
    Forgive,
    Silent(bool),
    Accepts(bool),
    Garbage(Vec<u8>),
    Reply(i32, i64, i32, Vec<u8>),
    Servers(Vec<Option<u8>>),
    ReadOnly(bool),
    Writable(u8),
    Close,
    Detach,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => any::<u8>().prop_map(Op::Get),
        4 => (any::<u8>(), proptest::option::of(0..5_000_u16)).prop_map(|(n, d)| Op::Set(n, d)),
        4 => (any::<u8>(), proptest::option::of(0..5_000_u16)).prop_map(|(n, d)| Op::Gets(n, d)),
        2 => any::<u8>().prop_map(Op::WatchData),
        2 => any::<u8>().prop_map(Op::WatchExist),
        2 => any::<u8>().prop_map(Op::WatchTree),
        2 => any::<usize>().prop_map(Op::Abandon),
        2 => any::<usize>().prop_map(Op::ForgetWatch),
        4 => (any::<u8>(), any::<bool>()).prop_map(|(n, exact)| Op::Create(n, exact)),
        3 => any::<usize>().prop_map(Op::Perform),
        1 => any::<usize>().prop_map(Op::Discharge),
        3 => any::<usize>().prop_map(Op::Hold),
        1 => any::<usize>().prop_map(Op::Expect),
        1 => (any::<usize>(), any::<u8>()).prop_map(|(duty, n)| Op::Locate(duty, n)),
        1 => any::<u8>().prop_map(Op::AddAuth),
        3 => Just(Op::Cut),
        8 => (0..9_000_u16).prop_map(Op::Run),
        3 => (any::<u8>(), any::<u8>(), -1..400_i64).prop_map(|(k, n, z)| Op::Notify(k, n, z)),
        4 => (any::<u8>(), any::<u8>()).prop_map(|(what, how)| Op::Rule(what, how)),
        2 => Just(Op::Forgive),
        1 => any::<bool>().prop_map(Op::Silent),
        1 => any::<bool>().prop_map(Op::Accepts),
        1 => proptest::collection::vec(any::<u8>(), 0..60).prop_map(Op::Garbage),
        1 => (-9..40_i32, -1..400_i64, -130..3_i32, proptest::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(xid, zxid, err, body)| Op::Reply(xid, zxid, err, body)),
        2 => proptest::collection::vec(proptest::option::of(0..4_u8), 0..5).prop_map(Op::Servers),
        1 => any::<bool>().prop_map(Op::ReadOnly),
        1 => (0..4_u8).prop_map(Op::Writable),
        1 => Just(Op::Close),
        1 => Just(Op::Detach),
    ]
}

#[derive(Default)]
struct Ledger {
    submitted: Vec<RequestId>,
    abandoned: BTreeSet<RequestId>,
    watches: Vec<WatchId>,
    duties: Vec<DutyId>,
    discharged: BTreeSet<DutyId>,
}

fn path(n: u8) -> String {
    format!("/n{}", n % 5)
}

fn submit(pair: &mut Pair, ledger: &mut Ledger, request: Request, submit: Submit) {
    if let Ok(submitted) = pair.session.submit(pair.now, request, submit) {
        ledger.submitted.push(submitted.id);
        ledger.watches.extend(submitted.watch);
    }
}

fn pick<T: Copy>(items: &[T], index: usize) -> Option<T> {
    items.get(index % items.len().max(1)).copied()
}

fn rule(pair: &mut Pair, what: u8, how: u8) {
    let matches: fn(&Request) -> bool = match what % 6 {
        0 => is_get,
        1 => is_create,
        2 => is_multi,
        3 => |request| matches!(request, Request::MultiRead(_)),
        4 => |request| matches!(request, Request::SetWatches(_) | Request::Auth { .. }),
        _ => |_| true,
    };
    let reaction = match how % 11 {
        0 => Reaction::Delay(Duration::from_millis(700)),
        1 => Reaction::Refuse(-101),
        2 => Reaction::RefuseEarly(-102),
        3 => Reaction::Hold,
        4 => Reaction::Swallow,
        5 => Reaction::CutBefore,
        6 => Reaction::CutAfter,
        7 => Reaction::WrongXid,
        8 => Reaction::Huge(100_000_000),
        9 => Reaction::RefuseAndClose(-6),
        _ => Reaction::Refuse(-127),
    };
    pair.server.on(matches, 0, reaction);
}

fn apply(pair: &mut Pair, ledger: &mut Ledger, op: Op) {
    let now = pair.now;
    match op {
        Op::Get(n) => submit(pair, ledger, get(&path(n)), Submit::new()),
        Op::Gets(count, deadline) => {
            let mut with = Submit::new();
            with.deadline = deadline.map(|ms| now + Duration::from_millis(ms.into()));
            for n in 0..count % 12 {
                submit(pair, ledger, get(&path(n)), with);
            }
        }
        Op::Set(n, deadline) => {
            let mut with = Submit::new();
            with.deadline = deadline.map(|ms| now + Duration::from_millis(ms.into()));
            submit(pair, ledger, set(&path(n)), with);
        }
        Op::WatchData(n) => {
            submit(
                pair,
                ledger,
                get_watched(&path(n)),
                Submit::new().watch(WatchKind::Data),
            );
        }
        Op::WatchExist(n) => {
            let request = Request::Exists {
                path: path(n),
                watch: true,
            };
            submit(pair, ledger, request, Submit::new().watch(WatchKind::Exist));
        }
        Op::WatchTree(n) => {
            let mode = AddWatchMode::PersistentRecursive;
            let request = Request::AddWatch {
                path: path(n),
                mode,
            };
            submit(
                pair,
                ledger,
                request,
                Submit::new().watch(WatchKind::Recursive),
            );
        }
        Op::Abandon(index) => {
            if let Some(id) = pick(&ledger.submitted, index) {
                if pair.session.abandon(now, id) != Abandoned::Settled {
                    ledger.abandoned.insert(id);
                }
            }
        }
        Op::ForgetWatch(index) => {
            if let Some(id) = pick(&ledger.watches, index) {
                pair.session.forget_watch(now, id);
            }
        }
        Op::Create(n, exact) => {
            let mark = format!("_c_{}-", ledger.duties.len());
            let name = format!("/l/{mark}lock-");
            let duty = pair.session.oblige(if exact && n % 2 == 0 {
                Obligation::Delete { path: path(n) }
            } else if exact {
                Obligation::DeleteOwn { path: path(n) }
            } else {
                Obligation::DeleteMarked {
                    parent: "/l".to_owned(),
                    mark,
                }
            });
            let request = if exact {
                create(&path(n), CreateMode::Ephemeral)
            } else if n % 4 == 0 {
                create(&name, CreateMode::PersistentSequential)
            } else {
                create(&name, CreateMode::EphemeralSequential)
            };
            if !pair.session.state().is_terminal() {
                ledger.duties.push(duty);
            }
            submit(pair, ledger, request, Submit::new().duty(duty));
        }
        Op::Perform(index) => {
            if let Some(duty) = pick(&ledger.duties, index) {
                pair.session.perform(now, duty);
            }
        }
        Op::Discharge(index) => {
            if let Some(duty) = pick(&ledger.duties, index) {
                pair.session.discharge(now, duty);
                ledger.discharged.insert(duty);
            }
        }
        Op::Hold(index) => {
            if let Some(duty) = pick(&ledger.duties, index) {
                pair.session.hold(now, duty);
            }
        }
        Op::Expect(index) => {
            if let Some(duty) = pick(&ledger.duties, index) {
                pair.session.expect(duty);
            }
        }
        Op::Locate(index, n) => {
            if let Some(duty) = pick(&ledger.duties, index) {
                pair.session.locate(now, duty, path(n));
            }
        }
        Op::AddAuth(n) => {
            let credential = Credential::new("digest", Bytes::from(vec![n % 3]));
            ledger
                .submitted
                .extend(pair.session.add_auth(now, credential).ok());
        }
        Op::Cut if pair.has_conn() => pair.cut(),
        Op::Cut => {}
        Op::Run(ms) => pair.run_for(Duration::from_millis(ms.into())),
        Op::Notify(kind, n, zxid) if pair.has_conn() => {
            pair.notify_soon(EventType::from_raw(i32::from(kind % 6)), &path(n), zxid);
        }
        Op::Garbage(bytes) if pair.has_conn() => pair.server_sends_soon(bytes),
        Op::Reply(xid, zxid, err, body) if pair.has_conn() => {
            let mut bytes = (16 + body.len() as i32).to_be_bytes().to_vec();
            bytes.extend_from_slice(&xid.to_be_bytes());
            bytes.extend_from_slice(&zxid.to_be_bytes());
            bytes.extend_from_slice(&err.to_be_bytes());
            bytes.extend_from_slice(&body);
            pair.server_sends_soon(bytes);
        }
        Op::Notify(..) | Op::Garbage(_) | Op::Reply(..) => {}
        Op::Rule(what, how) => rule(pair, what, how),
        Op::Forgive => pair.server.forget_rules(),
        Op::Silent(silent) => pair.server.silent = silent,
        Op::Accepts(accepts) => pair.server.accepts = accepts,
        Op::Servers(origins) => {
            let place = |origin: u8| ServerId::from_index(origin.into());
            let origins: Vec<_> = origins.into_iter().map(|at| at.map(place)).collect();
            pair.session.update_servers(now, &origins);
        }
        Op::ReadOnly(read_only) => pair.server.read_only_byte = Some(read_only),
        Op::Writable(server) => pair.writable = Some(ServerId::from_index(server.into())),
        Op::Close => pair.session.close(now),
        Op::Detach => pair.session.detach(now),
    }
    pair.pump();
}

/// Owners that point elsewhere, and servers that lie about nodes or refuse for good.
fn misleads(op: &Op) -> bool {
    match op {
        Op::Discharge(_)
        | Op::Expect(_)
        | Op::Locate(..)
        | Op::Close
        | Op::Detach
        | Op::ReadOnly(_)
        | Op::Garbage(_)
        | Op::Reply(..) => true,
        Op::Rule(_, how) => matches!(how % 11, 1 | 2),
        _ => false,
    }
}

fn coalescing() -> impl Strategy<Value = Coalescing> {
    prop_oneof![
        Just(Coalescing::Off),
        Just(Coalescing::Probe),
        Just(Coalescing::Known)
    ]
}

fn with(mode: Coalescing) -> SessionConfig {
    let mut config = config();
    config.coalescing = mode;
    config
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn zk794_zk2111_zk3652_go39be937_b29_prop_every_request_and_duty_ends_exactly_once(
        ops in proptest::collection::vec(op(), 1..60),
        expire in any::<bool>(),
        mode in coalescing(),
    ) {
        let mut config = with(mode);
        config.read_only_ok = expire;
        let mut pair = Pair::new(config);
        pair.server.nodes.insert("/n1".to_owned(), Node { owner: 0, czxid: 1 });
        let mut ledger = Ledger::default();
        for op in ops {
            apply(&mut pair, &mut ledger, op);
        }
        pair.server.silent = false;
        pair.server.accepts = true;
        pair.server.forget_rules();
        if expire {
            pair.server.handshake = Handshake::Expired;
        }
        pair.session.close(pair.now);
        pair.pump();
        pair.run_until(|pair| pair.session.state().is_terminal());
        for id in ledger.submitted {
            let ended = pair.outcome(id).is_some();
            prop_assert_eq!(ended, !ledger.abandoned.contains(&id), "{}", id);
        }
        for duty in ledger.duties {
            let ended = pair.settlement(duty).is_some();
            prop_assert!(ended || ledger.discharged.contains(&duty), "{} never ended", duty);
        }
        let states = pair.states();
        prop_assert!(states.windows(2).all(|pair| pair[0] != pair[1]), "{:?}", states);
        let doubts = pair.doubts();
        prop_assert!(doubts.windows(2).all(|pair| pair[0].1 != pair[1].1), "{:?}", doubts);
    }

    #[test]
    fn prop_due_duties_leave_no_node_once_the_server_behaves(
        ops in proptest::collection::vec(op(), 1..60),
        mode in coalescing(),
    ) {
        let mut pair = Pair::new(with(mode));
        let mut ledger = Ledger::default();
        for op in ops {
            if !misleads(&op) {
                apply(&mut pair, &mut ledger, op);
            }
        }
        pair.server.silent = false;
        pair.server.accepts = true;
        pair.server.forget_rules();
        // A connection that once withheld a reply answers nothing behind it either.
        if pair.has_conn() {
            pair.cut();
        }
        for duty in &ledger.duties {
            pair.session.perform(pair.now, *duty);
        }
        pair.pump();
        pair.run_for(Duration::from_secs(120));
        if !pair.session.state().is_terminal() {
            prop_assert_eq!(pair.session.stats().duties, 0);
            prop_assert!(pair.server.nodes.is_empty(), "left: {:?}", pair.server.nodes.keys());
        }
    }

    #[test]
    fn prop_equal_seeds_and_inputs_give_equal_outputs(
        ops in proptest::collection::vec(op(), 1..40),
        mode in coalescing(),
    ) {
        let run = || {
            let mut pair = Pair::new(with(mode));
            let mut ledger = Ledger::default();
            for op in ops.clone() {
                apply(&mut pair, &mut ledger, op);
            }
            (pair.events, pair.dials, pair.batches)
        };
        prop_assert_eq!(run(), run());
    }
}
