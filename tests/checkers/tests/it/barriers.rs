//! What the checker of barriers, flags and latches rejects.

use zk_checkers::Property::{B1, B2, B3, B5, G9};

use crate::cases::{Case, case, expect_rejections};

/// A barrier that is set, waited at and removed; and one wait that gives up in time.
const GATE: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=raise path=/g invoked=1 returned=3 outcome=ok session=a
op process=2 function=await_absent path=/g invoked=4 deadline=500 returned=12 outcome=ok session=b
op process=2 function=await_absent path=/g invoked=4 deadline=6 returned=6 outcome=not_applied session=b
op process=1 function=lower path=/g invoked=8 returned=11 outcome=ok reply=yes session=a
op process=2 function=lower path=/g invoked=13 returned=14 outcome=ok reply=no session=b
op process=2 function=raise path=/g invoked=20 returned=22 outcome=ok session=b
op process=1 function=await_present path=/g invoked=23 returned=24 outcome=ok session=a
op process=1 function=lower path=/g invoked=30 polls=1 returned=31 outcome=cancelled session=a
op process=2 function=await_absent path=/g invoked=33 deadline=1033 returned=1033 outcome=not_applied session=b
change zxid=1 at=2 session=a kind=create path=/g
change zxid=2 at=10 session=a kind=delete path=/g
change zxid=3 at=21 session=b kind=create path=/g
change zxid=4 at=32 session=a kind=delete path=/g
";

/// A barrier that is removed once more behind the call that removed it: a server had that delete, and carried it out late.
const GATE_LATE: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=raise path=/g invoked=1 returned=3 outcome=ok session=a
op process=1 function=lower path=/g invoked=4 returned=9 outcome=ok reply=yes session=a
op process=2 function=raise path=/g invoked=10 returned=12 outcome=ok session=b
change zxid=1 at=2 session=a xid=1 kind=create path=/g
change zxid=2 at=8 session=a xid=5 kind=delete path=/g
change zxid=3 at=11 session=b xid=1 kind=create path=/g
change zxid=4 at=13 session=a xid=2 kind=delete path=/g
";

/// A latch that is counted down, and its waiters.
const LATCH: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
op process=1 function=await_zero path=/l invoked=1 returned=6 outcome=ok session=a
op process=2 function=await_zero path=/l invoked=1 deadline=4 returned=4 outcome=not_applied session=b
change zxid=1 at=2 session=a kind=create path=/l data=1
change zxid=2 at=5 session=b kind=set path=/l data=0 version=1
";

/// Three members enter together and leave together; before that one gave up.
const DOUBLE: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
note process=3 session=c what=connected at=0
op process=1 function=enter path=/d expected=3 invoked=1 deadline=4 returned=6 outcome=not_applied session=a
op process=1 function=enter path=/d expected=3 invoked=10 returned=21 outcome=ok reply=/d/one session=a
op process=2 function=enter path=/d expected=3 invoked=10 returned=22 outcome=ok reply=/d/two session=b
op process=3 function=enter path=/d expected=3 invoked=10 returned=40 outcome=ok reply=/d/three session=c
op process=1 function=leave path=/d invoked=23 returned=50 outcome=ok reply=/d/one session=a
op process=2 function=leave path=/d invoked=23 returned=49 outcome=ok reply=/d/two session=b
op process=3 function=leave path=/d invoked=41 returned=48 deadline=45 outcome=not_applied reply=/d/three session=c
change zxid=1 at=0.5 session=f kind=create path=/d
change zxid=2 at=2 session=a kind=create path=/d/zero owner=a
change zxid=3 at=5 session=a kind=delete path=/d/zero
change zxid=4 at=11 session=a kind=create path=/d/one owner=a
change zxid=5 at=12 session=b kind=create path=/d/two owner=b
change zxid=6 at=13 session=c kind=create path=/d/three owner=c
change zxid=7 at=20 session=c kind=create path=/d/ready
change zxid=8 at=30 session=a kind=delete path=/d/one
change zxid=9 at=31 session=b kind=delete path=/d/two
change zxid=a at=47 session=c kind=delete path=/d/three
change zxid=a at=47 session=c kind=delete path=/d/ready
";

