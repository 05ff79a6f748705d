//! Rules about the handshake.

use std::time::Duration;

use zk_wire::SessionId;

use crate::attack::{is_read, on_every_greeting, on_greeting, on_nth};
use crate::case::{Case, End, Finally, case, kept, passed_over};
use crate::frames::{SESSION, announced, encoded, frame, grant, greeting, reply};
use crate::server::Say;

/// A greeting of the first server, after which the second one is asked.
fn greeted(
    rule: &'static str,
    how: impl Into<String>,
    bytes: impl Fn() -> Vec<u8> + 'static,
    words: &'static str,
) -> Case {
    let attack = on_greeting(0, move || vec![Say::Bytes(bytes())]);
    case(rule, how, attack, passed_over(words))
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = strangers();
    cases.extend(grants());
    cases.extend(returns());
    cases.extend(time());
    cases.extend(flapping());
    cases
}

fn strangers() -> Vec<Case> {
    let mut cases = Vec::new();
    for (how, bytes, words) in [
        (
            "HTTP",
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            "answered with HTTP",
        ),
        (
            "a TLS alert",
            &[0x15, 3, 3, 0, 2, 2, 40],
            "answered with TLS",
        ),
        (
            "a TLS handshake",
            &[0x16, 3, 3, 0, 9, 2, 0, 0, 0],
            "answered with TLS",
        ),
        ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n", "not ZooKeeper"),
        ("SMTP", b"220 mail.example ESMTP\r\n", "not ZooKeeper"),
        ("Redis", b"-ERR unknown command\r\n", "not ZooKeeper"),
        ("bytes of all ones", &[0xff; 64], "not ZooKeeper"),
    ] {
        cases.push(greeted(
            "greeting-is-spoken-by-zookeeper",
            how,
            move || bytes.to_vec(),
            words,
        ));
    }
    for cut in [0, 4, 12, 16, 19, 35] {
        cases.push(greeted(
            "greeting-is-complete",
            format!("{cut} bytes of it"),
            move || frame(&encoded(&grant())[..cut]),
            "",
        ));
    }
    for len in [-1, i32::MIN, i32::MAX, 1_048_577] {
        cases.push(greeted(
            "greeting-frame-has-a-length",
            format!("{len}"),
            move || announced(len),
            "not ZooKeeper",
        ));
    }
    for code in [-101, -112, -119, 7] {
        cases.push(greeted(
            "greeting-is-not-a-reply",
            format!("error {code}"),
            move || reply(0, 0, code, &[]),
            "",
        ));
    }
    cases
}

fn grants() -> Vec<Case> {
    let mut cases = Vec::new();
    for timeout in [0, -1, i32::MIN] {
        cases.push(greeted(
            "granted-timeout-is-positive",
            format!("{timeout} ms"),
            move || greeting(|it| it.timeout_ms = timeout),
            "granted no session",
        ));
    }
    for timeout in [i32::MAX, 25 * 3_600_000] {
        cases.push(greeted(
            "granted-timeout-is-not-absurd",
            format!("{timeout} ms"),
            move || greeting(|it| it.timeout_ms = timeout),
            "granted a session timeout of",
        ));
    }
    cases.push(greeted(
        "granted-session-has-an-id",
        "zero",
        || greeting(|it| it.session_id = SessionId::NONE),
        "granted no session",
    ));
    for len in [1_025, 100_000, 1_000_000] {
        cases.push(greeted(
            "granted-password-is-short",
            format!("{len} bytes"),
            move || greeting(|it| it.password = vec![7; len].into()),
            "a session password of",
        ));
    }
    for len in [-2, i32::MIN, 17, i32::MAX] {
        cases.push(greeted(
            "granted-password-is-in-the-frame",
            format!("{len} bytes announced"),
            move || {
                let mut bytes = encoded(&grant());
                bytes[16..20].copy_from_slice(&len.to_be_bytes());
                // The read-only byte is the seventeenth.
                bytes.truncate(if len == 17 { 36 } else { bytes.len() });
                frame(&bytes)
            },
            "",
        ));
    }
    for version in [1, -1, i32::MAX] {
        let attack = on_greeting(0, move || {
            vec![Say::Bytes(greeting(|it| it.protocol_version = version))]
        });
        cases.push(case(
            "unknown-protocol-versions-are-harmless",
            format!("{version}"),
            attack,
            kept(End::Answered),
        ));
    }
    for more in [1, 1_000] {
        let attack = on_greeting(0, move || {
            vec![Say::Bytes(frame(
                &[encoded(&grant()), vec![9; more]].concat(),
            ))]
        });
        cases.push(case(
            "bytes-behind-a-greeting-are-harmless",
            format!("{more}"),
            attack,
            kept(End::Answered),
        ));
    }
    cases
}

