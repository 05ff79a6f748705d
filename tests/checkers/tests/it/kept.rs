//! What the checker of kept nodes rejects.

use zk_checkers::Property::{E7, S3};

use crate::cases::{Case, case, expect_each};

/// A node that is kept: gone with its session and there again, given other data, kept no longer, and kept once more behind an
/// older one of another process.
const KEPT: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=1 session=a what=expired at=105
note process=1 session=b what=connected at=110
note process=2 session=c what=connected at=0
note process=1 session=b what=closed at=60000
op process=1 function=keep path=/n data=x invoked=1 deadline=2001 returned=3 outcome=ok token=1
op process=1 function=provide path=/n data=y invoked=20 deadline=2020 returned=23 outcome=ok token=1
op process=1 function=provide path=/n data=z invoked=200 deadline=2200 returned=203 outcome=ok token=4
op process=1 function=unkeep path=/n invoked=10000 returned=10003 outcome=ok
op process=2 function=keep path=/n data=v invoked=11000 deadline=13000 returned=11003 outcome=ok token=7
op process=1 function=keep path=/n data=w invoked=12000 deadline=22000 returned=22000 outcome=not_applied
op process=2 function=unkeep path=/n invoked=30000 returned=30003 outcome=ok
op process=1 function=provide path=/n data=u invoked=30500 deadline=32000 returned=30600 outcome=ok token=a
change zxid=1 at=2 session=a kind=create path=/n data=x owner=a
change zxid=2 at=21 session=a kind=set path=/n data=y version=1 owner=a
change zxid=3 at=100 session=a kind=expire
change zxid=3 at=100 session=a kind=delete path=/n
change zxid=4 at=120 session=b kind=create path=/n data=y owner=b
change zxid=5 at=201 session=b kind=set path=/n data=z version=1 owner=b
change zxid=6 at=10001 session=b kind=delete path=/n
change zxid=7 at=11001 session=c kind=create path=/n data=v owner=c
change zxid=9 at=30002 session=c kind=delete path=/n
change zxid=a at=30010 session=b kind=create path=/n data=w owner=b
change zxid=b at=30550 session=b kind=set path=/n data=u version=1 owner=b
change zxid=c at=59999 session=b kind=delete path=/n
";

/// A node that somebody deletes, and another process makes, while it is being given up.
const OVERTAKEN: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=keep path=/n data=x invoked=1 deadline=2001 returned=3 outcome=ok token=1
op process=2 function=keep path=/n data=y invoked=2 deadline=2002 returned=120 outcome=ok token=5
op process=1 function=unkeep path=/n invoked=100 returned=114 outcome=ok
op process=2 function=unkeep path=/n invoked=150 returned=160 outcome=ok
change zxid=1 at=2 session=a kind=create path=/n data=x owner=a
change zxid=2 at=108 session=e kind=delete path=/n
change zxid=3 at=111 session=b kind=create path=/n data=y owner=b
change zxid=4 at=112 session=a kind=delete path=/n
change zxid=5 at=118 session=b kind=create path=/n data=y owner=b
change zxid=6 at=155 session=b kind=delete path=/n
";

/// A node whose keeper gave up waiting for its end. The next time that it is kept it is not made again before that is over.
const LEFT: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=1 session=a what=disconnected at=12
note process=1 session=a what=connected at=60
fault what=nobody%20is%20heard at=8 ended=60
op process=1 function=keep path=/n data=x invoked=1 deadline=2001 returned=5 outcome=ok token=1
op process=1 function=unkeep path=/n invoked=10 returned=20 outcome=unknown
op process=1 function=keep path=/n data=y invoked=30 deadline=40 returned=40 outcome=not_applied
op process=1 function=unkeep path=/n invoked=50 returned=51 outcome=ok
change zxid=1 at=4 session=a kind=create path=/n data=x owner=a
change zxid=2 at=70 session=a kind=delete path=/n
";

/// A node that a server makes late, once it is kept no longer, and that whoever kept it deletes again.
const LATE: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
op process=1 function=keep path=/n data=x invoked=1 deadline=2001 returned=5 outcome=ok token=1
op process=1 function=unkeep path=/n invoked=10 returned=14 outcome=ok
change zxid=1 at=4 session=a xid=5 kind=create path=/n data=x owner=a
change zxid=2 at=13 session=a xid=9 kind=delete path=/n
change zxid=3 at=20 session=a xid=2 kind=create path=/n data=x owner=a
change zxid=4 at=25 session=a xid=12 kind=delete path=/n
";

