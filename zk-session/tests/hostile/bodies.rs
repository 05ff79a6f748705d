//! Rules about what is inside a reply.

use zk_session::Submit;
use zk_wire::{
    Acl, AddWatchMode, Create, CreateMode, MultiOp, MultiResult, OpCode, ReadOp, Request, Response,
    Stat,
};

use crate::attack::{any_but_pings, is_read, on, on_read};
use crate::case::{Case, End, Finally, case, kept, lost, protocol};
use crate::frames::{encoded, ints, reply};
use crate::rig::Rig;
use crate::server::Say;

type Victim = fn(&mut Rig);

/// A request of each operation whose answer has a body, and a body that is right.
fn operations() -> Vec<(Victim, OpCode, Response)> {
    let stat = Stat::default();
    let name = || "/a/b".to_owned();
    vec![
        (creates, OpCode::Create, Response::Path(name())),
        (
            creates_with_stat,
            OpCode::Create2,
            Response::Created { path: name(), stat },
        ),
        (
            crate::case::reads,
            OpCode::GetData,
            Response::Data {
                data: Some("xyz".into()),
                stat,
            },
        ),
        (exists, OpCode::Exists, Response::Stat(stat)),
        (sets, OpCode::SetData, Response::Stat(stat)),
        (
            reads_acl,
            OpCode::GetAcl,
            Response::Acl {
                acl: vec![Acl::digest("a", "b")],
                stat,
            },
        ),
        (sets_acl, OpCode::SetAcl, Response::Stat(stat)),
        (lists, OpCode::GetChildren, Response::Children(vec![name()])),
        (
            lists_with_stat,
            OpCode::GetChildren2,
            Response::Children2 {
                children: vec![name()],
                stat,
            },
        ),
        (syncs, OpCode::Sync, Response::Path(name())),
        (
            lists_own,
            OpCode::GetEphemerals,
            Response::Ephemerals(vec![name()]),
        ),
        (counts, OpCode::GetAllChildrenNumber, Response::Count(7)),
        (asks_who, OpCode::WhoAmI, Response::WhoAmI(Vec::new())),
    ]
}

fn creates(rig: &mut Rig) {
    let mut create = Create::new("/a/b", "", CreateMode::Persistent);
    create.stat = false;
    rig.ask(Request::Create(create), Submit::new());
}

fn creates_with_stat(rig: &mut Rig) {
    let create = Create::new("/a/b", "", CreateMode::Persistent);
    rig.ask(Request::Create(create), Submit::new());
}

fn exists(rig: &mut Rig) {
    let path = "/a".to_owned();
    rig.ask(Request::Exists { path, watch: false }, Submit::new());
}

fn sets(rig: &mut Rig) {
    let path = "/a".to_owned();
    let (data, version) = (None, -1);
    rig.ask(
        Request::SetData {
            path,
            data,
            version,
        },
        Submit::new(),
    );
}

fn reads_acl(rig: &mut Rig) {
    let path = "/a".to_owned();
    rig.ask(Request::GetAcl { path }, Submit::new());
}

fn sets_acl(rig: &mut Rig) {
    let path = "/a".to_owned();
    let (acl, version) = (vec![Acl::digest("a", "b")], -1);
    rig.ask(Request::SetAcl { path, acl, version }, Submit::new());
}

fn lists(rig: &mut Rig) {
    let path = "/a".to_owned();
    rig.ask(Request::GetChildren { path, watch: false }, Submit::new());
}

fn lists_with_stat(rig: &mut Rig) {
    let path = "/a".to_owned();
    rig.ask(Request::GetChildren2 { path, watch: false }, Submit::new());
}

fn syncs(rig: &mut Rig) {
    let path = "/a".to_owned();
    rig.ask(Request::Sync { path }, Submit::new());
}

fn lists_own(rig: &mut Rig) {
    let prefix = "/".to_owned();
    rig.ask(Request::GetEphemerals { prefix }, Submit::new());
}

fn counts(rig: &mut Rig) {
    let path = "/a".to_owned();
    rig.ask(Request::GetAllChildrenNumber { path }, Submit::new());
}

fn asks_who(rig: &mut Rig) {
    rig.ask(Request::WhoAmI, Submit::new());
}

fn commits(rig: &mut Rig) {
    let check = |path: &str| MultiOp::Check {
        path: path.to_owned(),
        version: -1,
    };
    let ops = vec![check("/a"), check("/b")];
    rig.ask(Request::Multi(ops), Submit::new());
}

fn reads_two(rig: &mut Rig) {
    let get = |path: &str| ReadOp::GetData {
        path: path.to_owned(),
    };
    rig.ask(
        Request::MultiRead(vec![get("/a"), get("/b")]),
        Submit::new(),
    );
}

