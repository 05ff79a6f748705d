use bytes::Bytes;
use zk_checkers::{Cached, Function, Note, NoteKind, Op, Outcome, WatchMode};

use super::*;

/// Client 1 has session 1, and client 2 session 2. A line is the session, and what it did: `+PATH DATA` makes a node,
/// `*PATH` one that goes with the session, `=PATH DATA` writes and `-PATH` deletes, several joined by semicolons; `!`
/// ends the session. The nth line is the nth transaction, at the nth second.
fn found(lines: &[(i64, &str)], calls: impl FnOnce(&mut History)) -> Vec<String> {
    let txns: Vec<Txn> = (1..)
        .zip(lines)
        .map(|(n, (session, line))| Txn {
            zxid: n,
            ms: n * 1000,
            session: *session,
            ends_session: line.starts_with('!'),
            effects: line.split(';').filter_map(effect).collect(),
        })
        .collect();
    let scribe = Scribe::since(0);
    scribe.write(|history, _| {
        for process in [1, 2] {
            history.notes.push(Note {
                process,
                session: SessionId::from_raw(i64::from(process)),
                what: NoteKind::Connected,
                at: Moment::ZERO,
                server: 0,
            });
        }
        calls(history);
    });
    let span = Span {
        healed: 0,
        ended: 100_000,
    };
    judge(&scribe, &txns, span).findings
}

fn effect(text: &str) -> Option<Effect> {
    let (sign, rest) = text.split_at(1);
    let (path, data) = rest.split_once(' ').unwrap_or((rest, ""));
    let (path, data) = (path.to_owned(), Bytes::copy_from_slice(data.as_bytes()));
    Some(match sign {
        "+" | "*" => Effect::Created {
            path,
            data,
            ephemeral: sign == "*",
        },
        "=" => Effect::Written { path, data },
        "-" => Effect::Deleted { path },
        _ => return None,
    })
}

fn at(second: u64) -> Moment {
    Moment::from_nanos(second * 1_000_000_000)
}

/// A call of a client that took from one second to another.
fn call(process: u32, function: Function, (from, to): (u64, u64)) -> Op {
    Op {
        process,
        function,
        session: SessionId::from_raw(i64::from(process)),
        invoked: at(from),
        returned: Some(at(to)),
        outcome: Outcome::Ok,
        polls: 1,
        ..Op::default()
    }
}

fn put(history: &mut History, item: &str) {
    let mut op = call(1, Function::Put, (0, 2));
    (op.path, op.data) = (history.text("/chaos/fifo"), history.text(item));
    history.ops.push(op);
}

fn took(history: &mut History, process: u32, item: &str) {
    let mut op = call(process, Function::Take, (2, 9));
    (op.path, op.reply) = (history.text("/chaos/fifo"), history.text(item));
    history.ops.push(op);
}

#[test]
fn q1_q3_q4_items_that_are_lost_or_doubled_are_found() {
    let (there, gone) = ((1, "+/chaos/fifo/queue-1 <x>"), (2, "-/chaos/fifo/queue-1"));
    let both = |history: &mut History| {
        put(history, "<x>");
        took(history, 2, "<x>");
    };
    assert_eq!(found(&[there, gone], both), Vec::<String>::new());
    for (lines, why) in [
        (vec![], "is told done, and is nowhere"),
        (vec![there], "is taken, and still there"),
        (vec![there, (1, "-/chaos/fifo/queue-1")], "is another's"),
        (
            vec![there, gone, (1, "+/chaos/fifo/queue-2 <x>")],
            "is back",
        ),
    ] {
        assert_ne!(found(&lines, both), Vec::<String>::new(), "{why}");
    }
    let lost = found(&[there, gone], |history| put(history, "<x>"));
    assert_eq!(lost.len(), 1, "nobody has it: {lost:?}");
    let twice = found(&[there, gone], |history| {
        both(history);
        took(history, 1, "<x>");
    });
    assert_ne!(twice, Vec::<String>::new(), "two have it");
}

#[test]
fn a5_a_batch_that_was_torn_is_found() {
    let calls = |history: &mut History| {
        for item in ["<x>", "<y>"] {
            put(history, item);
            let together = history.text("both");
            history.ops.last_mut().unwrap().together = together;
            took(history, 2, item);
        }
    };
    let whole = "+/chaos/fifo/queue-0000000001 <x>;+/chaos/fifo/queue-0000000002 <y>";
    let gone = "-/chaos/fifo/queue-0000000001;-/chaos/fifo/queue-0000000002";
    assert_eq!(found(&[(1, whole), (2, gone)], calls), Vec::<String>::new());
    let (one, other) = whole.split_once(';').unwrap();
    let torn = found(&[(1, one), (1, other), (2, gone)], calls);
    assert!(torn.iter().any(|it| it.starts_with("A5")), "{torn:?}");
}

