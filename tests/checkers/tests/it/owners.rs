//! What the checker of parts of a whole rejects.

use zk_checkers::Property::{G9, L1, L2, L7};

use crate::cases::{Case, case, expect_each};

/// Two parts: one moves to a second process, whose node waits already; then the first process waits for more.
const DIVIDED: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=own path=/w/x invoked=1 returned=4 outcome=ok reply=/w/x/n1 token=2
op process=1 function=own path=/w/y invoked=1 returned=5 outcome=ok reply=/w/y/n1 token=3
op process=1 function=disown path=/w/x reply=/w/x/n1 token=2 invoked=20 returned=23 outcome=ok
op process=2 function=own path=/w/x invoked=6 returned=24 outcome=ok reply=/w/x/n2 token=4
op process=1 function=own path=/w data=all invoked=30 deadline=9030 returned=9030 outcome=not_applied
change zxid=1 at=0.5 session=e kind=create path=/w
change zxid=2 at=2 session=a kind=create path=/w/x/n1 owner=a
change zxid=3 at=3 session=a kind=create path=/w/y/n1 owner=a
change zxid=4 at=10 session=b kind=create path=/w/x/n2 owner=b
change zxid=5 at=21 session=a kind=delete path=/w/x/n1
change zxid=6 at=10000 session=b kind=delete path=/w/x/n2
change zxid=7 at=10001 session=a kind=delete path=/w/y/n1
";

const CASES: &[Case] = &[
    case(
        L1,
        "a part is two processes' at a time",
        DIVIDED,
        "change zxid=5 at=21",
        "change zxid=5 at=25",
    ),
    case(
        L1,
        "a part is given out while it is never let go of",
        DIVIDED,
        "change zxid=5 at=21 session=a kind=delete path=/w/x/n1\n",
        "",
    ),
    case(
        L2,
        "a part is given out twice",
        DIVIDED,
        "invoked=30 deadline=9030 returned=9030 outcome=not_applied\n",
        "invoked=30 deadline=9030 returned=9030 outcome=not_applied\nop process=1 function=own path=/w/y invoked=40 returned=41 outcome=ok reply=/w/y/n1 token=3\n",
    ),
    case(
        L7,
        "a part is had by another session's node",
        DIVIDED,
        "kind=create path=/w/y/n1 owner=a",
        "kind=create path=/w/y/n1 owner=b",
    ),
    case(
        L7,
        "a part is had without a node",
        DIVIDED,
        "outcome=ok reply=/w/x/n1 token=2",
        "outcome=ok reply=/w/x/n1 token=1",
    ),
    case(
        L7,
        "a part is had before its node is there",
        DIVIDED,
        "path=/w/y invoked=1 returned=5",
        "path=/w/y invoked=1 returned=2.5",
    ),
    case(
        G9,
        "a part stays nobody's",
        DIVIDED,
        "change zxid=6 at=10000",
        "change zxid=6 at=3000",
    ),
];

#[test]
fn parts_are_ones_at_a_time_and_somebodys() {
    expect_each("owners", CASES);
}
