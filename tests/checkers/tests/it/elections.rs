//! What the checkers reject of elections.

use zk_checkers::Property::{E1, E2, Heir, L5};

use crate::cases::{Case, case, expect_each};

/// One leads, announces, names the third in line and resigns; that one leads, then the second. An observer follows.
const TERMS: &str = "\
limits ended=90000 session_timeout=10000 tick=2000 round_trip=5 round_trips=4
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
note process=3 session=c what=connected at=0
op process=1 recipe=/e function=stand path=/e invoked=1 returned=5 outcome=ok session=a reply=/e/a-0000000000 token=2 mzxid=3
op process=2 recipe=/e function=stand path=/e invoked=6 returned=60 outcome=ok session=b reply=/e/b-0000000001 token=4 mzxid=d
op process=3 recipe=/e function=stand path=/e invoked=8 returned=40 outcome=ok session=c reply=/e/c2-0000000000 token=7 mzxid=a
op process=1 function=announce path=/e guard=/e/a-0000000000 invoked=10 returned=14 outcome=ok session=a
op process=1 recipe=/e function=hand_over path=/e data=process%203 guard=/e/a-0000000000 mzxid=3 invoked=20 returned=25 outcome=ok session=a
op process=1 recipe=/e function=release path=/e invoked=30 returned=34 outcome=ok session=a reply=/e/a-0000000000 token=2
op process=3 recipe=/e function=release path=/e invoked=50 returned=54 outcome=ok session=c reply=/e/c2-0000000000 token=7
op process=4 recipe=o function=observe path=/e invoked=2 returned=15 outcome=ok session=d reply=/e/a-0000000000 owner=a mzxid=3
op process=4 recipe=o function=observe path=/e invoked=16 returned=36 outcome=ok session=d
op process=4 recipe=o function=observe path=/e invoked=37 returned=42 outcome=ok session=d reply=/e/c2-0000000000 owner=c mzxid=a
belief process=1 recipe=/e lock=/e token=2 node=/e/a-0000000000 session=a at=5
belief process=1 recipe=/e lock=/e token=2 node=/e/a-0000000000 session=a says=released at=30
belief process=3 recipe=/e lock=/e token=7 node=/e/c2-0000000000 session=c at=40
belief process=3 recipe=/e lock=/e token=7 node=/e/c2-0000000000 session=c says=released at=50
change zxid=1 at=0.5 session=e kind=create path=/e
change zxid=2 at=2 session=a kind=create path=/e/a-0000000000 owner=a
change zxid=3 at=4 session=a kind=set path=/e version=1
change zxid=4 at=7 session=b kind=create path=/e/b-0000000001 owner=b
change zxid=5 at=9 session=c kind=create path=/e/c-0000000002 owner=c
change zxid=6 at=12 session=a kind=set path=/e version=2
change zxid=7 at=22 session=c kind=create path=/e/c2-0000000000 owner=c
change zxid=8 at=23 session=c kind=delete path=/e/c-0000000002
change zxid=9 at=32 session=a kind=delete path=/e/a-0000000000
change zxid=a at=38 session=c kind=set path=/e version=3
change zxid=b at=52 session=c kind=delete path=/e/c2-0000000000
change zxid=d at=58 session=b kind=set path=/e version=4
";

/// The successor that was named gives up before the leader resigns, and the next in line leads.
const GONE: &str = "\
limits ended=90000 session_timeout=10000 tick=2000 round_trip=5 round_trips=4
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
note process=3 session=c what=connected at=0
op process=1 recipe=/e function=stand path=/e invoked=1 returned=5 outcome=ok session=a reply=/e/a-0000000000 token=2 mzxid=3
op process=2 recipe=/e function=stand path=/e invoked=6 returned=60 outcome=ok session=b reply=/e/b-0000000001 token=4 mzxid=a
op process=3 recipe=/e function=stand path=/e invoked=8 polls=4 returned=28 outcome=cancelled session=c
op process=1 recipe=/e function=hand_over path=/e data=process%203 guard=/e/a-0000000000 mzxid=3 invoked=20 returned=25 outcome=ok session=a
op process=1 recipe=/e function=release path=/e invoked=30 returned=34 outcome=ok session=a reply=/e/a-0000000000 token=2
change zxid=1 at=0.5 session=e kind=create path=/e
change zxid=2 at=2 session=a kind=create path=/e/a-0000000000 owner=a
change zxid=3 at=4 session=a kind=set path=/e version=1
change zxid=4 at=7 session=b kind=create path=/e/b-0000000001 owner=b
change zxid=5 at=9 session=c kind=create path=/e/c-0000000002 owner=c
change zxid=6 at=22 session=c kind=create path=/e/c2-0000000000 owner=c
change zxid=7 at=23 session=c kind=delete path=/e/c-0000000002
change zxid=8 at=29 session=c kind=delete path=/e/c2-0000000000
change zxid=9 at=32 session=a kind=delete path=/e/a-0000000000
change zxid=a at=38 session=b kind=set path=/e version=2
";

const CASES: &[Case] = &[
    case(
        E1,
        "a term that is no write",
        TERMS,
        "reply=/e/b-0000000001 token=4 mzxid=d",
        "reply=/e/b-0000000001 token=4 mzxid=4",
    ),
    case(
        E1,
        "a term by the write of somebody else",
        TERMS,
        "reply=/e/b-0000000001 token=4 mzxid=d",
        "reply=/e/b-0000000001 token=4 mzxid=6",
    ),
    case(
        E1,
        "two terms of one number",
        TERMS,
        "",
        "op process=1 recipe=/e function=stand path=/e invoked=1 returned=6 outcome=ok session=a reply=/e/a-0000000000 token=2 mzxid=3\n",
    ),
    case(
        E1,
        "a term begins while another lasts",
        TERMS,
        "change zxid=9 at=32 session=a kind=delete path=/e/a-0000000000\n",
        "",
    ),
    case(
        E1,
        "an observer is told of a term that there was not",
        TERMS,
        "outcome=ok session=d reply=/e/a-0000000000 owner=a mzxid=3",
        "outcome=ok session=d reply=/e/a-0000000000 owner=a mzxid=2",
    ),
    case(
        E1,
        "an observer is told of an earlier term after a later one",
        TERMS,
        "",
        "op process=4 recipe=o function=observe path=/e invoked=43 returned=45 outcome=ok session=d reply=/e/a-0000000000 owner=a mzxid=3\n",
    ),
    case(
        E2,
        "an announcement that was never written",
        TERMS,
        "guard=/e/a-0000000000 invoked=10 returned=14",
        "guard=/e/a-0000000000 invoked=13 returned=14",
    ),
    case(
        E2,
        "somebody without a candidate writes to the election",
        TERMS,
        "",
        "change zxid=e at=70 session=a kind=set path=/e version=5\n",
    ),
    case(
        Heir,
        "a successor is reported that is not there",
        TERMS,
        "data=process%203",
        "data=process%202",
    ),
    case(
        Heir,
        "somebody leads before the one that was named",
        GONE,
        "change zxid=8 at=29 session=c kind=delete path=/e/c2-0000000000\n",
        "",
    ),
];

const BELIEFS: &[Case] = &[case(
    L5,
    "two believe at one time to lead",
    TERMS,
    "session=a says=released at=30",
    "session=a says=released at=41",
)];

#[test]
fn every_illegal_history_of_elections_is_rejected_and_its_twin_accepted() {
    expect_each("elections", CASES);
    expect_each("locks", BELIEFS);
}