#[test]
fn a_queue_that_has_more_than_it_may_is_found() {
    let calls = |history: &mut History| {
        for item in ["<x>", "<y>"] {
            put(history, item);
            let capacity = history.text("1");
            let op = history.ops.last_mut().unwrap();
            (op.capacity, op.sequential) = (capacity, true);
            op.returned = Some(at(9));
        }
        took(history, 2, "<x>");
    };
    let (one, gone, other) = (
        (1, "+/chaos/fifo/queue-0000000001 <x>"),
        (2, "-/chaos/fifo/queue-0000000001"),
        (1, "+/chaos/fifo/queue-0000000002 <y>"),
    );
    assert_eq!(found(&[one, gone, other], calls), Vec::<String>::new());
    let full = found(&[one, other, gone], calls);
    assert!(full.iter().any(|it| it.starts_with("Bound")), "{full:?}");
}

#[test]
fn q6_two_claims_of_an_item_at_once_are_found() {
    let claim = |history: &mut History, process, lock: &str, token| {
        let mut op = call(process, Function::Claim, (1, 9));
        (op.path, op.reply) = (history.text("/chaos/fifo"), history.text("<x>"));
        (op.guard, op.token) = (history.text(lock), Zxid::from_raw(token));
        history.ops.push(op);
    };
    let (one, other) = ("/chaos/_locks_fifo/queue-1", "/chaos/_locks_fifo/queue-2");
    let calls = |history: &mut History| {
        put(history, "<x>");
        claim(history, 1, one, 2);
        claim(history, 2, other, 4);
    };
    let put = (1, "+/chaos/fifo/queue-1 <x>");
    let (first, second) = (format!("*{one}"), format!("*{other}"));
    let over = format!("-{one}");
    let good = [put, (1, &first), (1, &over), (2, &second)];
    assert_eq!(found(&good, calls), Vec::<String>::new());
    let bad = [put, (1, &first), (1, "+/chaos/other"), (2, &second)];
    assert_ne!(found(&bad, calls), Vec::<String>::new());
}

#[test]
fn e7_s3_a_kept_node_that_is_not_there_or_comes_back_is_found() {
    let kept = "/chaos/kept/of-0";
    let calls = |history: &mut History| {
        for (function, data, times, token) in [
            (Function::Keep, "v1", (0, 2), 1),
            (Function::Provide, "v2", (2, 4), 1),
            (Function::Unkeep, "", (40, 50), 0),
        ] {
            let mut op = call(1, function, times);
            (op.path, op.data) = (history.text(kept), history.text(data));
            op.token = Zxid::from_raw(token);
            history.ops.push(op);
        }
    };
    let (made, set) = (format!("*{kept} v1"), format!("={kept} v2"));
    let (gone, again) = (format!("-{kept}"), format!("*{kept} v2"));
    let wait: Vec<(i64, &str)> = (0..37).map(|_| (1, "+/elsewhere")).collect();
    let begin = [(1, made.as_str()), (1, &set)];
    let good = [&begin[..], &wait, &[(1, &gone)]].concat();
    let judged = |lines: &[(i64, &str)]| found(lines, calls);
    assert_eq!(judged(&[&good[..], &[]].concat()), Vec::<String>::new());
    let early = [&begin[..], &[(1, gone.as_str())], &wait].concat();
    assert_ne!(judged(&early), Vec::<String>::new(), "is gone for long");
    let stays = [&begin[..], &wait].concat();
    assert_ne!(judged(&stays), Vec::<String>::new(), "is left");
    let back = [&good[..], &wait[..15], &[(1, &again)]].concat();
    assert_ne!(judged(&back), Vec::<String>::new(), "is back");
    let old = [&begin[..1], &wait, &[(1, &gone)]].concat();
    assert_ne!(judged(&old), Vec::<String>::new(), "has old data");
    let ended = format!("!;-{kept}");
    let session = [&begin[..], &[(1, &ended)], &wait].concat();
    assert_ne!(judged(&session), Vec::<String>::new(), "was not made again");
}