/// A delete that is carried out late, and meets the node of another.
const LATE_DELETE: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=keep path=/n data=x invoked=1 deadline=2001 returned=5 outcome=ok token=1
op process=1 function=unkeep path=/n invoked=10 returned=14 outcome=ok
op process=2 function=keep path=/n data=y invoked=30 deadline=2030 returned=33 outcome=ok token=3
op process=2 function=unkeep path=/n invoked=50 returned=53 outcome=ok
change zxid=1 at=4 session=a xid=5 kind=create path=/n data=x owner=a
change zxid=2 at=13 session=a xid=9 kind=delete path=/n
change zxid=3 at=32 session=b xid=1 kind=create path=/n data=y owner=b
change zxid=4 at=35 session=a xid=7 kind=delete path=/n
change zxid=5 at=40 session=b xid=2 kind=create path=/n data=y owner=b
change zxid=6 at=52 session=b xid=3 kind=delete path=/n
";

/// A node that is made late just before the call that keeps it no longer returns.
const LATE_AT_ONCE: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
op process=1 function=keep path=/n data=x invoked=1 deadline=2001 returned=5 outcome=ok token=1
op process=1 function=unkeep path=/n invoked=10 returned=14 outcome=ok
change zxid=1 at=4 session=a xid=5 kind=create path=/n data=x owner=a
change zxid=2 at=12 session=a xid=9 kind=delete path=/n
change zxid=3 at=13 session=a xid=2 kind=create path=/n data=x owner=a
change zxid=4 at=25 session=a xid=12 kind=delete path=/n
";

/// A write that is carried out late, and meets the node of another.
const LATE_WRITE: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=keep path=/n data=x invoked=1 deadline=2001 returned=5 outcome=ok token=1
op process=1 function=unkeep path=/n invoked=10 returned=14 outcome=ok
op process=2 function=keep path=/n data=y invoked=30 deadline=2030 returned=33 outcome=ok token=3
op process=2 function=unkeep path=/n invoked=50 returned=53 outcome=ok
change zxid=1 at=4 session=a xid=5 kind=create path=/n data=x owner=a
change zxid=2 at=13 session=a xid=9 kind=delete path=/n
change zxid=3 at=32 session=b xid=1 kind=create path=/n data=y owner=b
change zxid=4 at=51 session=a xid=7 kind=set path=/n data=x version=1
change zxid=5 at=52 session=b xid=3 kind=delete path=/n
";

