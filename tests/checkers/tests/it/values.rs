//! What the checker of counters, values, blocks and limits rejects.

use zk_checkers::Property::{A1, A2, A3, A4, A5, G9};

use crate::cases::{Case, case, expect_rejections};

/// Two processes add to a number; one answer is lost, one call is dropped, one is refused.
const COUNTED: &str = "\
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=change path=/n data=1 invoked=1 returned=3 outcome=ok reply=1 session=a
op process=2 function=change path=/n data=10 invoked=3 returned=6 outcome=ok from=1 reply=11 session=b
op process=1 function=change path=/n data=1 invoked=7 polls=1 returned=9 outcome=cancelled session=a
op process=1 function=replace_if path=/n from=12 data=20 invoked=14 returned=16 outcome=ok session=a
op process=2 function=replace_if path=/n from=12 data=30 invoked=17 returned=19 outcome=not_applied error=-103 reply=20 session=b
op process=2 function=look path=/n invoked=20 returned=21 outcome=ok reply=20 session=b
op process=2 function=replace path=/n data=5 invoked=22 returned=24 outcome=ok session=b
op process=1 function=look path=/n invoked=25 returned=26 outcome=ok reply=20 session=a
op process=1 function=change path=/n data=1 invoked=27 deadline=28 returned=29 outcome=not_applied session=a
change zxid=1 at=2 session=a kind=create path=/n data=1
change zxid=2 at=5 session=b kind=set path=/n data=11 version=1
change zxid=3 at=10 session=a kind=set path=/n data=12 version=2
change zxid=4 at=15 session=a kind=set path=/n data=20 version=3
change zxid=5 at=23 session=b kind=set path=/n data=5 version=4
";

/// A latch of two counts: both are counted, and one more call finds it open.
const LATCH: &str = "\
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=count_down path=/l data=2 invoked=1 returned=3 outcome=ok reply=1 session=a
op process=2 function=count_down path=/l data=2 invoked=4 returned=6 outcome=ok reply=0 session=b
op process=1 function=count_down path=/l data=2 invoked=7 returned=9 outcome=ok reply=0 session=a
change zxid=1 at=2 session=a kind=create path=/l data=1
change zxid=2 at=5 session=b kind=set path=/l data=0 version=1
";

/// A shared value: made with its seed, replaced on condition and without, and followed by a stream.
const SHARED: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=look path=/s data=seed invoked=1 returned=3 outcome=ok reply=seed mzxid=1 version=0 session=a
op process=1 function=replace_if path=/s token=1 data=x.1 invoked=4 returned=6 outcome=ok session=a
op process=2 function=follow path=/s recipe=f1 invoked=4 returned=7 outcome=ok reply=seed mzxid=1 version=0 session=b
op process=2 function=follow path=/s recipe=f1 invoked=8 returned=9 outcome=ok reply=x.1 mzxid=2 version=1 session=b
op process=2 function=replace_if path=/s token=1 data=y.1 invoked=10 returned=12 outcome=not_applied error=-103 reply=x.1 mzxid=2 version=1 session=b
op process=2 function=replace path=/s data=y.2 invoked=13 returned=15 outcome=ok session=b
op process=2 function=look path=/s invoked=16 returned=17 outcome=ok reply=y.2 mzxid=3 version=2 session=b
op process=2 function=follow path=/s recipe=f1 invoked=18 returned=19 outcome=ok reply=y.2 mzxid=3 version=2 session=b
op process=2 function=follow path=/s recipe=f1 invoked=20 deadline=9020 returned=9020 outcome=not_applied session=b
change zxid=1 at=2 session=a kind=create path=/s data=seed
change zxid=2 at=5 session=a kind=set path=/s data=x.1 version=1
change zxid=3 at=14 session=b kind=set path=/s data=y.2 version=2
";

/// Two handles next numbers from blocks of 2; what is left of the first one's is not used.
const BLOCKS: &str = "\
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=next path=/b recipe=h1 invoked=1 returned=3 outcome=ok reply=0
op process=2 function=next path=/b recipe=h2 invoked=4 returned=6 outcome=ok reply=2
op process=1 function=next path=/b recipe=h1 invoked=7 returned=8 outcome=ok reply=1
op process=1 function=next path=/b recipe=h1 invoked=9 returned=11 outcome=ok reply=4
change zxid=1 at=2 session=a kind=create path=/b data=2
change zxid=2 at=5 session=b kind=set path=/b data=4 version=1
change zxid=3 at=10 session=a kind=set path=/b data=6 version=2
";

