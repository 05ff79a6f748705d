//! What the checker of kept nodes rejects where nodes have a time to live.

use zk_checkers::Property::{E7, G5, S3};

use crate::cases::{Case, case, expect_each};

/// A node that two keep, first one of them alone, then the other; left to its time, and kept once more.
const TIMED: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10 reaping=300
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=keep path=/n data=x from=1000 kind=ttl invoked=1 deadline=2001 returned=3 outcome=ok token=1
op process=2 function=keep path=/n data=y from=1000 kind=ttl invoked=600 deadline=2600 returned=610 outcome=ok token=1
op process=1 function=provide path=/n data=z from=1000 kind=ttl invoked=700 deadline=2700 returned=710 outcome=ok token=1
op process=1 function=unkeep path=/n from=1000 kind=ttl invoked=800 returned=803 outcome=ok
op process=2 function=unkeep path=/n from=1000 kind=ttl invoked=2000 returned=2003 outcome=ok
op process=1 function=keep path=/n data=w from=1000 kind=ttl invoked=5000 deadline=7000 returned=5003 outcome=ok token=12
op process=1 function=unkeep path=/n from=1000 kind=ttl invoked=5100 returned=5103 outcome=ok
change zxid=1 at=2 session=a kind=create path=/n data=x
change zxid=2 at=5 session=a kind=create path=/n/touch
change zxid=3 at=505 session=a kind=set path=/n/touch version=1
change zxid=4 at=605 session=b kind=set path=/n data=y version=1
change zxid=5 at=615 session=b kind=set path=/n/touch version=2
change zxid=6 at=705 session=a kind=set path=/n data=z version=2
change zxid=7 at=1115 session=b kind=set path=/n/touch version=3
change zxid=8 at=1615 session=b kind=set path=/n/touch version=4
change zxid=10 at=2800 kind=delete path=/n/touch
change zxid=11 at=3100 kind=delete path=/n
change zxid=12 at=5002 session=a kind=create path=/n data=w
change zxid=13 at=5005 session=a kind=create path=/n/touch
change zxid=14 at=6100 kind=delete path=/n/touch
change zxid=15 at=6400 kind=delete path=/n
";

/// A touch that goes while its only keeper has no connection, without a fault: the counter of the leader's term was at its end.
const CUT: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10 reaping=300
note process=1 session=a what=connected at=0
note process=1 session=a what=disconnected at=60000
note process=1 session=a what=connected at=61100
op process=1 function=keep path=/n data=x from=1000 kind=ttl invoked=59000 deadline=60001 returned=59003 outcome=ok token=1
op process=1 function=unkeep path=/n from=1000 kind=ttl invoked=65000 returned=65003 outcome=ok
change zxid=1 at=59002 session=a kind=create path=/n data=x
change zxid=2 at=59005 session=a kind=create path=/n/touch
change zxid=3 at=59505 session=a kind=set path=/n/touch version=1
change zxid=4 at=60700 kind=delete path=/n/touch
change zxid=5 at=61105 session=a kind=create path=/n/touch
change zxid=6 at=63000 session=a kind=set path=/n/touch version=1
change zxid=7 at=64900 session=a kind=set path=/n/touch version=2
change zxid=8 at=66000 kind=delete path=/n/touch
change zxid=9 at=66300 kind=delete path=/n
";

const CASES: &[Case] = &[
    case(
        E7,
        "a node is told there that never was",
        TIMED,
        "invoked=1 deadline=2001 returned=3 outcome=ok token=1",
        "invoked=1 deadline=2001 returned=3 outcome=ok token=2",
    ),
    case(
        E7,
        "a node that was found is told there without the data that were asked for",
        TIMED,
        "session=b kind=set path=/n data=y",
        "session=b kind=set path=/n data=v",
    ),
    case(
        E7,
        "who lets go of a node takes it from the other",
        TIMED,
        "change zxid=8 at=1615 session=b kind=set path=/n/touch version=4\nchange zxid=10 at=2800 kind=delete path=/n/touch\nchange zxid=11 at=3100 kind",
        "change zxid=8 at=801 session=a kind=delete path=/n/touch\nchange zxid=11 at=802 session=a kind",
    ),
    case(
        E7,
        "who lets go of a node as the last deletes it",
        TIMED,
        "change zxid=11 at=3100 kind=delete",
        "change zxid=11 at=3100 session=b kind=delete",
    ),
    case(
        E7,
        "who lets go of a node deletes its touch",
        TIMED,
        "change zxid=10 at=2800 kind=delete",
        "change zxid=10 at=2800 session=b kind=delete",
    ),
    case(
        E7,
        "a touch goes while somebody keeps the node",
        TIMED,
        "change zxid=8 at=1615 session=b kind=set path=/n/touch version=4\nchange zxid=10 at=2800 kind=delete path=/n/touch\n",
        "change zxid=8 at=1650 kind=delete path=/n/touch\n",
    ),
    case(
        E7,
        "a node that is never touched goes while somebody keeps it",
        TIMED,
        "change zxid=7 at=1115 session=b kind=set path=/n/touch version=3\nchange zxid=8 at=1615 session=b kind=set path=/n/touch version=4\nchange zxid=10 at=2800 kind=delete path=/n/touch\nchange zxid=11 at=3100 kind",
        "change zxid=10 at=1650 kind=delete path=/n/touch\nchange zxid=11 at=1950 kind",
    ),
    case(
        E7,
        "a node that went while somebody keeps it is never made again",
        TIMED,
        "function=unkeep path=/n from=1000 kind=ttl invoked=2000 returned=2003",
        "function=unkeep path=/n from=1000 kind=ttl invoked=4900 returned=4903",
    ),
    case(
        E7,
        "a touch goes long after its keeper has a connection again",
        CUT,
        "change zxid=8 at=66000",
        "change zxid=8 at=64950",
    ),
    case(
        E7,
        "a touch goes while its keeper never lost its connection",
        CUT,
        "note process=1 session=a what=disconnected at=60000\nnote process=1 session=a what=connected at=61100\n",
        "",
    ),
    case(
        S3,
        "who has let go of a node touches it on",
        TIMED,
        "change zxid=10 at=2800",
        "change zxid=9 at=2400 session=a kind=set path=/n/touch version=5\nchange zxid=10 at=2800",
    ),
    case(
        S3,
        "who has let go of a node makes it again",
        TIMED,
        "change zxid=12 at=5002",
        "change zxid=11 at=4000 session=b kind=create path=/n data=y\nchange zxid=11 at=4000 kind=delete path=/n\nchange zxid=12 at=5002",
    ),
    case(
        G5,
        "a node that was never touched stays",
        TIMED,
        "change zxid=13 at=5005 session=a kind=create path=/n/touch\nchange zxid=14 at=6100 kind=delete path=/n/touch\nchange zxid=15 at=6400",
        "change zxid=15 at=20000",
    ),
    case(
        G5,
        "a node stays long after its touch",
        TIMED,
        "change zxid=15 at=6400",
        "change zxid=15 at=20000",
    ),
    case(
        G5,
        "a node stays for ever after its touch",
        TIMED,
        "change zxid=15 at=6400 kind=delete path=/n\n",
        "",
    ),
    case(
        G5,
        "a touch stays for ever, and its node",
        TIMED,
        "change zxid=14 at=6100 kind=delete path=/n/touch\nchange zxid=15 at=6400 kind=delete path=/n\n",
        "",
    ),
];

#[test]
fn nodes_with_a_time_to_live_are_there_while_they_are_kept_and_go_when_nobody_keeps_them() {
    expect_each("kept", CASES);
}