fn watches(rig: &mut Rig) {
    let path = "/a".to_owned();
    let mode = AddWatchMode::Persistent;
    let submit = Submit::new().watch(zk_session::WatchKind::Persistent);
    rig.ask(Request::AddWatch { path, mode }, submit);
}

/// Answers whatever is asked with this body.
fn body(
    rule: &'static str,
    how: impl Into<String>,
    bytes: Vec<u8>,
    expect: crate::case::Expect,
) -> Case {
    let attack = on(any_but_pings, move |xid| {
        vec![Say::Bytes(reply(xid, 50, 0, &bytes))]
    });
    case(rule, how, attack, expect)
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (victim, op, response) in operations() {
        let whole = encoded(&response);
        let cut = whole[..whole.len() - 1].to_vec();
        let rule = "reply-has-its-whole-record";
        let undecodable = || kept(End::Undecodable);
        cases.push(
            body(
                rule,
                format!("{op} without its last byte"),
                cut,
                undecodable(),
            )
            .victim(victim),
        );
        cases.push(
            body(rule, format!("{op} without any"), Vec::new(), undecodable()).victim(victim),
        );
        let more = [whole, vec![0xee; 33]].concat();
        let rule = "bytes-behind-a-record-are-harmless";
        cases.push(body(rule, format!("{op}"), more, kept(End::Answered)).victim(victim));
    }
    cases.push(
        body(
            "reply-has-its-whole-record",
            "addWatch without its code",
            vec![0],
            kept(End::Undecodable),
        )
        .victim(watches),
    );
    cases.extend(lengths());
    cases.extend(transactions());
    cases.extend(text());
    cases.extend(headers());
    cases
}

fn lengths() -> Vec<Case> {
    let undecodable = || kept(End::Undecodable);
    let mut cases = Vec::new();
    for len in [-2, i32::MIN, 90, i32::MAX] {
        let short = || [ints(&[len]), vec![b'x'; 80]].concat();
        let how = format!("{len} in 80 bytes");
        cases.push(
            body(
                "string-length-is-in-the-frame",
                how.clone(),
                short(),
                undecodable(),
            )
            .victim(creates),
        );
        cases.push(body(
            "data-length-is-in-the-frame",
            how.clone(),
            short(),
            undecodable(),
        ));
        // Counts of elements, each of which has at least four bytes.
        cases.push(
            body(
                "count-of-names-is-in-the-frame",
                how.clone(),
                short(),
                undecodable(),
            )
            .victim(lists),
        );
        cases.push(
            body(
                "count-of-acls-is-in-the-frame",
                how.clone(),
                short(),
                undecodable(),
            )
            .victim(reads_acl),
        );
        cases.push(
            body(
                "count-of-own-nodes-is-in-the-frame",
                how.clone(),
                short(),
                undecodable(),
            )
            .victim(lists_own),
        );
        cases.push(
            body(
                "count-of-identities-is-in-the-frame",
                how,
                short(),
                undecodable(),
            )
            .victim(asks_who),
        );
    }
    let names = 200_000;
    let many = [ints(&[names]), vec![0; 4 * names as usize]].concat();
    cases.push(
        body(
            "lists-may-be-long",
            "200,000 names",
            many,
            kept(End::Answered),
        )
        .victim(lists),
    );
    let null = ints(&[-1]);
    cases.push(
        body(
            "null-is-harmless",
            "list of names",
            null.clone(),
            kept(End::Answered),
        )
        .victim(lists),
    );
    cases.push(body("null-is-harmless", "path", null, kept(End::Answered)).victim(creates));
    cases
}

