//! What the checker of queues rejects.

use zk_checkers::Property::{A5, Bound, G2, G9, Q1, Q3, Q4, Q5, Q6};

use crate::cases::{Case, case, expect_each, expect_rejections};

/// Three items by two producers, one with a lost answer; two are taken in order, one by a call whose predecessor was dropped;
/// the last one is left.
const TAKEN: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
note process=1 session=a what=disconnected at=7
note process=1 session=a what=connected at=9
op process=1 function=put path=/q data=<1.1> invoked=1 returned=3 outcome=ok session=a
op process=2 function=put path=/q data=<2.1> invoked=4 returned=6 outcome=ok session=b
op process=1 function=put path=/q data=<1.2> invoked=5 returned=8 outcome=unknown session=a
op process=1 function=put path=/q data=<1.3> invoked=9 returned=10 outcome=not_applied error=-110 session=a
op process=2 recipe=q2 function=take path=/q sequential=yes invoked=11 deadline=1011 returned=14 outcome=ok reply=<1.1> session=b
op process=2 recipe=q2 function=take path=/q sequential=yes invoked=15 deadline=1015 returned=17 polls=2 outcome=cancelled session=b
op process=2 recipe=q2 function=take path=/q sequential=yes invoked=18 deadline=1018 returned=19 outcome=ok reply=<2.1> session=b
op process=1 recipe=q1 function=take path=/q sequential=yes invoked=20 deadline=1020 returned=23 outcome=ok reply=<1.2> session=a
op process=1 recipe=q1 function=take path=/q sequential=yes invoked=24 deadline=9024 returned=9024 outcome=not_applied session=a
op process=2 function=put path=/q data=<2.2> invoked=9030 returned=9032 outcome=ok session=b
change zxid=1 at=0.5 session=e kind=create path=/q
change zxid=2 at=2 session=a kind=create path=/q/n0 data=<1.1>
change zxid=3 at=5 session=b kind=create path=/q/n1 data=x<2.1>y
change zxid=4 at=6 session=a kind=create path=/q/n2 data=<1.2>
change zxid=5 at=13 session=b kind=delete path=/q/n0
change zxid=6 at=16 session=b kind=delete path=/q/n1
change zxid=7 at=22 session=a kind=delete path=/q/n2
change zxid=8 at=9031 session=b kind=create path=/q/n3 data=<2.2>
";

/// Items of two classes, and one that is not due at once.
const RANKED: &str = "\
note process=1 session=a what=connected at=0
op process=1 function=put path=/q data=<1.1> expected=5 invoked=1 returned=3 outcome=ok session=a
op process=1 function=put path=/q data=<1.2> expected=1 invoked=4 returned=6 outcome=ok session=a
op process=1 function=put path=/q data=<1.3> expected=1 from=5000 invoked=7 returned=9 outcome=ok session=a
op process=1 function=take path=/q sequential=yes invoked=10 returned=14 outcome=ok reply=<1.2> session=a
op process=1 function=take path=/q sequential=yes invoked=15 returned=19 outcome=ok reply=<1.1> session=a
op process=1 function=take path=/q sequential=yes invoked=20 returned=5019 outcome=ok reply=<1.3> session=a
change zxid=2 at=2 session=a kind=create path=/q/p5 data=<1.1>
change zxid=3 at=5 session=a kind=create path=/q/p1 data=<1.2>
change zxid=4 at=8 session=a kind=create path=/q/p2 data=<1.3>
change zxid=5 at=12 session=a kind=delete path=/q/p1
change zxid=6 at=17 session=a kind=delete path=/q/p5
change zxid=7 at=5001 session=a kind=delete path=/q/p2
";

