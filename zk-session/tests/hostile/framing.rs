//! Rules about frames and the order of replies.

use std::time::Duration;

use zk_session::Submit;
use zk_wire::{EventType, Request, Response, Stat};

use crate::attack::{any, any_but_pings, is_ping, is_read, on, on_read, only_on_read};
use crate::case::{Case, End, Finally, case, kept, lost, protocol};
use crate::frames::{announced, answer, event, frame, greeting, reply};
use crate::rig::{LIMIT, Rig};
use crate::server::Say;

fn data() -> Response {
    Response::Data {
        data: None,
        stat: Stat::default(),
    }
}

/// Two reads, so that one can overtake the other.
fn two_reads(rig: &mut Rig) {
    for path in ["/a", "/b"] {
        let path = path.to_owned();
        rig.ask(Request::GetData { path, watch: false }, Submit::new());
    }
}

const MANY: i32 = 5_000;

/// As many reads as a thorough application has under way.
fn many_reads(rig: &mut Rig) {
    for _ in 0..MANY {
        let path = "/a".to_owned();
        rig.ask(Request::GetData { path, watch: false }, Submit::new());
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for len in [-1, -2, i32::MIN, i32::MIN + 1] {
        cases.push(case(
            "frame-length-is-not-negative",
            format!("{len}"),
            on_read(move |_| announced(len)),
            protocol("announces a length"),
        ));
    }
    let max = i32::try_from(LIMIT).unwrap();
    for len in [max + 1, 4 << 20, i32::MAX, 0x4854_5450] {
        let mut expect = lost("bytes where at most");
        expect.end = End::TooLarge;
        cases.push(case(
            "frame-length-is-within-the-limit",
            format!("{len}"),
            on_read(move |_| announced(len)),
            expect,
        ));
    }
    for len in [0, 1, 4, 8, 12, 15] {
        cases.push(case(
            "frame-holds-a-header",
            format!("{len} bytes"),
            on_read(move |_| frame(&vec![0; len])),
            protocol("broke the protocol"),
        ));
    }
    cases.extend(unfinished());
    for (how, xid) in [
        ("of the future", 1_000),
        ("zero", 0),
        ("largest", i32::MAX),
        ("smallest", i32::MIN),
        ("reserved for setWatches", -8),
        ("reserved for nobody", -3),
    ] {
        cases.push(case(
            "reply-belongs-to-a-request",
            how,
            on_read(move |_| reply(xid, 50, 0, &[])),
            protocol("reply to request"),
        ));
    }
    for (how, err, zxid) in [
        ("again", 0, 50),
        ("with an error afterwards", -101, 51),
        ("with an early refusal afterwards", -102, 0),
    ] {
        cases.push(case(
            "request-is-answered-once",
            how,
            on(is_read, move |xid| {
                let twice = [answer(xid, &data()), reply(xid, zxid, err, &[])];
                vec![Say::Bytes(twice.concat())]
            }),
            {
                let mut expect = protocol("reply to request");
                expect.end = End::Answered;
                expect
            },
        ));
    }
    cases.extend(order());
    cases.push(case(
        "greeting-comes-once",
        "twice",
        on_read(|_| greeting(|_| ())),
        protocol("reply to request 0"),
    ));
    for cut in [1, 3, 4, 10, 21] {
        cases.push(case(
            "connection-ends-between-frames",
            format!("after {cut} bytes"),
            on(is_read, move |xid| {
                let mut bytes = answer(xid, &data());
                bytes.truncate(cut);
                vec![Say::Bytes(bytes), Say::Close]
            }),
            lost("closed the connection"),
        ));
    }
    cases.extend(silence());
    cases
}

/// Frames that begin and do not end.
fn unfinished() -> Vec<Case> {
    let large = || frame(&vec![0; LIMIT / 2]);
    let mut cases = vec![
        case(
            "frame-is-finished",
            "one byte each second",
            only_on_read(move |_| vec![Say::Drip(large(), 1, Duration::from_secs(1))]),
            lost("did not finish it"),
        )
        .config(|config| config.request_timeout = None),
        case(
            "frame-is-finished",
            "one byte in ten seconds",
            only_on_read(move |_| vec![Say::Drip(large(), 1, Duration::from_secs(10))]),
            lost("silent"),
        ),
    ];
    for bytes in [1, 3, 4, 100] {
        cases.push(case(
            "frame-is-finished",
            format!("{bytes} bytes of it, then nothing"),
            only_on_read(move |_| {
                let mut part = large();
                part.truncate(bytes);
                vec![Say::Bytes(part)]
            }),
            lost("was silent"),
        ));
    }
    cases
}

fn order() -> Vec<Case> {
    let second = |xid, err, zxid| {
        move |at: i32| {
            let body = crate::frames::encoded(&data());
            let body = if err == 0 { &body[..] } else { &[] };
            // The second read is answered first, when the first one arrives.
            if at == xid {
                vec![Say::Bytes(reply(at + 1, zxid, err, body))]
            } else {
                vec![Say::Bytes(answer(at - 1, &data()))]
            }
        }
    };
    vec![
        case(
            "replies-come-in-order",
            "the second first",
            on(is_read, second(1, 0, 50)),
            lost("reply to request"),
        )
        .victim(two_reads),
        case(
            "replies-come-in-order",
            "an error with a transaction first",
            on(is_read, second(1, -101, 50)),
            lost("reply to request"),
        )
        .victim(two_reads),
        case(
            "only-refusals-overtake",
            "an early refusal first",
            on(is_read, second(1, -102, 0)),
            kept(End::Answered).also(|report| report.done == 2),
        )
        .victim(two_reads),
        case(
            "refusals-are-cheap-in-any-order",
            "5,000 refused from the last to the first",
            on(is_read, |xid| {
                if xid == MANY {
                    let refusals = (1..=MANY).rev();
                    refusals
                        .map(|xid| Say::Bytes(reply(xid, 0, -102, &[])))
                        .collect()
                } else {
                    Vec::new()
                }
            }),
            kept(End::Refused).also(|report| report.done == 5_000),
        )
        .victim(many_reads),
    ]
}

fn silence() -> Vec<Case> {
    vec![
        case(
            "requests-are-answered",
            "only pings are",
            on(any_but_pings, |_| Vec::new()),
            kept(End::TimedOut),
        ),
        case(
            "requests-are-answered",
            "5,000 are not",
            on(any_but_pings, |_| Vec::new()),
            kept(End::TimedOut).also(|report| report.done == 5_000),
        )
        .victim(many_reads),
        case(
            "server-is-heard",
            "nothing is said",
            on(any, |_| Vec::new()),
            lost("was silent"),
        ),
        case(
            "server-is-heard",
            "pings are not answered",
            on(is_ping, |_| Vec::new()),
            {
                let mut expect = lost("was silent");
                expect.end = End::Answered;
                expect
            },
        ),
        case(
            "requests-are-answered",
            "with events instead",
            on(any_but_pings, |_| {
                let event = event(EventType::DataChanged, "/a");
                vec![Say::Drip(
                    event.repeat(2_000),
                    event.len(),
                    Duration::from_secs(1),
                )]
            }),
            kept(End::TimedOut),
        ),
        case(
            "close-is-answered",
            "it is not",
            on(crate::attack::is_close, |_| Vec::new()),
            kept(End::Answered).finally(Finally::Closed),
        )
        .victim(reads_and_closes),
        case(
            "close-is-answered",
            "with an error",
            on(crate::attack::is_close, |xid| {
                vec![Say::Bytes(reply(xid, 50, -1, &[]))]
            }),
            kept(End::Answered).finally(Finally::Closed),
        )
        .victim(reads_and_closes),
        case(
            "close-is-answered",
            "under another number",
            on(crate::attack::is_close, |xid| {
                vec![Say::Bytes(reply(xid + 9, 50, 0, &[]))]
            }),
            {
                let mut expect = protocol("reply to request").finally(Finally::Closed);
                expect.end = End::Answered;
                expect
            },
        )
        .victim(reads_and_closes),
        case(
            "close-is-answered",
            "with a flood of events",
            on(crate::attack::is_close, |_| {
                vec![Say::Repeat(event(EventType::Created, "/x"), 10_000)]
            }),
            kept(End::Answered).finally(Finally::Closed),
        )
        .victim(reads_and_closes),
    ]
}

fn reads_and_closes(rig: &mut Rig) {
    crate::case::reads(rig);
    rig.run(Duration::from_secs(5), |rig| rig.report.done > 0);
    rig.close();
}
