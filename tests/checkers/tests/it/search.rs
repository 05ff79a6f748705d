//! What the search rejects, and where it gives up.

use std::fmt::Write as _;

use zk_checkers::Property::{GaveUp, Order};
use zk_checkers::{Cap, History, Property, search_within};

use crate::cases::{Case, case, expect_rejections};

/// Calls on a register, some of them at one time, one whose answer was lost.
const REGISTER: &str = "\
note process=1 session=a what=connected at=0
note process=1 session=a what=disconnected at=52
note process=1 session=a what=connected at=53
op process=1 function=write path=r data=1 invoked=1 returned=4 outcome=ok session=a
op process=2 function=read path=r invoked=2 returned=3 outcome=ok session=b reply=1
op process=2 function=read path=r invoked=5 returned=6 outcome=ok session=b reply=1
op process=1 function=compare_and_set path=r from=1 data=2 invoked=10 returned=20 outcome=ok session=a
op process=2 function=compare_and_set path=r from=1 data=3 invoked=11 returned=19 outcome=not_applied error=-103 session=b
op process=3 function=read path=r invoked=12 returned=13 outcome=ok session=c reply=1
op process=3 function=read path=r invoked=14 returned=15 outcome=ok session=c reply=2
op process=2 function=read path=r invoked=21 returned=22 outcome=ok session=b reply=2
op process=1 function=write path=r data=4 invoked=50 returned=52 outcome=unknown session=a
op process=2 function=read path=r invoked=60 returned=61 outcome=ok session=b reply=2
op process=2 function=read path=r invoked=70 returned=71 outcome=ok session=b reply=4
op process=1 function=write path=r data=5 invoked=80 returned=81 outcome=not_applied session=a
op process=3 function=read path=r invoked=90 returned=91 outcome=ok session=c reply=4
op process=1 function=read path=other invoked=90 returned=91 outcome=ok session=a
";

const COUNTER: &str = "\
note process=1 session=a what=connected at=0
note process=1 session=a what=disconnected at=31
note process=1 session=a what=connected at=32
op process=1 function=add path=n data=1 invoked=1 returned=5 outcome=ok session=a reply=1
op process=2 function=add path=n data=2 invoked=2 returned=6 outcome=ok session=b reply=3
op process=3 function=read path=n invoked=3 returned=4 outcome=ok session=c reply=1
op process=3 function=read path=n invoked=10 returned=11 outcome=ok session=c reply=3
op process=2 function=add path=n data=-1 invoked=20 returned=21 outcome=ok session=b reply=2
op process=1 function=add path=n data=10 invoked=30 returned=31 outcome=unknown session=a
op process=3 function=read path=n invoked=40 returned=41 outcome=ok session=c reply=12
op process=2 function=add path=n data=1 invoked=50 returned=51 outcome=ok session=b reply=13
";

/// Tokens and turns of a mutex, without a log to go by.
const MUTEX: &str = "\
note process=2 session=b what=connected at=0
note process=2 session=b what=disconnected at=61
note process=2 session=b what=connected at=62
op process=1 recipe=m function=acquire path=/l invoked=1 returned=3 outcome=ok session=a reply=/l/a token=2
op process=2 recipe=m function=acquire path=/l invoked=2 returned=20 outcome=ok session=b reply=/l/b token=3
op process=1 recipe=m function=release path=/l invoked=10 returned=15 outcome=ok session=a reply=/l/a token=2
op process=2 recipe=m function=release path=/l invoked=30 returned=35 outcome=ok session=b reply=/l/b token=3
op process=1 recipe=m function=acquire path=/l invoked=31 returned=40 outcome=ok session=a reply=/l/c token=7
op process=1 recipe=m function=release path=/l invoked=45 returned=46 outcome=ok session=a reply=/l/c token=7
op process=2 recipe=m function=acquire path=/l invoked=50 returned=55 outcome=ok session=b reply=/l/d token=9
op process=2 recipe=m function=release path=/l invoked=60 returned=61 outcome=unknown session=b reply=/l/d token=9
op process=3 recipe=m function=acquire path=/l invoked=64 returned=70 outcome=ok session=c reply=/l/e token=12
change zxid=1 at=0.5 session=f kind=create path=/l
change zxid=2 at=2 session=a kind=create path=/l/a owner=a
change zxid=3 at=2.5 session=b kind=create path=/l/b owner=b
change zxid=4 at=12 session=a kind=delete path=/l/a
change zxid=5 at=33 session=b kind=delete path=/l/b
change zxid=7 at=34 session=a kind=create path=/l/c owner=a
change zxid=8 at=45.5 session=a kind=delete path=/l/c
change zxid=9 at=51 session=b kind=create path=/l/d owner=b
change zxid=10 at=63 session=b kind=delete path=/l/d
change zxid=12 at=65 session=c kind=create path=/l/e owner=c
change zxid=13 at=75 session=f kind=delete path=/l/e
op process=1 recipe=m function=acquire path=/l invoked=80 returned=85 outcome=ok session=a reply=/l/f token=14
op process=3 recipe=m function=release path=/l invoked=90 returned=95 outcome=ok session=c reply=/l/e token=12
change zxid=14 at=81 session=a kind=create path=/l/f owner=a
";