const CASES: &[Case] = &[
    case(
        S3,
        "a keeper ends with its node there, and that was not made late",
        LATE_AT_ONCE,
        "session=a xid=2",
        "session=a xid=10",
    ),
    case(
        E7,
        "a keeper writes to another one's node, and not late",
        LATE_WRITE,
        "session=a xid=7",
        "session=a xid=13",
    ),
    case(
        S3,
        "a node comes back that is kept no longer, and was not made late",
        LATE,
        "session=a xid=2",
        "session=a xid=10",
    ),
    case(
        S3,
        "a node that was made late stays",
        LATE,
        "change zxid=4 at=25 session=a xid=12 kind=delete path=/n\n",
        "",
    ),
    case(
        E7,
        "a keeper deletes another one's node, and not late",
        LATE_DELETE,
        "session=a xid=7",
        "session=a xid=13",
    ),
    case(
        E7,
        "a keeper that gives up a node which is gone already deletes another one's",
        OVERTAKEN,
        "change zxid=2 at=108",
        "change zxid=2 at=98",
    ),
    case(
        E7,
        "a keeper deletes another one's node behind its own",
        OVERTAKEN,
        "change zxid=2 at=108 session=e",
        "change zxid=2 at=108 session=a",
    ),
    case(
        E7,
        "a node is told there that never was",
        KEPT,
        "invoked=1 deadline=2001 returned=3 outcome=ok token=1",
        "invoked=1 deadline=2001 returned=3 outcome=ok token=2",
    ),
    case(
        E7,
        "a node is told there before it is",
        KEPT,
        "data=u invoked=30500 deadline=32000 returned=30600 outcome=ok token=a",
        "data=u invoked=30000.5 deadline=32000 returned=30009 outcome=ok token=a",
    ),
    case(
        E7,
        "a node is told there with data that it never holds",
        KEPT,
        "change zxid=b at=30550 session=b kind=set path=/n data=u version=1",
        "change zxid=b at=30550 session=b kind=set path=/n data=w version=1",
    ),
    case(
        E7,
        "a node never gets the latest data",
        KEPT,
        "change zxid=5 at=201 session=b kind=set path=/n data=z version=1 owner=b\n",
        "",
    ),
    case(
        E7,
        "a node is told there of another process",
        KEPT,
        "invoked=30500 deadline=32000 returned=30600 outcome=ok token=a",
        "invoked=30500 deadline=32000 returned=30600 outcome=ok token=7",
    ),
    case(
        E7,
        "a node comes back without the latest data and stays so",
        KEPT,
        "change zxid=4 at=120 session=b kind=create path=/n data=y owner=b\nchange zxid=5 at=201 session=b kind=set path=/n data=z version=1 owner=b\n",
        "change zxid=4 at=120 session=b kind=create path=/n data=x owner=b\nchange zxid=5 at=201 session=b kind=set path=/n data=x version=1 owner=b\n",
    ),
    case(
        E7,
        "a node comes back too late",
        KEPT,
        "change zxid=9 at=30002",
        "change zxid=8 at=15000 session=c kind=delete path=/n\nchange zxid=8 at=25000 session=c kind=create path=/n data=v owner=c\nchange zxid=9 at=30002",
    ),
    case(
        E7,
        "a node that is deleted never comes back",
        KEPT,
        "change zxid=c at=59999 session=b kind=delete path=/n\n",
        "change zxid=c at=40000 session=b kind=delete path=/n\n",
    ),
    case(
        E7,
        "a keeper gives up while nothing is in its way",
        KEPT,
        "op process=2 function=unkeep path=/n invoked=30000 returned=30003 outcome=ok\n",
        "op process=1 function=provide path=/n data=t invoked=50000 deadline=60000 returned=59998 outcome=not_applied\nop process=2 function=unkeep path=/n invoked=30000 returned=30003 outcome=ok\n",
    ),
    case(
        E7,
        "a keeper deletes another one's node",
        KEPT,
        "change zxid=9 at=30002 session=c kind=delete",
        "change zxid=9 at=30002 session=b kind=delete",
    ),
    case(
        E7,
        "a keeper writes another one's node",
        KEPT,
        "change zxid=9 at=30002",
        "change zxid=8 at=25000 session=b kind=set path=/n data=w version=1 owner=c\nchange zxid=9 at=30002",
    ),
    case(
        S3,
        "a node is left when it is told to be gone",
        KEPT,
        "invoked=10000 returned=10003",
        "invoked=10000 returned=10000.5",
    ),
    case(
        S3,
        "a node of an earlier time is left whose end was told",
        LEFT,
        "returned=20 outcome=unknown",
        "returned=20 outcome=ok",
    ),
    case(
        S3,
        "a node of this time is left, and not of an earlier one",
        LEFT,
        "change zxid=2 at=70",
        "change zxid=2 at=19 session=a kind=delete path=/n\nchange zxid=3 at=35 session=a kind=create path=/n data=y owner=a\nchange zxid=4 at=70",
    ),
    case(
        S3,
        "a node that is kept no longer comes back",
        KEPT,
        "change zxid=7 at=11001",
        "change zxid=6 at=10500 session=b kind=create path=/n data=z owner=b\nchange zxid=6 at=10600 session=b kind=delete path=/n\nchange zxid=7 at=11001",
    ),
    case(
        S3,
        "a node that is kept no longer is never deleted",
        KEPT,
        "change zxid=9 at=30002 session=c kind=delete path=/n\nchange zxid=a at=30010 session=b kind=create path=/n data=w owner=b\nchange zxid=b at=30550 session=b kind=set path=/n data=u version=1 owner=b\nchange zxid=c at=59999 session=b kind=delete path=/n\n",
        "change zxid=9 at=30004 session=c kind=delete path=/n\nchange zxid=a at=30010 session=b kind=create path=/n data=w owner=b\nchange zxid=b at=30550 session=b kind=set path=/n data=u version=1 owner=b\nchange zxid=c at=59999 session=b kind=delete path=/n\n",
    ),
];

#[test]
fn kept_nodes_are_there_with_the_latest_data_and_do_not_come_back() {
    expect_each("kept", CASES);
}
