//! What the checker of liveness rejects.

use zk_checkers::Property::G9;
use zk_checkers::{CHECKERS, History};

use crate::cases::{Case, case, expect_rejections};

/// A partition, a pause and a restart end at 20 s; all is well by 33.02 s.
const HEALED: &str = "\
limits ended=90000 session_timeout=10000 tick=2000 election=1000 round_trip=5 round_trips=4
fault what=partition target=s1 at=1000 ended=20000
fault what=restart target=s2 at=2000 ended=15000
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
note process=3 session=c what=connected at=0
note process=2 session=b what=paused at=9000
note process=2 session=b what=resumed at=18000
note process=1 session=a what=disconnected at=1100
note process=1 session=a what=connected at=33000
note process=3 session=c what=crashed at=2000
op process=1 function=get path=/x invoked=1050 returned=33020 outcome=not_applied session=a
op process=1 function=set path=/x data=1 invoked=1060 returned=1100 outcome=unknown session=a
op process=1 function=sync invoked=40000 returned=40010 outcome=ok session=a
op process=2 function=get path=/x invoked=8000 returned=18010 outcome=not_applied session=b
op process=2 function=exists path=/x invoked=60000 returned=73020 outcome=ok session=b at=0
op process=3 function=get path=/x invoked=1900 outcome=pending session=c
op process=2 function=get path=/y invoked=2000 returned=2100 outcome=cancelled session=b
op process=1 function=close invoked=85000 outcome=pending session=a
";

/// Waits at a lock: the holder's node goes late, and only then can the next one go on.
const WAITS: &str = "\
limits ended=90000 session_timeout=10000 tick=2000 election=1000 round_trip=5 round_trips=4
op process=1 recipe=m function=acquire path=/l invoked=1 returned=4 outcome=ok session=a reply=/l/a-0000000000 token=1
op process=2 recipe=m function=acquire path=/l invoked=5 returned=60000 outcome=ok session=b reply=/l/b-0000000001 token=2
op process=3 recipe=m function=acquire path=/l invoked=6 outcome=pending session=c
op process=4 recipe=m function=acquire path=/l deadline=30000 invoked=7 returned=43000 outcome=not_applied session=d
op process=1 recipe=m function=release path=/l invoked=49000 returned=50010 outcome=ok session=a reply=/l/a-0000000000 token=1
op process=2 recipe=m function=release path=/l invoked=79000 returned=80010 outcome=ok session=b reply=/l/b-0000000001 token=2
op process=5 recipe=m function=acquire path=/k invoked=6 outcome=pending session=e
change zxid=1 at=2 session=a kind=create path=/l/a-0000000000 owner=a
change zxid=2 at=10 session=b kind=create path=/l/b-0000000001 owner=b
change zxid=3 at=11 session=c kind=create path=/l/c-0000000002 owner=c
change zxid=4 at=12 session=f kind=create path=/k/f-0000000000 owner=f
change zxid=5 at=13 session=e kind=create path=/k/e-0000000001 owner=e
change zxid=6 at=50000 session=a kind=delete path=/l/a-0000000000
change zxid=7 at=80000 session=b kind=delete path=/l/b-0000000001
";

/// Short reconnects, an expiry that is learned of in time, and a process still cut off when the
/// run ends, but not for long.
const RECONNECTS: &str = "\
limits ended=90000 session_timeout=10000 tick=2000
note process=1 session=a what=connected at=0
note process=1 session=a what=disconnected at=100
note process=1 session=a what=connected at=12100
note process=1 session=a what=disconnected at=20000
note process=1 session=a what=expired at=31000
note process=1 session=b what=connected at=31001
note process=2 session=c what=connected at=1
note process=2 session=c what=disconnected at=80000
note process=3 session=d what=connected at=1
note process=3 session=d what=disconnected at=40000
note process=3 session=d what=closed at=70000
session session=a what=expired at=30900
op process=1 function=get path=/x invoked=1 returned=12000 outcome=not_applied session=a
op process=2 function=get path=/x invoked=80001 outcome=pending session=c
";

