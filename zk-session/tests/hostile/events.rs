//! Rules about notifications and watches.

use zk_session::{Submit, WatchKind};
use zk_wire::{AddWatchMode, EventType, Request, Response, Stat, xid};

use crate::attack::{is_add_watch, is_read, is_set_watches, on, on_nth};
use crate::case::{Case, End, case, kept, lost, protocol, watches_all};
use crate::frames::{answer, encoded, event, ints, raw_event, reply};
use crate::rig::Rig;
use crate::server::Say;

/// Reads with a watch.
fn watches_data(rig: &mut Rig) {
    let path = "/a".to_owned();
    let submit = Submit::new().watch(WatchKind::Data);
    rig.ask(Request::GetData { path, watch: true }, submit);
}

/// A hundred watches on everything.
fn watches_all_often(rig: &mut Rig) {
    for _ in 0..100 {
        watches_all(rig);
    }
}

/// A lasting watch, and a read that the server uses to cut the connection.
fn watches_and_reads(rig: &mut Rig) {
    let path = "/a".to_owned();
    let mode = AddWatchMode::Persistent;
    let submit = Submit::new().watch(WatchKind::Persistent);
    rig.session
        .submit(rig.now, Request::AddWatch { path, mode }, submit)
        .unwrap();
    crate::case::reads(rig);
}

fn data() -> Response {
    Response::Data {
        data: None,
        stat: Stat::default(),
    }
}

/// The read is answered, and this comes before or behind.
fn read_and(before: Vec<Say>, behind: Vec<Say>) -> impl Fn(i32) -> Vec<Say> {
    move |xid| {
        let mut say = before.clone();
        say.push(Say::Bytes(answer(xid, &data())));
        say.extend(behind.clone());
        say
    }
}

