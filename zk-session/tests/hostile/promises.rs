//! Rules about credentials, pings, duties and held nodes.

use std::time::Duration;

use zk_session::{Settlement, Submit};
use zk_wire::{Create, CreateMode, EventType, MultiResult, Request, Response, xid};

use crate::attack::{
    any, is_auth, is_create, is_list_of_own, is_multi, is_ping, is_read, on, on_nth,
};
use crate::case::{
    Case, End, Expect, Finally, case, kept, lost, passed_over, protocol, with_credential,
};
use crate::frames::{answer, event, ints, reply};
use crate::rig::{LIMIT, Report, Rig};
use crate::server::{Heard, Say};

/// Creates a node that it promises to delete, and deletes it when the create has ended.
fn creates_and_cleans_up(rig: &mut Rig) {
    let duty = rig.oblige();
    let mut create = Create::new("/locks/m-", "", CreateMode::EphemeralSequential);
    create.stat = false;
    rig.ask(Request::Create(create), Submit::new().duty(duty));
    rig.run(Duration::from_secs(20), |rig| rig.report.done > 0);
    rig.perform(duty);
}

/// Creates a node and holds it.
fn creates_and_holds(rig: &mut Rig) {
    let duty = rig.oblige();
    let mut create = Create::new("/locks/m-", "", CreateMode::EphemeralSequential);
    create.stat = false;
    rig.ask(Request::Create(create), Submit::new().duty(duty));
    rig.run(Duration::from_secs(20), |rig| rig.report.done > 0);
    rig.hold(duty);
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = credentials();
    cases.extend(pings());
    cases.extend(duties());
    cases.extend(holds());
    cases
}

fn credentials() -> Vec<Case> {
    let unasked = |how: &str, err: i32| {
        case(
            "credentials-are-answered-once",
            how,
            on(is_read, move |_| {
                vec![Say::Bytes(reply(xid::AUTH, 0, err, &[]))]
            }),
            protocol("auth packet nobody sent"),
        )
    };
    let sent = |how: &str, say: fn() -> Vec<Say>, expect: Expect| {
        case(
            "credentials-are-answered-once",
            how,
            on(is_auth, move |_| say()),
            expect,
        )
        .config(with_credential)
    };
    vec![
        unasked("accepted unasked", 0),
        unasked("refused unasked", -115),
        sent(
            "accepted twice",
            || vec![Say::Bytes(reply(xid::AUTH, 0, 0, &[]).repeat(2))],
            passed_over("auth packet nobody sent"),
        ),
        sent(
            "accepted, then refused",
            || {
                let both = [reply(xid::AUTH, 0, 0, &[]), reply(xid::AUTH, 0, -115, &[])];
                vec![Say::Bytes(both.concat())]
            },
            passed_over("auth packet nobody sent"),
        ),
        case(
            "refused-credentials-are-final",
            "refused",
            on(is_auth, |_| {
                vec![Say::Bytes(reply(xid::AUTH, 0, -115, &[]))]
            }),
            kept(End::AuthFailed).finally(Finally::AuthFailed),
        )
        .config(with_credential),
        case(
            "nothing-is-sent-before-credentials-are-accepted",
            "not answered",
            on(any, |_| Vec::new()),
            Expect {
                end: End::TimedOut,
                ..passed_over("did not finish authentication")
            },
        )
        .config(|config| {
            with_credential(config);
            config.request_timeout = Some(Duration::from_secs(5));
        }),
    ]
}

fn pings() -> Vec<Case> {
    let pongs = |count| vec![Say::Repeat(reply(xid::PING, 60, 0, &[]), count)];
    let unasked = |how: &str, say: Vec<Say>| {
        case(
            "answers-to-pings-carry-nothing",
            how,
            on(is_read, move |xid| {
                let body = [ints(&[-1]), vec![0; 68]].concat();
                let mut all = say.clone();
                all.push(Say::Bytes(reply(xid, 61, 0, &body)));
                all
            }),
            kept(End::Answered).also(|it| it.last_zxid >= 61),
        )
    };
    vec![
        unasked("unasked", pongs(1)),
        unasked("50,000 unasked", pongs(50_000)),
        unasked(
            "with an error",
            vec![Say::Bytes(reply(xid::PING, 0, -101, &[]))],
        ),
        unasked(
            "with a body",
            vec![Say::Bytes(reply(xid::PING, 0, 0, &[1; 5_000]))],
        ),
        unasked(
            "of a transaction below zero",
            vec![Say::Bytes(reply(xid::PING, i64::MIN, 0, &[]))],
        ),
        case(
            "one-ping-is-under-way",
            "answered a thousand times",
            on(is_ping, move |_| pongs(1_000)),
            kept(End::Answered),
        ),
    ]
}