#[test]
fn l1_two_owners_of_a_part_at_once_are_found() {
    let (one, other) = ("/chaos/parts/a/lock-1", "/chaos/parts/a/lock-2");
    let calls = |history: &mut History| {
        for (process, node, token, times) in [(1, one, 1, (0, 2)), (2, other, 2, (0, 4))] {
            let mut op = call(process, Function::Own, times);
            (op.path, op.reply) = (history.text("/chaos/parts/a"), history.text(node));
            op.token = Zxid::from_raw(token);
            history.ops.push(op);
        }
    };
    let (first, second) = (format!("*{one}"), format!("*{other}"));
    let over = format!("-{one}");
    let begin = [(1, first.as_str()), (2, &second)];
    assert_eq!(
        found(&[&begin[..], &[(1, &over)]].concat(), calls),
        Vec::<String>::new()
    );
    assert_ne!(found(&begin, calls), Vec::<String>::new());
}

#[test]
fn c1_c7_a_picture_of_what_was_not_so_or_is_no_longer_is_found() {
    let path = "/chaos/tree/a";
    let look = |data: &'static str, mzxid, reaches| {
        move |history: &mut History| {
            let mut op = call(1, Function::Picture, (9, 9));
            (op.path, op.recipe) = (history.text(caches::TREE), history.text("p"));
            (op.watch, op.expected) = (WatchMode::Recursive, Some(1));
            op.token = Zxid::from_raw(reaches);
            history.ops.push(op);
            let node = Cached {
                process: 1,
                recipe: op.recipe,
                number: 1,
                path: history.text(path),
                data: history.text(data),
                czxid: Zxid::from_raw(1),
                mzxid: Zxid::from_raw(mzxid),
            };
            history.cached.push(node);
        }
    };
    let (made, set) = (format!("+{path} x"), format!("={path} y"));
    let lines = [(1, made.as_str()), (2, &set)];
    assert_eq!(found(&lines, look("y", 2, 2)), Vec::<String>::new());
    assert_eq!(found(&lines, look("x", 1, 1)), Vec::<String>::new());
    assert_ne!(
        found(&lines, look("x", 1, 2)),
        Vec::<String>::new(),
        "older than it says"
    );
    assert_ne!(
        found(&lines, look("z", 2, 2)),
        Vec::<String>::new(),
        "never was"
    );
}

#[test]
fn a5_a_transfer_that_was_torn_is_found() {
    let account = |n: u32| format!("{}/account-{n}", transactions::ACCOUNTS);
    let calls = |history: &mut History| {
        for (n, delta, after) in [(0, "-7", "-7"), (1, "7", "7")] {
            let mut op = call(1, Function::Change, (0, 9));
            (op.path, op.together) = (history.text(&account(n)), history.text("t"));
            (op.data, op.reply) = (history.text(delta), history.text(after));
            history.ops.push(op);
        }
    };
    let (one, other) = (format!("+{} -7", account(0)), format!("+{} 7", account(1)));
    let whole = format!("{one};{other}");
    assert_eq!(found(&[(1, &whole)], calls), Vec::<String>::new());
    assert_ne!(
        found(&[(1, &one), (1, &other)], calls),
        Vec::<String>::new()
    );
    assert_ne!(found(&[(1, &one)], calls), Vec::<String>::new());
}

#[test]
fn g2_a_decision_that_was_not_told_or_is_torn_is_found() {
    use transactions::{OTHERWISE, SWITCH, THEN};
    let made = format!("+{SWITCH};+{THEN};+{OTHERWISE}");
    let then = format!("={SWITCH} x;={THEN} x");
    let (torn, other) = (format!("={THEN} x"), format!("={OTHERWISE} x"));
    let judged = |writes: &[&str], reply: &str, expected| {
        let mut lines = vec![(1, made.as_str())];
        lines.extend(writes.iter().map(|line| (1, *line)));
        found(&lines, |history| {
            let mut op = call(1, Function::Decide, (1, 9));
            (op.path, op.data) = (history.text(SWITCH), history.text("x"));
            (op.guard, op.entrance) = (history.text(THEN), history.text(OTHERWISE));
            (op.reply, op.expected) = (history.text(reply), Some(expected));
            history.ops.push(op);
        })
    };
    assert_eq!(judged(&[&then], "then", 0), Vec::<String>::new());
    assert_eq!(judged(&[&other], "otherwise", 7), Vec::<String>::new());
    for (writes, reply, expected) in [
        (vec![then.as_str()], "otherwise", 0),
        (vec![&other], "then", 0),
        (vec![&other], "otherwise", 0),
        (vec![&then, &other], "then", 0),
        (vec![&then], "then", 7),
        (vec![&torn], "then", 0),
        (vec![], "then", 0),
    ] {
        let found = judged(&writes, reply, expected);
        assert_eq!(found.len(), 1, "{writes:?} {reply} {expected}: {found:?}");
    }
}