/// The watch is set, and this follows.
fn watch_and(behind: Vec<Say>) -> impl Fn(i32) -> Vec<Say> {
    move |xid| {
        let mut say = vec![Say::Bytes(answer(xid, &Response::ErrorBody(0)))];
        say.extend(behind.clone());
        say
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = records();
    cases.extend(strays());
    cases.extend(floods());
    cases.extend(recovery());
    cases
}

fn records() -> Vec<Case> {
    let whole = encoded(&zk_wire::WatcherEvent::new(EventType::Created, "/a"));
    let mut cases = Vec::new();
    for cut in [0, 4, 8, 11, 13] {
        let bytes = raw_event(&whole[..cut]);
        cases.push(case(
            "event-is-complete",
            format!("{cut} bytes of it"),
            on(is_read, move |_| vec![Say::Bytes(bytes.clone())]),
            protocol("broke the protocol"),
        ));
    }
    for len in [-2, i32::MIN, 3, i32::MAX] {
        let bytes = raw_event(&[ints(&[1, 3, len]), b"/a".to_vec()].concat());
        cases.push(case(
            "event-path-is-in-the-frame",
            format!("{len}"),
            on(is_read, move |_| vec![Say::Bytes(bytes.clone())]),
            protocol("broke the protocol"),
        ));
    }
    let harmless = |rule, how: String, record: Vec<u8>| {
        let attack = on(
            is_read,
            read_and(vec![Say::Bytes(raw_event(&record))], Vec::new()),
        );
        case(
            rule,
            how,
            attack,
            kept(End::Answered).also(|it| it.fired == 0),
        )
        .victim(watches_data)
    };
    for kind in [0, 5, -1, -2, i32::MAX] {
        let record = [ints(&[kind, 3, 2]), b"/a".to_vec()].concat();
        cases.push(harmless(
            "event-types-may-be-unknown",
            format!("{kind}"),
            record,
        ));
    }
    for state in [0, -112, 4, 5, i32::MIN] {
        let record = [ints(&[1, state, 2]), b"/b".to_vec()].concat();
        cases.push(harmless(
            "event-tells-no-session-state",
            format!("{state}"),
            record,
        ));
    }
    cases.push(harmless(
        "event-path-is-a-path",
        "null".to_owned(),
        ints(&[1, 3, -1]),
    ));
    cases
}

fn strays() -> Vec<Case> {
    let mut cases = Vec::new();
    for path in ["", "a", "/", "//", "/a/", "/../a", "/a\0b", "/other"] {
        let stray = vec![Say::Bytes(event(EventType::DataChanged, path))];
        cases.push(
            case(
                "event-is-for-a-watch",
                format!("{path:?}"),
                on(is_read, read_and(Vec::new(), stray)),
                kept(End::Answered).also(|it| it.fired == 0),
            )
            .victim(watches_data),
        );
    }
    let once = |count: usize| {
        vec![Say::Bytes(
            event(EventType::DataChanged, "/a").repeat(count),
        )]
    };
    cases.push(
        case(
            "one-shot-watch-fires-once",
            "three times",
            on(is_read, read_and(Vec::new(), once(3))),
            kept(End::Answered).also(|it| it.fired == 1),
        )
        .victim(watches_data),
    );
    cases.push(
        case(
            "event-follows-the-reply-that-set-its-watch",
            "before it",
            on(is_read, read_and(once(1), Vec::new())),
            kept(End::Answered).also(|it| it.fired == 0),
        )
        .victim(watches_data),
    );
    cases.push(
        case(
            "refused-watch-does-not-fire",
            "although refused",
            on(is_read, move |xid| {
                let mut say = vec![Say::Bytes(reply(xid, 50, -102, &[]))];
                say.extend(once(1));
                say
            }),
            kept(End::Refused).also(|it| it.fired == 0),
        )
        .victim(watches_data),
    );
    for (how, zxid, err) in [
        ("a transaction below zero", i64::MIN, 0),
        ("an error", -1, -101),
        ("an old transaction", 1, 0),
    ] {
        let record = encoded(&zk_wire::WatcherEvent::new(EventType::DataChanged, "/a"));
        let odd = vec![Say::Bytes(reply(xid::NOTIFICATION, zxid, err, &record))];
        cases.push(
            case(
                "event-header-says-nothing-else",
                how,
                on(is_read, read_and(Vec::new(), odd)),
                kept(End::Answered).also(|it| it.fired == 1 && it.last_zxid == 50),
            )
            .victim(watches_data),
        );
    }
    cases
}

fn floods() -> Vec<Case> {
    let flood = |len: usize, times| {
        let path = format!("/{}", "x".repeat(len - 1));
        vec![Say::Repeat(event(EventType::DataChanged, &path), times)]
    };
    let everything = |how: &str, say: Vec<Say>, also: fn(&crate::rig::Report) -> bool| {
        case(
            "events-may-come-in-floods",
            how,
            on(is_add_watch, watch_and(say)),
            kept(End::Answered).also(also),
        )
        .victim(watches_all)
    };
    let deep = "/a".repeat(100_000);
    vec![
        everything("40,000 short ones", flood(8, 40_000), |it| {
            it.fired == 40_000
        }),
        everything("200 of 64 KiB", flood(65_536, 200), |it| it.fired == 200),
        everything("20 of almost 1 MiB", flood(1_000_000, 20), |it| {
            it.fired == 20
        }),
        everything(
            "10 in 100,000 levels",
            vec![Say::Repeat(event(EventType::Created, &deep), 10)],
            |it| it.fired == 10,
        ),
        case(
            "events-may-come-in-floods",
            "40,000 that nobody watches",
            on(is_read, read_and(flood(8, 40_000), Vec::new())),
            kept(End::Answered).also(|it| it.fired == 0),
        ),
        case(
            "one-event-is-not-multiplied",
            "1 MB for 100 watches",
            on_nth(0, is_add_watch, {
                let huge = flood(1_000_000, 3);
                move |xid| {
                    let mut say = vec![Say::Bytes(answer(xid, &Response::ErrorBody(0)))];
                    if xid == 100 {
                        say.extend(huge.clone());
                    }
                    say
                }
            }),
            kept(End::Answered).also(|it| it.fired == 0 && it.gaps == 300),
        )
        .victim(watches_all_often),
    ]
}

fn recovery() -> Vec<Case> {
    let cut_and = |say: fn(i32) -> Vec<Say>| {
        let cut = on_nth(0, is_read, |_| vec![Say::Close]);
        let then = on_nth(1, is_set_watches, say);
        move |nth: usize, heard: &crate::server::Heard| cut(nth, heard).or_else(|| then(nth, heard))
    };
    vec![
        case(
            "watches-are-set-again",
            "refused",
            cut_and(|xid| vec![Say::Bytes(reply(xid, 50, -5, &[]))]),
            lost("refused to register watches again").also(|it| it.restored == 1 && it.gaps == 2),
        )
        .victim(watches_and_reads),
        case(
            "watches-are-set-again",
            "answered twice",
            cut_and(|xid| vec![Say::Bytes(reply(xid, 50, 0, &[]).repeat(2))]),
            lost("broke the protocol"),
        )
        .victim(watches_and_reads),
        case(
            "watches-are-set-again",
            "not answered",
            cut_and(|_| Vec::new()),
            lost("closed the connection").also(|it| it.restored == 0 && it.gaps == 1),
        )
        .victim(watches_and_reads),
        case(
            "watches-are-set-again",
            "answered under the reserved number",
            cut_and(|_| vec![Say::Bytes(reply(-8, 50, 0, &[]))]),
            lost("broke the protocol"),
        )
        .victim(watches_and_reads),
    ]
}