/// Two consumers with claims: one gives an item back, which moves and keeps its place; the other completes it.
const CLAIMED: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=put path=/q data=<1.1> invoked=1 returned=3 outcome=ok session=a
op process=1 function=put path=/q data=<1.2> invoked=4 returned=6 outcome=ok session=a
op process=1 function=claim path=/q sequential=yes invoked=10 returned=12 outcome=ok reply=<1.1> guard=/c/n0 token=4 session=a
op process=2 function=claim path=/q sequential=yes invoked=10.5 returned=14 outcome=ok reply=<1.2> guard=/c/n1 token=5 session=b
op process=1 function=give_back path=/q data=<1.1> token=4 invoked=15 returned=17 outcome=ok session=a
op process=2 function=complete path=/q data=<1.2> token=5 invoked=18 returned=20 outcome=ok session=b
op process=2 function=claim path=/q sequential=yes invoked=21 returned=23 outcome=ok reply=<1.1> guard=/c/n0 token=8 session=b
op process=2 function=complete path=/q data=<1.1> token=8 invoked=24 returned=26 outcome=ok session=b
op process=1 function=complete path=/q data=<1.1> token=4 invoked=27 returned=29 outcome=not_applied error=-101 session=a
change zxid=2 at=2 session=a kind=create path=/q/n0 data=<1.1>
change zxid=3 at=5 session=a kind=create path=/q/n1 data=<1.2>
change zxid=4 at=11 session=a kind=create path=/c/n0 owner=a
change zxid=5 at=13 session=b kind=create path=/c/n1 owner=b
change zxid=6 at=16 session=a kind=delete path=/q/n0
change zxid=6 at=16 session=a kind=create path=/q/m0 data=<1.1>
change zxid=6 at=16 session=a kind=delete path=/c/n0
change zxid=7 at=19 session=b kind=delete path=/q/n1
change zxid=7 at=19 session=b kind=delete path=/c/n1
change zxid=8 at=22 session=b kind=create path=/c/n0 owner=b
change zxid=9 at=25 session=b kind=delete path=/q/m0
change zxid=9 at=25 session=b kind=delete path=/c/n0
";

/// Two classes, one after the other claimed and completed.
const IN_TURN: &str = "\
note process=1 session=a what=connected at=0
op process=1 function=put path=/q data=<1.2> expected=1 invoked=1 returned=3 outcome=ok session=a
op process=1 function=put path=/q data=<1.1> expected=0 invoked=4 returned=6 outcome=ok session=a
op process=1 function=claim path=/q sequential=yes invoked=10 returned=12 outcome=ok reply=<1.1> guard=/c/n1 token=4 session=a
op process=1 function=complete path=/q data=<1.1> token=4 invoked=13 returned=15 outcome=ok session=a
op process=1 function=claim path=/q sequential=yes invoked=16 returned=18 outcome=ok reply=<1.2> guard=/c/n0 token=6 session=a
change zxid=2 at=2 session=a kind=create path=/q/n0 data=<1.2>
change zxid=3 at=5 session=a kind=create path=/q/n1 data=<1.1>
change zxid=4 at=11 session=a kind=create path=/c/n1 owner=a
change zxid=5 at=14 session=a kind=delete path=/q/n1
change zxid=5 at=14 session=a kind=delete path=/c/n1
change zxid=6 at=17 session=a kind=create path=/c/n0 owner=a
";