fn transactions() -> Vec<Case> {
    let results = |count| encoded(&Response::Multi(vec![MultiResult::Checked; count]));
    let header = |op: i32, done: u8, err: i32| [ints(&[op]), vec![done], ints(&[err])].concat();
    let end = || header(-1, 1, -1);
    let check = || header(13, 0, 0);
    let mut cases = Vec::new();
    for count in [0, 1, 3, 100_000] {
        cases.push(
            body(
                "multi-has-a-result-for-each-operation",
                format!("{count} for 2"),
                results(count),
                protocol("of 2 operations has"),
            )
            .victim(commits),
        );
    }
    for (how, bytes) in [
        ("after two results", [check(), check()].concat()),
        ("at once", Vec::new()),
        ("within a header", [check(), vec![0, 0]].concat()),
    ] {
        cases.push(
            body(
                "multi-ends-with-its-mark",
                how,
                bytes,
                protocol("malformed"),
            )
            .victim(commits),
        );
    }
    for op in [99, 11, 8, -10, i32::MAX] {
        let bytes = [check(), header(op, 0, 0), end()].concat();
        cases.push(
            body(
                "multi-results-are-of-known-types",
                format!("{op}"),
                bytes,
                protocol("malformed"),
            )
            .victim(commits),
        );
    }
    let short_stat = [check(), header(5, 0, 0), vec![0; 60]].concat();
    cases.push(
        body(
            "multi-results-are-whole",
            "a stat of 60 bytes",
            short_stat,
            protocol("malformed"),
        )
        .victim(commits),
    );
    let long_path = [check(), header(1, 0, 0), ints(&[i32::MAX]), end()].concat();
    cases.push(
        body(
            "multi-results-are-whole",
            "a path of 2 GiB",
            long_path,
            protocol("malformed"),
        )
        .victim(commits),
    );
    let failed = || [header(-1, 0, -101), ints(&[-101])].concat();
    let mixed = [failed(), check(), end()].concat();
    cases.push(
        body(
            "failed-multi-is-told-by-its-results",
            "a failure and a success",
            mixed,
            kept(End::Answered),
        )
        .victim(commits),
    );
    for (how, bytes) in [
        ("none for 2", end()),
        ("one for 2", [failed(), end()].concat()),
        (
            "three for 2",
            [failed(), failed(), failed(), end()].concat(),
        ),
    ] {
        cases.push(
            body(
                "multi-read-has-a-result-for-each-read",
                how,
                bytes,
                protocol("of 2 operations has"),
            )
            .victim(reads_two),
        );
    }
    for (how, bytes) in [
        ("a write", [header(5, 0, 0), vec![0; 68], end()].concat()),
        (
            "data of 2 GiB",
            [header(4, 0, 0), ints(&[i32::MAX]), end()].concat(),
        ),
        (
            "names of 2 GiB",
            [header(8, 0, 0), ints(&[i32::MAX]), end()].concat(),
        ),
        ("no end", [failed(), failed()].concat()),
    ] {
        cases.push(
            body(
                "multi-read-results-are-whole",
                how,
                bytes,
                protocol("malformed"),
            )
            .victim(reads_two),
        );
    }
    cases
}

/// A request outlives odd text: an odd ACL id must not make a reply unreadable.
fn text() -> Vec<Case> {
    let string =
        |bytes: &[u8]| [ints(&[i32::try_from(bytes.len()).unwrap()]), bytes.to_vec()].concat();
    let mut cases = Vec::new();
    for (how, bytes) in [
        ("a lone continuation", &b"/a/\x80"[..]),
        ("an overlong slash", b"/a/\xc0\xaf"),
        ("half a surrogate pair", b"/a/\xed\xa0\xbd"),
        ("a cut character", b"/a/\xf0\x9f\x94"),
    ] {
        cases.push(
            body(
                "text-that-is-no-utf-8-is-harmless",
                how,
                string(bytes),
                kept(End::Answered),
            )
            .victim(creates),
        );
    }
    cases
}

fn headers() -> Vec<Case> {
    let mut cases = Vec::new();
    for code in [-9_999, i32::MIN, i32::MAX, 1, -1, -5, -4] {
        cases.push(case(
            "error-codes-may-be-unknown",
            format!("{code}"),
            on_read(move |xid| reply(xid, 50, code, &[])),
            kept(End::Refused),
        ));
    }
    cases.push(case(
        "error-has-no-body",
        "1,000 bytes",
        on_read(|xid| reply(xid, 50, -101, &[7; 1_000])),
        kept(End::Refused),
    ));
    for zxid in [49, 1, 0, -1, i64::MIN] {
        cases.push(case(
            "transactions-do-not-go-back",
            format!("to {zxid}"),
            on(is_read, move |xid| {
                let stat = encoded(&Response::Data {
                    data: None,
                    stat: Stat::default(),
                });
                // An answered ping has shown the newest one.
                vec![
                    Say::Bytes(reply(-2, 77, 0, &[])),
                    Say::Bytes(reply(xid, zxid, 0, &stat)),
                ]
            }),
            kept(End::Answered).also(|report| report.last_zxid == 77),
        ));
    }
    cases.push(case(
        "session-is-not-moved-by-itself",
        "says it has moved",
        on_read(|xid| reply(xid, 50, -118, &[])),
        lost("has moved"),
    ));
    cases.push(case(
        "expiry-is-final",
        "in the place of an answer",
        on_read(|xid| reply(xid, 50, -112, &[])),
        kept(End::Refused).finally(Finally::ExpiredReply),
    ));
    cases.push(case(
        "expiry-answers-a-request",
        "nobody's",
        on_read(|xid| reply(xid + 5, 50, -112, &[])),
        protocol("reply to request"),
    ));
    cases
}