const CASES: &[Case] = &[
    case(
        Order,
        "a read answers what was never written",
        REGISTER,
        "invoked=5 returned=6 outcome=ok session=b reply=1",
        "invoked=5 returned=6 outcome=ok session=b reply=7",
    ),
    case(
        Order,
        "a read misses a write that had returned",
        REGISTER,
        "invoked=5 returned=6 outcome=ok session=b reply=1",
        "invoked=5 returned=6 outcome=ok session=b",
    ),
    case(
        Order,
        "a read answers a write before it was called",
        REGISTER,
        "invoked=2 returned=3",
        "invoked=0.5 returned=0.7",
    ),
    case(
        Order,
        "a read goes back to the value before",
        REGISTER,
        "invoked=14 returned=15 outcome=ok session=c reply=2",
        "invoked=14 returned=15 outcome=ok session=c",
    ),
    case(
        Order,
        "two reads of one write disagree about its time",
        REGISTER,
        "invoked=12 returned=13 outcome=ok session=c reply=1",
        "invoked=12 returned=13 outcome=ok session=c reply=2\nop process=3 function=read path=r invoked=13.2 returned=13.4 outcome=ok session=c reply=1",
    ),
    case(
        Order,
        "two compare-and-sets of one value both win",
        REGISTER,
        "invoked=11 returned=19 outcome=not_applied error=-103",
        "invoked=11 returned=19 outcome=ok",
    ),
    case(
        Order,
        "a compare-and-set is refused for the value that is there",
        REGISTER,
        "from=1 data=3 invoked=11 returned=19",
        "from=1 data=3 invoked=8 returned=9",
    ),
    case(
        Order,
        "a compare-and-set wins against another value",
        REGISTER,
        "from=1 data=2 invoked=10",
        "from=4 data=2 invoked=10",
    ),
    case(
        Order,
        "an unknown write shows and is gone again",
        REGISTER,
        "invoked=90 returned=91 outcome=ok session=c reply=4",
        "invoked=90 returned=91 outcome=ok session=c reply=2",
    ),
    case(
        Order,
        "an unknown write shows before it was called",
        REGISTER,
        "invoked=21 returned=22 outcome=ok session=b reply=2",
        "invoked=21 returned=22 outcome=ok session=b reply=4",
    ),
    case(
        Order,
        "a write that was not applied shows",
        REGISTER,
        "invoked=90 returned=91 outcome=ok session=c reply=4",
        "invoked=90 returned=91 outcome=ok session=c reply=5",
    ),
    case(
        Order,
        "a register that nobody wrote is not empty",
        REGISTER,
        "path=other invoked=90 returned=91 outcome=ok session=a",
        "path=other invoked=90 returned=91 outcome=ok session=a reply=1",
    ),
    case(
        Order,
        "an addition is lost",
        COUNTER,
        "session=b reply=3\nop process=3",
        "session=b reply=2\nop process=3",
    ),
    case(
        Order,
        "two additions answer the same sum",
        COUNTER,
        "session=a reply=1\n",
        "session=a reply=3\n",
    ),
    case(
        Order,
        "a count answers half an addition",
        COUNTER,
        "invoked=3 returned=4 outcome=ok session=c reply=1",
        "invoked=3 returned=4 outcome=ok session=c reply=4",
    ),
    case(
        Order,
        "a count misses an addition that had returned",
        COUNTER,
        "invoked=10 returned=11 outcome=ok session=c reply=3",
        "invoked=10 returned=11 outcome=ok session=c reply=1",
    ),
    case(
        Order,
        "a subtraction adds",
        COUNTER,
        "invoked=20 returned=21 outcome=ok session=b reply=2",
        "invoked=20 returned=21 outcome=ok session=b reply=4",
    ),
    case(
        Order,
        "an unknown addition counts twice",
        COUNTER,
        "session=b reply=13",
        "session=b reply=23",
    ),
    case(
        Order,
        "an unknown addition is gone again",
        COUNTER,
        "session=b reply=13",
        "session=b reply=3",
    ),
    case(
        Order,
        "a count is no number",
        COUNTER,
        "session=c reply=12",
        "session=c reply=x",
    ),
    case(
        Order,
        "a mutex is granted twice at one time",
        MUTEX,
        "invoked=2 returned=20",
        "invoked=2 returned=9",
    ),
    case(
        Order,
        "a token is lower than the one before",
        MUTEX,
        "invoked=64 returned=70 outcome=ok session=c reply=/l/e token=12",
        "invoked=64 returned=70 outcome=ok session=c reply=/l/e token=8",
    ),
    case(
        Order,
        "a mutex is granted before the release had begun",
        MUTEX,
        "invoked=31 returned=40 outcome=ok session=a reply=/l/c token=7",
        "invoked=28 returned=29 outcome=ok session=a reply=/l/c token=7",
    ),
    case(
        Order,
        "a hold is released by another process",
        MUTEX,
        "op process=1 recipe=m function=release path=/l invoked=45",
        "op process=3 recipe=m function=release path=/l invoked=44",
    ),
    case(
        Order,
        "a release is of an old token",
        MUTEX,
        "invoked=45 returned=46 outcome=ok session=a reply=/l/c token=7",
        "invoked=45 returned=46 outcome=ok session=a reply=/l/c token=2",
    ),
    case(
        Order,
        "a hold that nobody else ended is released after the next grant",
        MUTEX,
        "change zxid=13 at=75 session=f kind=delete",
        "change zxid=13 at=75 session=c kind=delete",
    ),
    case(
        Order,
        "an expired hold is granted on before it is gone",
        MUTEX,
        "invoked=64 returned=70 outcome=ok session=c",
        "invoked=57 returned=59 outcome=ok session=c",
    ),
];