/// The member of a call that gave up without a connection is made when the next call waits already, still without one.
const DOUBLE_CUT: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
note process=2 session=b what=disconnected at=3
note process=2 session=b what=connected at=100
op process=1 function=enter path=/d expected=2 invoked=1 returned=25 outcome=ok reply=/d/one session=a
op process=2 function=enter path=/d expected=2 invoked=1 deadline=4 returned=4 outcome=not_applied session=b
op process=2 function=enter path=/d expected=2 invoked=5 deadline=9000 returned=9000 outcome=not_applied session=b
op process=1 function=leave path=/d invoked=30 returned=200 outcome=ok reply=/d/one session=a
change zxid=1 at=0.5 session=f kind=create path=/d
change zxid=2 at=2 session=a kind=create path=/d/one owner=a
change zxid=3 at=10 session=b kind=create path=/d/two owner=b
change zxid=4 at=20 session=a kind=create path=/d/ready
change zxid=5 at=105 session=b kind=delete path=/d/two
change zxid=6 at=110 session=b kind=create path=/d/three owner=b
change zxid=7 at=115 session=b kind=delete path=/d/three
change zxid=8 at=120 session=a kind=delete path=/d/one
change zxid=8 at=120 session=a kind=delete path=/d/ready
change zxid=9 at=150 session=b kind=create path=/d/four owner=b
change zxid=a at=8999 session=b kind=delete path=/d/four
";

/// A member's session ends right after the gate was made, before it was told; it enters anew, and nobody comes any more.
const DOUBLE_LOST: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
note process=2 session=b what=disconnected at=1200
note process=2 session=b what=expired at=1300
note process=2 session=c what=connected at=1300
op process=1 function=enter path=/d expected=2 invoked=1 returned=25 outcome=ok reply=/d/one session=a
op process=2 function=enter path=/d expected=2 invoked=5 deadline=9000 returned=9000 outcome=not_applied session=b
change zxid=1 at=0.5 session=f kind=create path=/d
change zxid=2 at=2 session=a kind=create path=/d/one owner=a
change zxid=3 at=10 session=b kind=create path=/d/two owner=b
change zxid=4 at=20 session=a kind=create path=/d/ready
change zxid=5 at=30 session=a kind=delete path=/d/one
change zxid=6 at=1100 session=b kind=expire
change zxid=6 at=1100 session=b kind=delete path=/d/two
change zxid=7 at=1550 session=c kind=create path=/d/three owner=c
change zxid=8 at=8999 session=c kind=delete path=/d/three
";

/// Two parties meet in two rounds; one gives up in between.
const CYCLIC: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=arrive path=/c expected=2 invoked=1 returned=7 outcome=ok reply=1 session=a
op process=2 function=arrive path=/c expected=2 invoked=1 returned=8 outcome=ok reply=1 session=b
op process=1 function=arrive path=/c expected=2 invoked=10 deadline=12 returned=14 outcome=not_applied session=a
op process=1 function=arrive path=/c expected=2 invoked=20 returned=27 outcome=ok reply=2 session=a
op process=2 function=arrive path=/c expected=2 invoked=21 returned=29 outcome=ok reply=2 session=b
change zxid=1 at=0.5 session=f kind=create path=/c
change zxid=2 at=2 session=a kind=create path=/c/one owner=a
change zxid=3 at=3 session=b kind=create path=/c/two owner=b
change zxid=4 at=5 session=b kind=set path=/c/one data=1 version=1
change zxid=4 at=5 session=b kind=set path=/c/two data=1 version=1
change zxid=4 at=5 session=b kind=set path=/c version=1
change zxid=5 at=6 session=a kind=delete path=/c/one
change zxid=6 at=6.5 session=b kind=delete path=/c/two
change zxid=7 at=11 session=a kind=create path=/c/three owner=a
change zxid=8 at=13 session=a kind=delete path=/c/three
change zxid=9 at=22 session=a kind=create path=/c/four owner=a
change zxid=a at=23 session=b kind=create path=/c/five owner=b
change zxid=b at=25 session=a kind=set path=/c/four data=2 version=1
change zxid=b at=25 session=a kind=set path=/c/five data=2 version=1
change zxid=b at=25 session=a kind=set path=/c version=2
";

/// A party that had given up, and that a server makes late, meets another.
const CYCLIC_LATE: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=arrive path=/c expected=2 invoked=10 deadline=12 returned=14 outcome=not_applied session=a
op process=2 function=arrive path=/c expected=2 invoked=21 returned=29 outcome=ok reply=1 session=b
change zxid=1 at=0.5 session=f kind=create path=/c
change zxid=7 at=11 session=a xid=8 kind=create path=/c/three owner=a
change zxid=8 at=13 session=a xid=9 kind=delete path=/c/three
change zxid=9 at=22 session=a xid=7 kind=create path=/c/four owner=a
change zxid=a at=23 session=b xid=1 kind=create path=/c/five owner=b
change zxid=b at=25 session=b xid=2 kind=set path=/c/four data=1 version=1
change zxid=b at=25 session=b xid=2 kind=set path=/c/five data=1 version=1
change zxid=b at=25 session=b xid=2 kind=set path=/c version=1
";