/// The second connection of a session: the first one ends on the read.
fn second(rule: &'static str, how: &str, bytes: Vec<u8>, finally: Finally) -> Case {
    let cut = on_nth(0, is_read, |_| vec![Say::Close]);
    let second = on_greeting(1, move || vec![Say::Bytes(bytes.clone())]);
    let expect = crate::case::lost("closed the connection").finally(finally);
    case(
        rule,
        how,
        move |nth, heard| cut(nth, heard).or_else(|| second(nth, heard)),
        expect,
    )
}

fn returns() -> Vec<Case> {
    vec![
        second(
            "session-is-the-one-presented",
            "another",
            greeting(|it| it.session_id = SessionId::from_raw(SESSION + 1)),
            Finally::Substituted,
        ),
        second(
            "session-is-the-one-presented",
            "its negative",
            greeting(|it| it.session_id = SessionId::from_raw(-SESSION)),
            Finally::Substituted,
        ),
        second(
            "session-is-the-one-presented",
            "none",
            greeting(|it| it.session_id = SessionId::NONE),
            Finally::Unknown,
        ),
        second(
            "session-is-the-one-presented",
            "with no time left",
            greeting(|it| it.timeout_ms = 0),
            Finally::Unknown,
        ),
        second(
            "resumed-session-keeps-a-sane-timeout",
            "23 days",
            greeting(|it| it.timeout_ms = i32::MAX),
            Finally::Connected,
        ),
        second(
            "resumed-session-keeps-a-short-password",
            "half a million bytes",
            greeting(|it| it.password = vec![1; 500_000].into()),
            Finally::Connected,
        ),
    ]
}

fn time() -> Vec<Case> {
    let drip = |every| {
        on_greeting(0, move || {
            vec![Say::Drip(greeting(|_| ()), 1, Duration::from_secs(every))]
        })
    };
    vec![
        case(
            "greeting-comes-in-time",
            "never",
            on_greeting(0, Vec::new),
            passed_over("did not answer the handshake"),
        ),
        case(
            "greeting-comes-in-time",
            "one byte each second",
            drip(1),
            passed_over("did not answer the handshake"),
        ),
        case(
            "greeting-comes-in-time",
            "one byte in ten seconds",
            drip(10),
            passed_over("did not answer the handshake"),
        ),
        case(
            "greeting-is-not-cut-off",
            "at once",
            on_greeting(0, || vec![Say::Close]),
            passed_over("closed the connection during the handshake"),
        ),
        case(
            "greeting-is-not-cut-off",
            "in the middle",
            on_greeting(0, || {
                vec![Say::Bytes(greeting(|_| ())[..20].to_vec()), Say::Close]
            }),
            passed_over("closed the connection during the handshake"),
        ),
    ]
}

/// Servers that all behave like this, for ever: whoever is patient must not be busy.
fn flapping() -> Vec<Case> {
    let every = |how: &str, say: fn() -> Vec<Say>, finally| {
        let expect = crate::case::Expect {
            end: End::Any,
            ..passed_over("").finally(finally)
        };
        case(
            "servers-that-flap-are-asked-slowly",
            how,
            on_every_greeting(say),
            expect,
        )
    };
    vec![
        every("close at once", || vec![Say::Close], Finally::Searching),
        every(
            "grant, then close",
            || vec![Say::Bytes(greeting(|_| ())), Say::Close],
            Finally::Searching,
        ),
        every(
            "grant, then break a frame",
            || vec![Say::Bytes([greeting(|_| ()), announced(-1)].concat())],
            Finally::Searching,
        ),
        every(
            "grant a millisecond",
            || vec![Say::Bytes(greeting(|it| it.timeout_ms = 1))],
            Finally::Searching,
        ),
        every(
            "grant no session",
            || vec![Say::Bytes(greeting(|it| it.timeout_ms = 0))],
            Finally::Searching,
        ),
        every(
            "speak another language",
            || vec![Say::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec())],
            Finally::Searching,
        ),
    ]
}