/// Three permits per 100 ms, in blocks of 2: the second window begins when the first is over.
const LIMIT: &str = "\
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=spend path=/r from=100 expected=3 data=1 invoked=1 returned=7 outcome=ok
op process=1 function=spend path=/r from=100 expected=3 data=1 invoked=8 returned=9 outcome=ok
op process=2 function=spend path=/r from=100 expected=3 data=1 invoked=10 returned=13 outcome=ok
op process=2 function=spend path=/r from=100 expected=3 data=2 invoked=14 returned=113 outcome=ok
change zxid=1 at=2 session=a kind=create path=/r data=0%200
change zxid=2 at=4 session=a kind=set path=/r data=0%202 version=1
change zxid=3 at=6 session=a kind=set path=/r data=1004%202 version=2
change zxid=4 at=12 session=b kind=set path=/r data=1004%203 version=3
change zxid=5 at=110 session=b kind=set path=/r data=1004%203 version=4
change zxid=6 at=112 session=b kind=set path=/r data=1110%202 version=5
";

/// Two transactions over two nodes, the second with an answer that was lost.
const TOGETHER: &str = "\
note process=1 session=a what=connected at=0
note process=1 session=a what=disconnected at=11
op process=1 function=change path=/x data=-5 together=t1 invoked=1 returned=4 outcome=ok reply=-5 session=a
op process=1 function=change path=/y data=5 together=t1 invoked=1 returned=4 outcome=ok reply=5 session=a
op process=1 function=change path=/x data=-7 together=t2 invoked=6 returned=12 outcome=unknown session=a
op process=1 function=change path=/y data=7 together=t2 invoked=6 returned=12 outcome=unknown session=a
change zxid=1 at=2 session=a kind=create path=/x data=-5
change zxid=1 at=2 session=a kind=create path=/y data=5
change zxid=2 at=8 session=a kind=set path=/x data=-12 version=1
change zxid=2 at=8 session=a kind=set path=/y data=12 version=1
";