const CASES: &[Case] = &[
    case(
        G9,
        "a read returns too long after the heal",
        HEALED,
        "invoked=1050 returned=33020",
        "invoked=1050 returned=33021",
    ),
    case(
        G9,
        "a read hangs for ever",
        HEALED,
        "invoked=1050 returned=33020 outcome=not_applied",
        "invoked=1050 outcome=pending",
    ),
    case(
        G9,
        "a write hangs for ever",
        HEALED,
        "invoked=1060 returned=1100 outcome=unknown",
        "invoked=1060 outcome=pending",
    ),
    case(
        G9,
        "a sync hangs after the heal",
        HEALED,
        "invoked=40000 returned=40010 outcome=ok",
        "invoked=40000 outcome=pending",
    ),
    case(
        G9,
        "a sync long after the heal takes too long",
        HEALED,
        "invoked=40000 returned=40010",
        "invoked=40000 returned=53100",
    ),
    case(
        G9,
        "a paused process's read hangs",
        HEALED,
        "invoked=8000 returned=18010 outcome=not_applied",
        "invoked=8000 outcome=pending",
    ),
    case(
        G9,
        "a read returns a little too late",
        HEALED,
        "invoked=60000 returned=73020",
        "invoked=60000 returned=73020.000001",
    ),
    case(
        G9,
        "a process that did not crash hangs",
        HEALED,
        "note process=3 session=c what=crashed at=2000\n",
        "",
    ),
    case(
        G9,
        "a call was not dropped and hangs",
        HEALED,
        "invoked=2000 returned=2100 outcome=cancelled",
        "invoked=2000 outcome=pending",
    ),
    case(
        G9,
        "a close hangs",
        HEALED,
        "close invoked=85000",
        "close invoked=76000",
    ),
    case(
        G9,
        "a process connects too long after the heal",
        HEALED,
        "what=connected at=33000",
        "what=connected at=33050",
    ),
    case(
        G9,
        "a process never connects again",
        HEALED,
        "note process=1 session=a what=connected at=33000\n",
        "",
    ),
    case(
        G9,
        "a heal comes earlier than a read's return explains",
        HEALED,
        "at=1000 ended=20000",
        "at=1000 ended=19000",
    ),
    case(
        G9,
        "a waiter goes on too long after its predecessor went",
        WAITS,
        "invoked=5 returned=60000",
        "invoked=5 returned=63021",
    ),
    case(
        G9,
        "a waiter that is first hangs",
        WAITS,
        "change zxid=7 at=80000",
        "change zxid=7 at=76000",
    ),
    case(
        G9,
        "a waiter hangs whose predecessor went long ago",
        WAITS,
        "change zxid=5 at=13 session=e",
        "change zxid=4 at=12.5 session=f kind=delete path=/k/f-0000000000\nchange zxid=5 at=13 session=e",
    ),
    case(
        G9,
        "an acquire of a free lock hangs",
        WAITS,
        "change zxid=4 at=12 session=f kind=create path=/k/f-0000000000 owner=f\n",
        "",
    ),
    case(
        G9,
        "an acquire makes no node and hangs",
        WAITS,
        "change zxid=5 at=13 session=e kind=create path=/k/e-0000000001 owner=e\n",
        "",
    ),
    case(
        G9,
        "a timed acquire returns far beyond its deadline",
        WAITS,
        "deadline=30000 invoked=7 returned=43000",
        "deadline=30000 invoked=7 returned=43021",
    ),
    case(
        G9,
        "a release takes too long",
        WAITS,
        "invoked=49000 returned=50010",
        "invoked=49000 returned=62100",
    ),
    case(
        G9,
        "a reconnect takes too long without a fault",
        RECONNECTS,
        "what=connected at=12100",
        "what=connected at=12101",
    ),
    case(
        G9,
        "an expiry is learned of too late",
        RECONNECTS,
        "what=disconnected at=20000",
        "what=disconnected at=18000",
    ),
    case(
        G9,
        "a process stays cut off",
        RECONNECTS,
        "what=disconnected at=80000",
        "what=disconnected at=70000",
    ),
    case(
        G9,
        "an open process stays cut off",
        RECONNECTS,
        "note process=3 session=d what=closed at=70000\n",
        "",
    ),
    case(
        G9,
        "a read on a cut connection hangs",
        RECONNECTS,
        "invoked=80001 outcome",
        "invoked=77000 outcome",
    ),
];

#[test]
fn every_wait_beyond_its_bound_is_rejected_and_its_twin_accepted() {
    expect_rejections("liveness", CASES);
}

#[test]
fn under_a_fault_that_never_ends_no_wait_is_judged() {
    let lasting = HEALED.replace("at=1000 ended=20000", "at=1000").replace(
        "invoked=1050 returned=33020 outcome=not_applied",
        "invoked=1050 outcome=pending",
    );
    let history = History::parse(&lasting).unwrap();
    let checker = CHECKERS.iter().find(|one| one.name == "liveness").unwrap();
    let stats = (checker.check)(&history).unwrap();
    assert_eq!((stats.judged, stats.exempt), (0, history.ops.len()));
}
