//! Large histories are judged in about a second, without optimisation.

use std::fmt::Write as _;

use zk_checkers::{CHECKERS, History};

/// A hundred thousand records: work on fifty nodes and fifty locks by seven processes.
fn large() -> History {
    let mut text = String::from(
        "limits ended=99000000 session_timeout=10000 tick=2000 requests_per_second=1000 requests_per_handover=9 nodes_per_grant=1\n",
    );
    let mut zxid = 0;
    let mut commit = |text: &mut String, at: u32, rest: String| {
        zxid += 1;
        writeln!(text, "change zxid={zxid:x} at={at}.5 {rest}").unwrap();
        zxid
    };
    for place in 0..50 {
        commit(
            &mut text,
            0,
            format!("session=f kind=create path=/r{place}"),
        );
        commit(
            &mut text,
            0,
            format!("session=f kind=create path=/l{place}"),
        );
    }
    let mut ops = 0;
    for round in 0..10_000 {
        let (now, place, process) = (1 + round * 100, round % 50, 1 + round % 7);
        let version = 1 + round / 50;
        let zxid = commit(
            &mut text,
            now,
            format!("session=a{process} kind=set path=/r{place} data=d{round} version={version}"),
        );
        writeln!(text, "op process={process} function=set path=/r{place} data=d{round} invoked={now} returned={} outcome=ok session=a{process} at={zxid:x} mzxid={zxid:x} version={version}", now + 1).unwrap();
        writeln!(text, "op process={process} function=get path=/r{place} watch=once invoked={} returned={} outcome=ok session=a{process} at={zxid:x} mzxid={zxid:x} version={version} reply=d{round}", now + 2, now + 3).unwrap();
        if round + 50 < 10_000 {
            writeln!(text, "event process={process} session=a{process} op={} path=/r{place} what=changed at={}", ops + 1, now + 5001).unwrap();
        }
        let node = format!("/l{place}/x-{round:010}");
        let token = commit(
            &mut text,
            now + 10,
            format!("session=a{process} kind=create path={node} owner=a{process}"),
        );
        writeln!(text, "op process={process} function=acquire path=/l{place} invoked={} returned={} outcome=ok session=a{process} reply={node} token={token:x}", now + 10, now + 12).unwrap();
        writeln!(text, "belief process={process} lock=/l{place} token={token:x} node={node} session=a{process} at={} safe_for=50", now + 12).unwrap();
        writeln!(text, "belief process={process} lock=/l{place} token={token:x} node={node} session=a{process} says=released at={}", now + 20).unwrap();
        commit(
            &mut text,
            now + 20,
            format!("session=a{process} kind=delete path={node}"),
        );
        writeln!(text, "op process={process} function=release path=/l{place} invoked={} returned={} outcome=ok session=a{process} reply={node} token={token:x}", now + 20, now + 21).unwrap();
        writeln!(
            text,
            "request at={} session=a{process} op=create path={node}",
            now + 11
        )
        .unwrap();
        ops += 4;
    }
    History::parse(&text).unwrap()
}

#[test]
fn a_hundred_thousand_records_are_judged_without_quadratic_work() {
    let history = large();
    let truth = &history.truth;
    let records = history.ops.len()
        + history.beliefs.len()
        + history.events.len()
        + truth.changes.len()
        + truth.requests.len();
    assert!(records >= 100_000, "{records}");
    for checker in CHECKERS {
        let verdict = (checker.check)(&history);
        assert!(
            verdict.is_ok(),
            "{}: {:?}",
            checker.name,
            verdict.err().map(|found| found[0].to_string())
        );
    }
}