const CASES: &[Case] = &[
    case(
        A5,
        "a transaction is made one part after the other",
        TOGETHER,
        "change zxid=1 at=2 session=a kind=create path=/y data=5\n",
        "change zxid=2 at=3 session=a kind=create path=/y data=5\n",
    ),
    case(
        A5,
        "half of a transaction whose answer was lost is made",
        TOGETHER,
        "change zxid=2 at=8 session=a kind=set path=/y data=12 version=1\n",
        "",
    ),
    case(
        A1,
        "a part of a transaction that was told done is not made",
        TOGETHER,
        "change zxid=1 at=2 session=a kind=create path=/y data=5\nchange zxid=2 at=8 session=a kind=set path=/x data=-12 version=1\nchange zxid=2 at=8 session=a kind=set path=/y data=12 version=1\n",
        "",
    ),
    case(
        A1,
        "a change is in the log twice",
        COUNTED,
        "",
        "change zxid=6 at=24 session=b kind=set path=/n data=15 version=5\n",
    ),
    case(
        A1,
        "a change that was told done is not in the log",
        COUNTED,
        "change zxid=5 at=23 session=b kind=set path=/n data=5 version=4\n",
        "",
    ),
    case(
        A1,
        "a change answers what was not there before it",
        COUNTED,
        "from=1 reply=11",
        "from=2 reply=11",
    ),
    case(
        A1,
        "a change answers another sum than it wrote",
        COUNTED,
        "from=1 reply=11",
        "from=1 reply=12",
    ),
    case(
        A1,
        "a change adds another number than it was to add",
        COUNTED,
        "data=10 invoked=3",
        "data=9 invoked=3",
    ),
    case(
        A1,
        "a change is made before it was called",
        COUNTED,
        "change zxid=2 at=5",
        "change zxid=2 at=2.5",
    ),
    case(
        A1,
        "a dropped call's change is another one's",
        COUNTED,
        "data=1 invoked=7 polls=1",
        "data=2 invoked=7 polls=1",
    ),
    case(
        A1,
        "a change is in the log that was told not applied",
        COUNTED,
        "",
        "change zxid=6 at=28 session=a kind=set path=/n data=6 version=5\n",
    ),
    case(
        A1,
        "a refused comparison found what it asked for",
        COUNTED,
        "error=-103 reply=20",
        "error=-103 reply=12",
    ),
    case(
        A1,
        "a comparison replaced something else than it asked for",
        COUNTED,
        "from=12 data=20",
        "from=11 data=20",
    ),
    case(
        A1,
        "somebody changed the number without a call",
        COUNTED,
        "",
        "change zxid=6 at=40 session=c kind=set path=/n data=6 version=5\n",
    ),
    case(
        A1,
        "a count is made twice",
        LATCH,
        "",
        "change zxid=3 at=8 session=a kind=set path=/l data=-1 version=2\n",
    ),
    case(
        A1,
        "a count takes two",
        LATCH,
        "data=2 invoked=1 returned=3 outcome=ok reply=1",
        "data=3 invoked=1 returned=3 outcome=ok reply=1",
    ),
    case(
        A3,
        "a count finds a latch open that is not",
        LATCH,
        "change zxid=2 at=5 session=b kind=set path=/l data=0 version=1\n",
        "",
    ),
    case(
        A1,
        "a condition on another write holds",
        SHARED,
        "token=1 data=x.1",
        "token=2 data=x.1",
    ),
    case(
        A1,
        "a value that was set is told not to be",
        SHARED,
        "token=1 data=y.1 invoked=10 returned=12 outcome=not_applied error=-103 reply=x.1 mzxid=2",
        "token=2 data=y.1 invoked=10 returned=12 outcome=not_applied error=-103 reply=x.1 mzxid=2",
    ),
    case(
        A3,
        "a read answers what was never there",
        COUNTED,
        "outcome=ok reply=20 session=b",
        "outcome=ok reply=21 session=b",
    ),
    case(
        A3,
        "a read does not show the session's own change",
        COUNTED,
        "invoked=25 returned=26 outcome=ok reply=20",
        "invoked=25 returned=26 outcome=ok reply=12",
    ),
    case(
        A3,
        "a read answers what is written later",
        COUNTED,
        "invoked=20 returned=21 outcome=ok reply=20",
        "invoked=20 returned=21 outcome=ok reply=5",
    ),
    case(
        A3,
        "a stream goes back",
        SHARED,
        "reply=x.1 mzxid=2 version=1 session=b\nop process=2 function=replace_if",
        "reply=seed mzxid=1 version=0 session=b\nop process=2 function=replace_if",
    ),
    case(
        A3,
        "a stream tells the same write twice",
        SHARED,
        "invoked=4 returned=7 outcome=ok reply=seed mzxid=1 version=0",
        "invoked=4 returned=7 outcome=ok reply=x.1 mzxid=2 version=1",
    ),
    case(
        A3,
        "a read answers another version",
        SHARED,
        "invoked=16 returned=17 outcome=ok reply=y.2 mzxid=3 version=2",
        "invoked=16 returned=17 outcome=ok reply=y.2 mzxid=3 version=3",
    ),
    case(
        A3,
        "a refused condition answers what was never there",
        SHARED,
        "error=-103 reply=x.1",
        "error=-103 reply=x.9",
    ),
    case(
        G9,
        "a stream is silent about the last value",
        SHARED,
        "op process=2 function=follow path=/s recipe=f1 invoked=18 returned=19 outcome=ok reply=y.2 mzxid=3 version=2 session=b\n",
        "",
    ),
    case(
        A2,
        "a number is handed out twice",
        BLOCKS,
        "outcome=ok reply=2",
        "outcome=ok reply=0",
    ),
    case(
        A2,
        "a number is handed out that nobody reserved",
        BLOCKS,
        "outcome=ok reply=4",
        "outcome=ok reply=6",
    ),
    case(
        A2,
        "a number is of another process's block",
        BLOCKS,
        "outcome=ok reply=4",
        "outcome=ok reply=3",
    ),
    case(
        A2,
        "a number is handed out before it is reserved",
        BLOCKS,
        "change zxid=3 at=10 ",
        "change zxid=3 at=12 ",
    ),
    case(
        A2,
        "a handle's numbers shrink",
        BLOCKS,
        "invoked=1 returned=3 outcome=ok reply=0",
        "invoked=9 returned=11 outcome=ok reply=0",
    ),
    case(
        A4,
        "a window has more than there is",
        LIMIT,
        "session=b kind=set path=/r data=1004%203 version=3",
        "session=b kind=set path=/r data=1004%204 version=3",
    ),
    case(
        A4,
        "a window begins while one lasts",
        LIMIT,
        "data=1110%202",
        "data=1103%202",
    ),
    case(
        A4,
        "a process grants more than it reserved",
        LIMIT,
        "data=1 invoked=8",
        "data=2 invoked=8",
    ),
    case(
        A4,
        "a grant is granted after its window",
        LIMIT,
        "invoked=8 returned=9",
        "invoked=140 returned=141",
    ),
    case(
        A4,
        "a window is given back",
        LIMIT,
        "session=b kind=set path=/r data=1004%203 version=4",
        "session=b kind=set path=/r data=1004%201 version=4",
    ),
    case(
        A4,
        "something else is stored",
        LIMIT,
        "data=1110%202",
        "data=1110",
    ),
];

#[test]
fn every_illegal_history_of_values_is_rejected_and_its_twin_accepted() {
    expect_rejections("values", CASES);
}
