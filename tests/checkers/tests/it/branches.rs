//! What the checker of decisions rejects.

use zk_checkers::Property::G2;

use crate::cases::{Case, case, expect_each};

/// Decisions of two processes: one whose condition held, one whose did not, one that was refused and two of which nothing is
/// known; one of these took place.
const DECIDED: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
note process=1 session=a what=disconnected at=500
note process=1 session=a what=connected at=510
op process=1 function=decide path=/s guard=/t entrance=/o data=u expected=0 invoked=10 returned=20 outcome=ok reply=then
op process=2 function=decide path=/s guard=/t entrance=/o data=v expected=0 invoked=11 returned=30 outcome=ok reply=otherwise
op process=2 function=decide path=/s guard=/t entrance=/o data=w expected=1 invoked=40 returned=50 outcome=not_applied error=-112
op process=1 function=decide path=/s guard=/t entrance=/o data=x expected=1 invoked=450 returned=505 outcome=unknown
op process=1 function=decide path=/s guard=/t entrance=/o data=y expected=1 invoked=451 returned=506 outcome=unknown
change zxid=1 at=1 session=c kind=create path=/s
change zxid=2 at=2 session=c kind=create path=/t
change zxid=3 at=3 session=c kind=create path=/o
change zxid=4 at=15 session=a kind=set path=/s data=u version=1
change zxid=4 at=15 session=a kind=set path=/t data=u version=1
change zxid=5 at=25 session=b kind=set path=/o data=v version=1
change zxid=9 at=512 session=a kind=set path=/s data=x version=2
change zxid=9 at=512 session=a kind=set path=/t data=x version=2
";

const CASES: &[Case] = &[
    case(
        G2,
        "another branch is told than was taken",
        DECIDED,
        "outcome=ok reply=then",
        "outcome=ok reply=otherwise",
    ),
    case(
        G2,
        "a branch is told that was not taken",
        DECIDED,
        "change zxid=5 at=25 session=b kind=set path=/o data=v version=1\n",
        "",
    ),
    case(
        G2,
        "what was refused took place",
        DECIDED,
        "change zxid=9 at=512 session=a kind=set path=/s data=x version=2\nchange zxid=9 at=512 session=a kind=set path=/t data=x version=2\n",
        "change zxid=6 at=45 session=b kind=set path=/s data=w version=2\nchange zxid=6 at=45 session=b kind=set path=/t data=w version=2\n",
    ),
    case(
        G2,
        "both branches are taken",
        DECIDED,
        "",
        "change zxid=a at=513 session=a kind=set path=/o data=x version=2\n",
    ),
    case(
        G2,
        "a branch is taken twice",
        DECIDED,
        "change zxid=9 at=512 session=a kind=set path=/s",
        "change zxid=6 at=26 session=b kind=set path=/o data=v version=2\nchange zxid=9 at=512 session=a kind=set path=/s",
    ),
    case(
        G2,
        "a branch is torn",
        DECIDED,
        "change zxid=4 at=15 session=a kind=set path=/t data=u version=1\nchange zxid=5 at=25 session=b kind=set path=/o data=v version=1\n",
        "change zxid=5 at=16 session=a kind=set path=/t data=u version=1\nchange zxid=6 at=25 session=b kind=set path=/o data=v version=1\n",
    ),
    case(
        G2,
        "half a branch is taken",
        DECIDED,
        "change zxid=9 at=512 session=a kind=set path=/t data=x version=2\n",
        "",
    ),
    case(
        G2,
        "a branch is taken although its condition did not hold",
        DECIDED,
        "data=u expected=0",
        "data=u expected=1",
    ),
    case(
        G2,
        "the other branch is taken although the condition held",
        DECIDED,
        "data=v expected=0",
        "data=v expected=1",
    ),
    case(
        G2,
        "a branch is taken after it was told",
        DECIDED,
        "invoked=11 returned=30 outcome=ok",
        "invoked=11 returned=24 outcome=ok",
    ),
    case(
        G2,
        "a branch is taken before it was asked for",
        DECIDED,
        "invoked=10 returned=20 outcome=ok",
        "invoked=16 returned=20 outcome=ok",
    ),
];

#[test]
fn a_decision_takes_one_branch_whole_which_is_the_one_that_was_told() {
    expect_each("branches", CASES);
}
