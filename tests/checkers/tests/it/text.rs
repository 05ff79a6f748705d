//! The text form of a history.

use std::time::Duration;

use zk_checkers::{ChangeKind, Function, History, Limits, Op, Outcome};
use zk_wire::{Moment, SessionId, Zxid};

/// A line of every kind of record.
const EVERY_KIND: &str = "\
limits ended=20 session_timeout=10000 tick=2000 clock_ppm=500
clock process=2 fast_ppm=-300
fault what=partition target=s1 at=1 ended=0
note process=1 session=a1 at=1.000001 server=3
op process=1 recipe=m1 function=acquire path=/lock deadline=5000 invoked=2 polls=3 returned=4.5 outcome=ok session=a1 seen=100000001 at=100000002 reply=/lock/_c_1-lock-0 token=100000002
op process=1 function=set path=/a%20b data=%25%00 expected=0 invoked=5 session=a1
belief process=1 recipe=m1 lock=/lock token=100000002 node=/lock/n session=a1 at=4.5 safe_for=3000
access process=1 resource=disk token=100000002 checked=yes accepted=yes at=5
event process=1 session=a1 op=0 path=/lock/n what=deleted at=6
news process=1 recipe=c1 root=/a what=created path=/a/b data=x czxid=100000002 mzxid=100000003 at=6.5
cached process=1 recipe=c1 number=2 path=/a/b data=x czxid=100000002 mzxid=100000003
gauge at=7 process=1 queued=3 bytes=300
change zxid=100000002 at=3 session=a1 xid=7 kind=create path=/lock/n owner=a1
session session=a1 at=1 timeout=10000
watch session=a1 path=/lock/n mode=once at=3 zxid=100000002
request at=3 session=a1 op=create2 path=/lock/n
left path=/lock session=a1 count=1 baseline=1 declared=yes
";

#[test]
fn a_parsed_history_is_printed_as_it_was() {
    let history = History::parse(EVERY_KIND).unwrap();
    assert_eq!(history.to_string(), EVERY_KIND);
    assert_eq!(History::parse(&history.to_string()).unwrap(), history);
}

#[test]
fn pushed_records_are_printed_as_text() {
    let mut history = History::new();
    history.limits = Limits {
        tick: Duration::from_secs(2),
        ..Limits::default()
    };
    let path = history.text("/a");
    let data = history.data(b"x y");
    let invoked = history.stamp(Moment::from_nanos(2_000_000));
    let place = history.begin(Op {
        process: 1,
        function: Function::Set,
        path,
        data,
        invoked,
        session: SessionId::from_raw(-1),
        ..Op::default()
    });
    let op = &mut history.ops[place];
    op.outcome = Outcome::Ok;
    op.at = Zxid::from_raw(0x1_0000_0003);
    let expected = "\
limits tick=2000
op process=1 function=set path=/a data=x%20y invoked=2 outcome=ok session=ffffffffffffffff at=100000003
";
    assert_eq!(history.to_string(), expected);
    assert_eq!(format!("{history:?}"), expected);
}

#[test]
fn stamps_grow_even_where_the_clock_stands() {
    let mut history = History::parse("op invoked=7 returned=9").unwrap();
    let stamps = [0, 8, 9, 10].map(|milli| {
        let now = Moment::from_nanos(milli * 1_000_000);
        history.stamp(now).as_nanos()
    });
    assert_eq!(stamps, [9_000_001, 9_000_002, 9_000_003, 10_000_000]);
}

#[test]
fn a_line_that_is_no_record_is_refused_by_number_and_cause() {
    let cases = [
        ("", None),
        ("# note\n\n  op  ", None),
        ("op\nopera", Some("line 2: no record is called opera")),
        ("op x", Some("line 1: x has no =")),
        ("op x=1", Some("line 1: op has no field x")),
        (
            "op invoked=1.0000001",
            Some("line 1: 1.0000001 is not a number of milliseconds"),
        ),
        (
            "op invoked=99999999999999999",
            Some("line 1: 99999999999999999 is not a number of milliseconds"),
        ),
        (
            "op path=%2",
            Some("line 1: two hexadecimal digits must follow %"),
        ),
        ("op sequential=1", Some("line 1: 1 is neither yes nor no")),
        (
            "op outcome=good",
            Some("line 1: good is none of pending, ok, not_applied, unknown, cancelled"),
        ),
    ];
    for (text, why) in cases {
        let refused = History::parse(text).err().map(|error| error.to_string());
        assert_eq!(refused.as_deref(), why, "{text}");
    }
}

#[test]
fn words_are_kept_once_and_given_back() {
    let mut history = History::new();
    let (a, b) = (history.text("/a"), history.data(&[0, 255]));
    assert_eq!(history.text("/a"), a);
    assert_eq!(history.texts.bytes(a), b"/a");
    assert_eq!(history.texts.bytes(b), [0, 255]);
    assert!(history.text("").is_empty());
    assert_eq!(ChangeKind::SetAcl.word(), "set_acl");
}