const CASES: &[Case] = &[
    case(
        Q1,
        "an item that was acknowledged never was",
        TAKEN,
        "change zxid=8 at=9031 session=b kind=create path=/q/n3 data=<2.2>\n",
        "",
    ),
    case(
        Q1,
        "an item is there before it is put",
        TAKEN,
        "data=<2.2> invoked=9030 returned=9032",
        "data=<2.2> invoked=9031.5 returned=9032",
    ),
    case(
        Q1,
        "an item is acknowledged before it is there",
        TAKEN,
        "data=<2.2> invoked=9030 returned=9032",
        "data=<2.2> invoked=9030 returned=9030.5",
    ),
    case(
        Q1,
        "an item is there that nobody put",
        TAKEN,
        "kind=create path=/q/n3 data=<2.2>",
        "kind=create path=/q/n3 data=<2.2><1.4>",
    ),
    case(
        Q1,
        "an item is another process's than its put",
        TAKEN,
        "change zxid=8 at=9031 session=b",
        "change zxid=8 at=9031 session=a",
    ),
    case(
        Q1,
        "an item is deleted and nobody has it",
        TAKEN,
        "",
        "change zxid=9 at=9040 session=b kind=delete path=/q/n3\n",
    ),
    case(
        Q1,
        "what a dropped take took out is not what the next one has",
        TAKEN,
        "returned=19 outcome=ok reply=<2.1>",
        "returned=19 outcome=not_applied",
    ),
    case(
        Q4,
        "an item whose answer was lost is there twice",
        TAKEN,
        "",
        "change zxid=9 at=9040 session=a kind=create path=/q/n4 data=<1.2>\n",
    ),
    case(
        Q4,
        "an item is in two nodes at once",
        TAKEN,
        "",
        "change zxid=9 at=9040 session=b kind=create path=/q/n4 data=<2.2>\n",
    ),
    case(
        Q4,
        "an item is there that was told not applied",
        TAKEN,
        "",
        "change zxid=9 at=9040 session=a kind=create path=/q/n4 data=<1.3>\n",
    ),
    case(
        Q3,
        "two takes have one item",
        TAKEN,
        "",
        "op process=2 function=take path=/q invoked=30 returned=33 outcome=ok reply=<2.1> session=b\n",
    ),
    case(
        Q3,
        "a take has what is still there",
        RANKED,
        "change zxid=7 at=5001 session=a kind=delete path=/q/p2\n",
        "",
    ),
    case(
        Q3,
        "a take has what another process took out",
        TAKEN,
        "change zxid=7 at=22 session=a",
        "change zxid=7 at=22 session=b",
    ),
    case(
        Q3,
        "a take has an item before it is taken out",
        TAKEN,
        "invoked=20 deadline=1020 returned=23",
        "invoked=20 deadline=1020 returned=21",
    ),
    case(
        Q5,
        "a later item goes first",
        RANKED,
        "data=<1.2> expected=1 invoked=4",
        "data=<1.2> expected=5 invoked=4",
    ),
    case(
        G9,
        "a take gives up while there is an item",
        TAKEN,
        "data=<2.2> invoked=9030 returned=9032 outcome=ok session=b\nchange zxid=1",
        "data=<2.2> invoked=9030 returned=9032 outcome=ok session=b\nop process=1 function=take path=/q invoked=9033 deadline=19033 returned=19033 outcome=not_applied session=a\nchange zxid=1",
    ),
    case(
        Q5,
        "a class goes before a higher one",
        RANKED,
        "data=<1.2> expected=1",
        "data=<1.2> expected=6",
    ),
    case(
        Q5,
        "an item goes before its time",
        RANKED,
        "from=5000",
        "from=5002",
    ),
    case(
        Q6,
        "two have the claim on an item",
        CLAIMED,
        "change zxid=6 at=16 session=a kind=delete path=/c/n0\n",
        "change zxid=6 at=16 session=a kind=create path=/c/other\n",
    ),
    case(
        Q6,
        "a claim has no node",
        CLAIMED,
        "reply=<1.2> guard=/c/n1 token=5",
        "reply=<1.2> guard=/c/n7 token=5",
    ),
    case(
        Q6,
        "a claim is another session's",
        CLAIMED,
        "kind=create path=/c/n1 owner=b",
        "kind=create path=/c/n1 owner=a",
    ),
    case(
        Q6,
        "an item is claimed that is gone",
        CLAIMED,
        "",
        "op process=1 function=claim path=/q invoked=30 returned=32 outcome=ok reply=<1.2> guard=/c/n9 token=a session=a\nchange zxid=a at=31 session=a kind=create path=/c/n9 owner=a\n",
    ),
    case(
        Q6,
        "a completion is told that took nothing out",
        CLAIMED,
        "invoked=27 returned=29 outcome=not_applied error=-101",
        "invoked=27 returned=29 outcome=ok",
    ),
    case(
        Q6,
        "a completion that was told not applied took the item out",
        CLAIMED,
        "token=5 invoked=18 returned=20 outcome=ok",
        "token=5 invoked=18 returned=20 outcome=not_applied",
    ),
    case(
        Q6,
        "an item is completed after its claim is gone",
        CLAIMED,
        "change zxid=7 at=19 session=b kind=delete path=/q/n1\nchange zxid=7 at=19 session=b kind=delete path=/c/n1\n",
        "change zxid=6 at=18 session=b kind=delete path=/c/n1\nchange zxid=7 at=19 session=b kind=delete path=/q/n1\n",
    ),
    case(
        Q6,
        "an item is completed with the claim before",
        CLAIMED,
        "data=<1.1> token=8",
        "data=<1.1> token=4",
    ),
    case(
        Q4,
        "an item that is given back is gone for a while",
        CLAIMED,
        "change zxid=6 at=16 session=a kind=delete path=/q/n0",
        "change zxid=5 at=15.5 session=a kind=delete path=/q/n0",
    ),
    case(
        Q5,
        "a claim goes to a later item while an earlier one is free",
        IN_TURN,
        "data=<1.1> expected=0",
        "data=<1.1> expected=2",
    ),
];