#[test]
fn every_history_without_an_order_is_rejected_and_its_twin_accepted() {
    expect_rejections("search", CASES);
}

fn properties(history: &str, cap: Cap) -> Vec<Property> {
    let verdict = search_within(&History::parse(history).unwrap(), cap);
    let violations = verdict.err().unwrap_or_default();
    violations
        .iter()
        .map(|violation| violation.property)
        .collect()
}

#[test]
fn giving_up_is_a_failure_of_its_own_kind() {
    let cap = Cap::default();
    assert_eq!(properties(REGISTER, cap), []);
    assert_eq!(properties(REGISTER, Cap { ops: 12, ..cap }), [GaveUp]);
    assert_eq!(
        properties(
            REGISTER,
            Cap {
                processes: 2,
                ..cap
            }
        ),
        [GaveUp]
    );
    assert_eq!(properties(REGISTER, Cap { steps: 10, ..cap }), [GaveUp]);
}

#[test]
fn a_thousand_calls_by_ten_processes_are_searched_within_the_cap() {
    let mut text = String::new();
    for round in 0..250 {
        // Three writes at one time, and then a read, which says which of them came last.
        for turn in 0..3 {
            let process = 1 + (round * 3 + turn) % 9;
            let (begin, end) = (round * 100 + turn, round * 100 + 50 + turn);
            writeln!(
                text,
                "op process={process} function=write path=r data={round}.{turn} invoked={begin} returned={end} outcome=ok"
            )
            .unwrap();
        }
        let (begin, end, last) = (round * 100 + 90, round * 100 + 91, round % 3);
        writeln!(
            text,
            "op process=10 function=read path=r invoked={begin} returned={end} outcome=ok reply={round}.{last}"
        )
        .unwrap();
    }
    assert_eq!(properties(&text, Cap::default()), []);
    let stale = text.replace("reply=249.0", "reply=248.0");
    assert_eq!(properties(&stale, Cap::default()), [Order]);
}