/// A party's node stays where nothing obeys; its call returns when it has waited a third of the session's timeout for that.
const CYCLIC_IN_VAIN: &str = "\
limits ended=90000 session_timeout=900 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=arrive path=/c expected=2 invoked=10 deadline=12.000001 returned=312 outcome=not_applied session=a
op process=2 function=arrive path=/c expected=2 invoked=321 returned=329 outcome=ok reply=1 session=b
change zxid=1 at=0.5 session=f kind=create path=/c
change zxid=7 at=11 session=a kind=create path=/c/one owner=a
change zxid=8 at=323 session=b kind=create path=/c/two owner=b
change zxid=9 at=325 session=b kind=set path=/c/one data=1 version=1
change zxid=9 at=325 session=b kind=set path=/c/two data=1 version=1
change zxid=9 at=325 session=b kind=set path=/c version=1
";

const CASES: &[Case] = &[
    case(
        B5,
        "a party is counted that had given up, and had not waited for its withdrawal as long as it should",
        CYCLIC_IN_VAIN,
        "returned=312",
        "returned=311",
    ),
    case(
        B1,
        "a barrier is deleted once more, and not late",
        GATE_LATE,
        "session=a xid=2",
        "session=a xid=6",
    ),
    case(
        B5,
        "a party is counted that had given up, and was not made late",
        CYCLIC_LATE,
        "session=a xid=7",
        "session=a xid=10",
    ),
    case(
        B1,
        "a wait passes while the barrier stands",
        GATE,
        "deadline=500 returned=12",
        "deadline=500 returned=9",
    ),
    case(
        B1,
        "a barrier that was set never stood",
        GATE,
        "change zxid=1 at=2 session=a kind=create path=/g\nchange zxid=2 at=10 session=a kind=delete path=/g\nchange zxid=3",
        "change zxid=3",
    ),
    case(
        B1,
        "a flag that was seen was never set",
        GATE,
        "function=await_present path=/g invoked=23 returned=24",
        "function=await_present path=/g invoked=0 returned=1",
    ),
    case(
        B1,
        "a flag is seen that its own session cleared",
        GATE,
        "function=await_present path=/g invoked=23 returned=24",
        "function=await_present path=/g invoked=15 returned=16",
    ),
    case(
        B1,
        "there was nothing to remove although it stood",
        GATE,
        "invoked=13 returned=14 outcome=ok reply=no",
        "invoked=23 returned=24 outcome=ok reply=no",
    ),
    case(
        B1,
        "a barrier is removed that never stood",
        GATE,
        "invoked=8 returned=11 outcome=ok reply=yes",
        "invoked=0 returned=1 outcome=ok reply=yes",
    ),
    case(
        B1,
        "a call removes two barriers",
        GATE,
        "",
        "change zxid=5 at=40 session=b kind=create path=/g\nchange zxid=6 at=41 session=a kind=delete path=/g\n",
    ),
    case(
        B1,
        "a call removes a barrier that says there was none",
        GATE,
        "outcome=ok reply=yes",
        "outcome=ok reply=no",
    ),
    case(
        B1,
        "a call removes a barrier and is told that it did nothing",
        GATE,
        "invoked=30 polls=1 returned=31 outcome=cancelled",
        "invoked=30 returned=32.5 deadline=32 outcome=not_applied",
    ),
    case(
        G9,
        "a wait gives up long after the barrier was removed",
        GATE,
        "deadline=1033 returned=1033",
        "deadline=9033 returned=9033",
    ),
    case(
        B1,
        "a latch opens before its count",
        LATCH,
        "function=await_zero path=/l invoked=1 returned=6",
        "function=await_zero path=/l invoked=1 returned=4",
    ),
    case(
        B1,
        "a latch opens that nobody made",
        LATCH,
        "change zxid=1 at=2 session=a kind=create path=/l data=1\nchange zxid=2 at=5 session=b kind=set path=/l data=0 version=1\n",
        "",
    ),
    case(
        G9,
        "a wait for an open latch gives up",
        LATCH,
        "deadline=4 returned=4",
        "deadline=8004 returned=8004",
    ),
    case(
        B2,
        "a member enters before anybody opened",
        DOUBLE,
        "invoked=10 returned=21",
        "invoked=10 returned=19",
    ),
    case(
        B2,
        "a member enters without its node",
        DOUBLE,
        "reply=/d/three session=c\nop process=1 function=leave",
        "reply=/d/four session=c\nop process=1 function=leave",
    ),
    case(
        B2,
        "the gate is opened for two of three",
        DOUBLE,
        "change zxid=6 at=13 session=c kind=create path=/d/three owner=c\nchange zxid=7 at=20 session=c kind=create path=/d/ready\n",
        "change zxid=6 at=19 session=c kind=create path=/d/ready\nchange zxid=7 at=20 session=c kind=create path=/d/three owner=c\n",
    ),
    case(
        B2,
        "a member was gone when the gate was opened",
        DOUBLE,
        "change zxid=7 at=20 session=c kind=create path=/d/ready\nchange zxid=8 at=30 session=a kind=delete path=/d/one\n",
        "change zxid=7 at=20 session=a kind=delete path=/d/one\nchange zxid=8 at=20.5 session=c kind=create path=/d/ready\n",
    ),
    case(
        B2,
        "a member is counted that had given up",
        DOUBLE,
        "invoked=10 returned=22 outcome=ok reply=/d/two session=b",
        "invoked=10 deadline=15 returned=16 outcome=not_applied session=b",
    ),
    case(
        B2,
        "a member passes by the gate of those before",
        DOUBLE,
        "change zxid=4 at=11 session=a kind=create path=/d/one owner=a\n",
        "",
    ),
    case(
        G9,
        "a slow member gives up behind the open gate",
        DOUBLE,
        "invoked=10 returned=40 outcome=ok reply=/d/three",
        "invoked=10 deadline=9000 returned=9000 outcome=not_applied",
    ),
    case(
        G9,
        "a member that was sent on another connection gives up behind the open gate",
        DOUBLE_CUT,
        "what=connected at=100",
        "what=connected at=8",
    ),
    case(
        G9,
        "a member whose session lasts long behind the open gate gives up",
        DOUBLE_LOST,
        "change zxid=6 at=1100 session=b kind=expire\nchange zxid=6 at=1100 session=b kind=delete path=/d/two\nchange zxid=7 at=1550 session=c kind=create path=/d/three owner=c\n",
        "change zxid=6 at=8100 session=b kind=expire\nchange zxid=6 at=8100 session=b kind=delete path=/d/two\nchange zxid=7 at=8550 session=c kind=create path=/d/three owner=c\n",
    ),
    case(
        B3,
        "a member leaves while another is there",
        DOUBLE,
        "returned=49 outcome=ok",
        "returned=45 outcome=ok",
    ),
    case(
        B3,
        "a member leaves before all have",
        DOUBLE,
        "change zxid=9 at=31 session=b kind=delete path=/d/two\n",
        "",
    ),
    case(
        G9,
        "a member gives up to leave although all others are gone",
        DOUBLE,
        "returned=48 deadline=45",
        "returned=8048 deadline=8045",
    ),
    case(
        B5,
        "a party passes in a round that is not complete",
        CYCLIC,
        "invoked=1 returned=7",
        "invoked=1 returned=4",
    ),
    case(
        B5,
        "a party passes in a round that never was",
        CYCLIC,
        "returned=29 outcome=ok reply=2",
        "returned=29 outcome=ok reply=3",
    ),
    case(
        B5,
        "a party passes in the round before",
        CYCLIC,
        "returned=29 outcome=ok reply=2",
        "returned=29 outcome=ok reply=1",
    ),
    case(
        B5,
        "a round has one party too few",
        CYCLIC,
        "change zxid=b at=25 session=a kind=set path=/c/five data=2 version=1\n",
        "",
    ),
    case(
        B5,
        "a party is counted that had given up",
        CYCLIC,
        "invoked=20 returned=27 outcome=ok reply=2",
        "invoked=20 deadline=21 returned=24 outcome=not_applied",
    ),
    case(
        B5,
        "a party's node passes twice",
        CYCLIC,
        "",
        "change zxid=c at=26 session=a kind=set path=/c/five data=3 version=2\n",
    ),
    case(
        B5,
        "a process passes twice in one round",
        CYCLIC,
        "op process=2 function=arrive path=/c expected=2 invoked=1 returned=8",
        "op process=1 function=arrive path=/c expected=2 invoked=1 returned=8",
    ),
    case(
        G9,
        "a party gives up long after it has passed",
        CYCLIC,
        "invoked=21 returned=29 outcome=ok reply=2",
        "invoked=21 deadline=9000 returned=9000 outcome=not_applied",
    ),
];

#[test]
fn every_illegal_history_of_barriers_is_rejected_and_its_twin_accepted() {
    expect_rejections("barriers", CASES);
}