#[test]
fn queues_reject_what_is_lost_doubled_or_out_of_turn() {
    expect_rejections("queues", CASES);
}

/// What a take that was dropped had under way when the connection broke is told by the next one, in the next session.
const LEFT: &str = "\
note process=1 session=a what=connected at=0
note process=1 session=a what=disconnected at=5
note process=1 session=a what=expired at=10
note process=1 session=b what=connected at=11
op process=1 recipe=q1 function=take path=/q invoked=1 returned=4 polls=2 outcome=cancelled session=a
op process=1 recipe=q1 function=take path=/q invoked=20 returned=21 outcome=unknown session=b
op process=1 function=put path=/q data=<1.1> invoked=0.2 returned=0.6 outcome=ok session=a
change zxid=2 at=0.4 session=a kind=create path=/q/n0 data=<1.1>
change zxid=3 at=3 session=a kind=delete path=/q/n0
";

#[test]
fn a_take_is_unknown_for_a_break_since_one_before_it_was_dropped() {
    let broken = case(
        G2,
        "a take of another handle is unknown",
        LEFT,
        "recipe=q1 function=take path=/q invoked=20",
        "recipe=q2 function=take path=/q invoked=20",
    );
    expect_each("sessions", &[broken]);
}

/// A take lost a race, drew, and gave up before it was told what it has; the next one tells that, long after.
const LATE: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=put path=/q data=<1.1> invoked=1 returned=3 outcome=ok session=a
op process=1 function=put path=/q data=<1.2> invoked=4 returned=6 outcome=ok session=a
op process=1 function=put path=/q data=<1.3> invoked=7 returned=9 outcome=ok session=a
op process=2 recipe=q2 function=take path=/q sequential=yes invoked=11 returned=14 outcome=ok reply=<1.1> session=b
op process=1 recipe=q1 function=take path=/q sequential=yes invoked=12 deadline=18 returned=18 outcome=not_applied session=a
op process=1 recipe=q1 function=take path=/q sequential=yes invoked=50000 returned=50001 outcome=ok reply=<1.3> session=a
op process=1 recipe=q1 function=take path=/q sequential=yes invoked=50002 returned=50004 outcome=ok reply=<1.2> session=a
change zxid=1 at=0.5 session=e kind=create path=/q
change zxid=2 at=2 session=a kind=create path=/q/n0 data=<1.1>
change zxid=3 at=5 session=a kind=create path=/q/n1 data=<1.2>
change zxid=4 at=8 session=a kind=create path=/q/n2 data=<1.3>
change zxid=5 at=13 session=b kind=delete path=/q/n0
change zxid=6 at=17 session=a kind=delete path=/q/n2
change zxid=7 at=50003 session=a kind=delete path=/q/n1
";