/// The create's answer is lost, and the second server answers the search for the node.
fn searched(
    how: &str,
    rule: &'static str,
    say: fn(i32) -> Vec<Say>,
    also: fn(&Report) -> bool,
) -> Case {
    let cut = on_nth(0, is_create, |_| vec![Say::Close]);
    let then = on_nth(1, is_list_of_own, say);
    let attack = move |nth: usize, heard: &Heard| cut(nth, heard).or_else(|| then(nth, heard));
    case(rule, how, attack, lost("closed the connection").also(also)).victim(creates_and_cleans_up)
}

fn listed(xid: i32, paths: Vec<String>) -> Vec<Say> {
    vec![Say::Bytes(answer(xid, &Response::Ephemerals(paths)))]
}

fn duties() -> Vec<Case> {
    let path_of_create = |how: &str, path: &'static str| {
        case(
            "created-node-is-the-one-asked-for",
            how,
            on(is_create, move |xid| {
                vec![Say::Bytes(answer(xid, &Response::Path(path.to_owned())))]
            }),
            Expect {
                end: End::Answered,
                ..protocol("another one than was asked for")
            }
            .also(|it| it.deleted.is_empty() && it.settlements == [Settlement::Absent]),
        )
        .victim(creates_and_cleans_up)
    };
    vec![
        path_of_create("elsewhere", "/other/m-0000000001"),
        path_of_create("without the mark", "/locks/x-0000000001"),
        path_of_create("further below", "/locks/m-0/0000000001"),
        path_of_create("the parent", "/locks"),
        path_of_create("empty", ""),
        searched(
            "nodes of others",
            "only-own-nodes-are-cleaned-up",
            |xid| {
                let paths = ["/other/m-1", "/locks/x-1", "/locks/m-1/child", "m", ""];
                listed(xid, paths.map(str::to_owned).to_vec())
            },
            |it| it.deleted.is_empty() && it.settlements == [Settlement::Absent],
        ),
        searched(
            "2,000 nodes of one mark",
            "clean-up-goes-piece-by-piece",
            |xid| {
                listed(
                    xid,
                    (0..2_000).map(|n| format!("/locks/m-{n:010}")).collect(),
                )
            },
            |it| it.settlements.is_empty() && (128..=64 * 60).contains(&it.deleted.len()),
        ),
        searched(
            "a list of 2 GiB",
            "list-of-own-nodes-is-readable",
            |xid| vec![Say::Bytes(reply(xid, 50, 0, &ints(&[i32::MAX])))],
            |it| it.settlements == [Settlement::Absent],
        ),
        searched(
            "an answer that is too large",
            "list-of-own-nodes-is-readable",
            |_| vec![Say::Bytes(ints(&[i32::try_from(LIMIT).unwrap() + 1]))],
            |it| it.settlements == [Settlement::Absent],
        ),
    ]
}

fn holds() -> Vec<Case> {
    let confirm = |rule, how: &str, say: fn(i32) -> Vec<Say>, expect: Expect| {
        case(rule, how, on(is_multi, say), expect).victim(creates_and_holds)
    };
    let answered = |expect: Expect| Expect {
        end: End::Answered,
        ..expect
    };
    vec![
        confirm(
            "checks-have-a-result-each",
            "none",
            |xid| vec![Say::Bytes(answer(xid, &Response::Multi(Vec::new())))],
            answered(protocol("operations has 0 results")),
        ),
        confirm(
            "checks-have-a-result-each",
            "a thousand",
            |xid| {
                let results = vec![MultiResult::Checked; 1_000];
                vec![Say::Bytes(answer(xid, &Response::Multi(results)))]
            },
            answered(protocol("operations has 1000 results")),
        ),
        confirm(
            "checks-are-answered",
            "never",
            |_| Vec::new(),
            kept(End::Answered).also(|it| it.doubts == 1),
        ),
        confirm(
            "checks-are-answered",
            "with an early refusal",
            |xid| vec![Say::Bytes(reply(xid, 0, -102, &[]))],
            kept(End::Answered).also(|it| it.doubts == 1),
        ),
        confirm(
            "checks-are-answered",
            "with an unknown error",
            |xid| vec![Say::Bytes(reply(xid, 50, -7_777, &[]))],
            kept(End::Answered),
        ),
        confirm(
            "held-node-is-told-gone-once",
            "in every round",
            |xid| {
                let results = vec![MultiResult::Failed(-101)];
                vec![Say::Bytes(answer(xid, &Response::Multi(results)))]
            },
            kept(End::Answered).also(|it| it.held_gone == 1),
        ),
        case(
            "events-prove-nothing",
            "instead of answers to checks",
            on(is_multi, |_| {
                let event = event(EventType::DataChanged, "/x");
                vec![Say::Drip(
                    event.repeat(50),
                    event.len(),
                    Duration::from_secs(1),
                )]
            }),
            kept(End::Answered).also(|it| it.doubts == 1),
        )
        .victim(creates_and_holds),
    ]
}