/// The same of a take of two: the second is told by the call after the next.
const LATE_IN_HAND: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=put path=/q data=<1.1> invoked=1 returned=3 outcome=ok session=a
op process=1 function=put path=/q data=<1.2> invoked=4 returned=6 outcome=ok session=a
op process=1 function=put path=/q data=<1.3> invoked=7 returned=9 outcome=ok session=a
op process=1 function=put path=/q data=<1.4> invoked=7.1 returned=9.1 outcome=ok session=a
op process=2 recipe=q2 function=take path=/q sequential=yes invoked=11 returned=14 outcome=ok reply=<1.1> session=b
op process=1 recipe=q1 function=take path=/q expected=2 sequential=yes invoked=12 deadline=18 returned=18 outcome=not_applied session=a
op process=1 recipe=q1 function=take path=/q sequential=yes invoked=50000 returned=50001 outcome=ok reply=<1.3> session=a
op process=1 recipe=q1 function=take path=/q sequential=yes invoked=50002 returned=50003 outcome=ok reply=<1.4> session=a
op process=1 recipe=q1 function=take path=/q sequential=yes invoked=50004 returned=50006 outcome=ok reply=<1.2> session=a
change zxid=1 at=0.5 session=e kind=create path=/q
change zxid=2 at=2 session=a kind=create path=/q/n0 data=<1.1>
change zxid=3 at=5 session=a kind=create path=/q/n1 data=<1.2>
change zxid=4 at=8 session=a kind=create path=/q/n2 data=<1.3>
change zxid=5 at=8.1 session=a kind=create path=/q/n3 data=<1.4>
change zxid=6 at=13 session=b kind=delete path=/q/n0
change zxid=7 at=17 session=a kind=delete path=/q/n2
change zxid=7 at=17 session=a kind=delete path=/q/n3
change zxid=8 at=50005 session=a kind=delete path=/q/n1
";

#[test]
fn what_a_take_tells_of_one_before_it_is_judged_by_the_time_of_that() {
    let handle = case(
        Q5,
        "a take that begins when all is quiet does not go in turn",
        LATE,
        "recipe=q1 function=take path=/q sequential=yes invoked=50000",
        "recipe=q3 function=take path=/q sequential=yes invoked=50000",
    );
    let class = case(
        Q5,
        "who lost a race draws among those of another class",
        LATE,
        "data=<1.3> invoked=7",
        "data=<1.3> expected=1 invoked=7",
    );
    let later = case(
        Q5,
        "an item that is not in hand is taken when all is quiet, and not in turn",
        LATE_IN_HAND,
        "change zxid=7 at=17 session=a kind=delete path=/q/n3
change zxid=8 at=50005 session=a kind=delete path=/q/n1",
        "change zxid=8 at=50002.5 session=a kind=delete path=/q/n3
change zxid=9 at=50005 session=a kind=delete path=/q/n1",
    );
    expect_each("queues", &[handle, class, later]);
}

/// A take of three that gave up; the next one was told of the first of them, and then its process was killed.
const IN_HAND: &str = "\
note process=1 session=a what=connected at=0
note process=1 session=a what=crashed at=40
op process=1 function=put path=/q data=<1.1> invoked=1 returned=3 outcome=ok session=a
op process=1 function=put path=/q data=<1.2> invoked=4 returned=6 outcome=ok session=a
op process=1 function=put path=/q data=<1.3> invoked=7 returned=9 outcome=ok session=a
op process=1 function=put path=/q data=<1.4> invoked=10 returned=12 outcome=ok session=a
op process=1 recipe=q1 function=take path=/q expected=3 sequential=yes invoked=15 deadline=18.000003 returned=18 outcome=not_applied session=a
op process=1 recipe=q1 function=take path=/q expected=1 sequential=yes invoked=20 returned=21 outcome=ok reply=<1.1> session=a
change zxid=1 at=0.5 session=e kind=create path=/q
change zxid=2 at=2 session=a kind=create path=/q/n0 data=<1.1>
change zxid=3 at=5 session=a kind=create path=/q/n1 data=<1.2>
change zxid=4 at=8 session=a kind=create path=/q/n2 data=<1.3>
change zxid=5 at=11 session=a kind=create path=/q/n3 data=<1.4>
change zxid=6 at=17 session=a kind=delete path=/q/n0
change zxid=6 at=17 session=a kind=delete path=/q/n1
change zxid=6 at=17 session=a kind=delete path=/q/n2
";

#[test]
fn what_a_handle_has_in_hand_is_told_before_anything_else() {
    let more = case(
        Q1,
        "a take that wanted more is not told of the others",
        IN_HAND,
        "expected=1 sequential=yes invoked=20",
        "expected=2 sequential=yes invoked=20",
    );
    let nothing = case(
        Q1,
        "a take finds nothing while the handle has some",
        IN_HAND,
        "invoked=20 returned=21 outcome=ok reply=<1.1>",
        "invoked=20 returned=21 outcome=not_applied",
    );
    let later = case(
        Q1,
        "a take is told of what was taken later",
        IN_HAND,
        "",
        "\
op process=1 recipe=q1 function=take path=/q expected=1 sequential=yes invoked=24 returned=26 outcome=ok reply=<1.4> session=a
change zxid=7 at=25 session=a kind=delete path=/q/n3
",
    );
    expect_each("queues", &[more, nothing, later]);
}

/// A take gave up, its connection broken and its request under way; the next one tells that it is unknown. It is made after that.
const UNDER_WAY: &str = "\
note process=1 session=a what=connected at=0
note process=1 session=a what=disconnected at=14
note process=1 session=a what=connected at=20
op process=1 function=put path=/q data=<1.1> invoked=1 returned=3 outcome=ok session=a
op process=1 function=put path=/q data=<1.2> invoked=4 returned=6 outcome=ok session=a
op process=1 recipe=q1 function=take path=/q sequential=yes invoked=12 deadline=15 returned=15 outcome=not_applied session=a
op process=1 recipe=q1 function=take path=/q sequential=yes invoked=16 returned=18 outcome=unknown
op process=1 recipe=q1 function=take path=/q sequential=yes invoked=21 returned=24 outcome=ok reply=<1.2> session=a
change zxid=2 at=2 session=a kind=create path=/q/n0 data=<1.1>
change zxid=3 at=5 session=a kind=create path=/q/n1 data=<1.2>
change zxid=4 at=19 session=a kind=delete path=/q/n0
change zxid=5 at=23 session=a kind=delete path=/q/n1
";

/// Two claims: one gave up, and was withdrawn when it had won the race for the first item; the other drew the second.
const WITHDRAWN: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=put path=/q data=<1.1> invoked=1 returned=3 outcome=ok session=a
op process=1 function=put path=/q data=<1.2> invoked=4 returned=6 outcome=ok session=a
op process=1 function=put path=/q data=<1.3> invoked=7 returned=9 outcome=ok session=a
op process=2 function=claim path=/q sequential=yes invoked=10 deadline=12 returned=12 outcome=not_applied session=b
op process=1 function=claim path=/q sequential=yes invoked=11 returned=18 outcome=ok reply=<1.3> guard=/c/n2 token=7 session=a
change zxid=2 at=2 session=a kind=create path=/q/n0 data=<1.1>
change zxid=3 at=5 session=a kind=create path=/q/n1 data=<1.2>
change zxid=4 at=8 session=a kind=create path=/q/n2 data=<1.3>
change zxid=5 at=13 session=b kind=create path=/c/n0 owner=b
change zxid=6 at=14 session=b kind=delete path=/c/n0
change zxid=7 at=17 session=a kind=create path=/c/n2 owner=a
";

#[test]
fn what_was_done_for_a_call_that_was_not_told_of_it_counts() {
    let no_break = case(
        Q1,
        "a take of another session breaks, and the item is lost to this one",
        UNDER_WAY,
        "note process=1 session=a what=disconnected at=14\n",
        "note process=1 session=c what=disconnected at=14\n",
    );
    let alone = case(
        Q5,
        "who had no race to lose draws",
        WITHDRAWN,
        "change zxid=5 at=13 session=b kind=create path=/c/n0 owner=b
change zxid=6 at=14 session=b kind=delete path=/c/n0
",
        "",
    );
    expect_each("queues", &[no_break, alone]);
}

/// Two batches: one is put, and one is dropped and never was.
const TOGETHER: &str = "\
note process=1 session=a what=connected at=0
op process=1 function=put path=/q data=<1.1> together=t1 invoked=1 returned=3 outcome=ok session=a
op process=1 function=put path=/q data=<1.2> together=t1 invoked=1.1 returned=3.1 outcome=ok session=a
op process=1 function=put path=/q data=<1.3> together=t2 invoked=4 returned=6 polls=2 outcome=cancelled session=a
op process=1 function=put path=/q data=<1.4> together=t2 invoked=4.1 returned=6.1 polls=2 outcome=cancelled session=a
change zxid=2 at=2 session=a kind=create path=/q/n0000000000 data=<1.1>
change zxid=2 at=2 session=a kind=create path=/q/n0000000001 data=<1.2>
change zxid=4 at=5 session=a kind=create path=/other
";

#[test]
fn queues_reject_batches_that_are_put_in_part_or_out_of_order() {
    let broken = [
        case(
            A5,
            "a batch is put in two transactions",
            TOGETHER,
            "change zxid=2 at=2 session=a kind=create path=/q/n0000000001",
            "change zxid=3 at=2.5 session=a kind=create path=/q/n0000000001",
        ),
        case(
            A5,
            "a part of a batch is put",
            TOGETHER,
            "path=/other",
            "path=/q/n0000000002 data=<1.3>",
        ),
        case(
            Q5,
            "a batch is put in another order",
            TOGETHER,
            "path=/q/n0000000000",
            "path=/q/n0000000002",
        ),
    ];
    expect_each("queues", &broken);
}

/// Room for two, of which a third put is told until there is some.
const FULL: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=put path=/q data=<1.1> capacity=2 sequential=yes invoked=1 returned=3 outcome=ok session=a
op process=1 function=put path=/q data=<1.2> capacity=2 sequential=yes invoked=4 returned=6 outcome=ok session=a
op process=2 function=put path=/q data=<2.1> capacity=2 sequential=yes invoked=10 deadline=9000 returned=9000 outcome=not_applied session=b
op process=1 function=take path=/q sequential=yes invoked=9001 returned=9003 outcome=ok reply=<1.1> session=a
op process=2 function=put path=/q data=<2.2> capacity=2 sequential=yes invoked=9004 deadline=9999 returned=9006 outcome=ok session=b
change zxid=2 at=2 session=a kind=create path=/q/n0 data=<1.1>
change zxid=3 at=5 session=a kind=create path=/q/n1 data=<1.2>
change zxid=4 at=9002 session=a kind=delete path=/q/n0
change zxid=5 at=9005 session=b kind=create path=/q/n2 data=<2.2>
";

/// Room for one, of which two processes were told at once.
const COUNTED: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=put path=/q data=<1.1> capacity=1 invoked=1 returned=3 outcome=ok session=a
change zxid=2 at=2 session=a kind=create path=/q/n0 data=<1.1>
op process=2 function=put path=/q data=<2.1> capacity=1 invoked=1.5 returned=6 outcome=ok session=b
change zxid=3 at=5 session=b kind=create path=/q/n1 data=<2.1>
";

#[test]
fn queues_reject_more_items_than_there_may_be() {
    let broken = [
        case(
            Bound,
            "there is one more than there may be",
            FULL,
            "data=<1.2> capacity=2",
            "data=<1.2> capacity=1",
        ),
        case(
            G9,
            "a put gives up while there is room",
            FULL,
            "data=<2.1> capacity=2",
            "data=<2.1> capacity=3",
        ),
        case(
            Bound,
            "a put is made although its process must have known of the other",
            COUNTED,
            "invoked=1.5 returned=6 outcome=ok session=b\nchange zxid=3 at=5 ",
            "invoked=5000 returned=5006 outcome=ok session=b\nchange zxid=3 at=5005 ",
        ),
        case(
            Bound,
            "a strict bound is kept as one that is not",
            COUNTED,
            "data=<2.1> capacity=1",
            "data=<2.1> capacity=1 sequential=yes",
        ),
    ];
    expect_each("queues", &broken);
}
