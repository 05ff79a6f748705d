//! What the checkers reject of semaphores, and of what is built on several nodes.

use zk_checkers::Property::{L1, L2, L6, L8, L10, L12};

use crate::cases::{Case, case, expect_each};

/// Two permits, of which there are two; then there is one, and a third contender waits until both are given back. It
/// came to the entrance before a fourth.
const PERMITS: &str = "\
limits ended=90000 session_timeout=10000 tick=2000 round_trip=5 round_trips=4
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
note process=3 session=c what=connected at=0
note process=4 session=d what=connected at=0
op process=1 recipe=/s/leases function=permit path=/s/leases entrance=/s/locks capacity=/n invoked=2 returned=6 outcome=ok session=a seen=2 reply=/s/leases/a-0 token=4
op process=2 recipe=/s/leases function=permit path=/s/leases entrance=/s/locks capacity=/n invoked=8 returned=12 outcome=ok session=b seen=2 reply=/s/leases/b-1 token=7
op process=3 recipe=/s/leases function=permit path=/s/leases entrance=/s/locks capacity=/n invoked=24 returned=44 outcome=ok session=c seen=9 reply=/s/leases/c-2 token=b
op process=4 recipe=/s/leases function=try_permit path=/s/leases entrance=/s/locks capacity=/n invoked=26 returned=48 outcome=ok session=d seen=9 reply=/s/leases/d-3 token=11
op process=1 recipe=/s/leases function=release path=/s/leases invoked=30 returned=34 outcome=ok session=a reply=/s/leases/a-0 token=4
op process=2 recipe=/s/leases function=release path=/s/leases invoked=40 returned=43 outcome=ok session=b reply=/s/leases/b-1 token=7
op process=3 recipe=/s/leases function=release path=/s/leases invoked=45 returned=47 outcome=ok session=c reply=/s/leases/c-2 token=b
change zxid=1 at=0.5 session=e kind=create path=/s
change zxid=1 at=0.5 session=e kind=create path=/s/leases
change zxid=1 at=0.5 session=e kind=create path=/s/locks
change zxid=2 at=1 session=e kind=create path=/n data=%00%00%00%02
change zxid=3 at=3 session=a kind=create path=/s/locks/a-0 owner=a
change zxid=4 at=4 session=a kind=create path=/s/leases/a-0 owner=a
change zxid=5 at=7 session=a kind=delete path=/s/locks/a-0
change zxid=6 at=9 session=b kind=create path=/s/locks/b-1 owner=b
change zxid=7 at=10 session=b kind=create path=/s/leases/b-1 owner=b
change zxid=8 at=13 session=b kind=delete path=/s/locks/b-1
change zxid=9 at=20 session=e kind=set path=/n data=%00%00%00%01 version=1
change zxid=a at=25 session=c kind=create path=/s/locks/c-2 owner=c
change zxid=b at=26.5 session=c kind=create path=/s/leases/c-2 owner=c
change zxid=c at=27 session=d kind=create path=/s/locks/d-3 owner=d
change zxid=d at=32 session=a kind=delete path=/s/leases/a-0
change zxid=e at=42 session=b kind=delete path=/s/leases/b-1
change zxid=f at=44.5 session=c kind=delete path=/s/locks/c-2
change zxid=10 at=46 session=c kind=delete path=/s/leases/c-2
change zxid=11 at=47.5 session=d kind=create path=/s/leases/d-3 owner=d
change zxid=12 at=49 session=d kind=delete path=/s/locks/d-3
";

/// Somebody whose contender is made once more, late, behind one that waits by then.
const PERMITS_LATE: &str = "\
limits ended=90000 session_timeout=10000 tick=2000 round_trip=5 round_trips=4
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 recipe=/s/leases function=permit path=/s/leases entrance=/s/locks capacity=/n invoked=2 returned=9 outcome=ok session=a seen=2 reply=/s/leases/a-0 token=4
op process=1 recipe=/s/leases function=release path=/s/leases invoked=11 returned=13 outcome=ok session=a reply=/s/leases/a-0 token=4
op process=2 recipe=/s/leases function=permit path=/s/leases entrance=/s/locks capacity=/n invoked=5 returned=16 outcome=ok session=b seen=2 reply=/s/leases/b-1 token=a
change zxid=1 at=0.5 session=e kind=create path=/s
change zxid=1 at=0.5 session=e kind=create path=/s/leases
change zxid=1 at=0.5 session=e kind=create path=/s/locks
change zxid=2 at=1 session=e kind=create path=/n data=%00%00%00%01
change zxid=3 at=3 session=a xid=5 kind=create path=/s/locks/a-0 owner=a
change zxid=4 at=4 session=a xid=6 kind=create path=/s/leases/a-0 owner=a
change zxid=5 at=6 session=b xid=1 kind=create path=/s/locks/b-1 owner=b
change zxid=6 at=7 session=a xid=2 kind=create path=/s/locks/a-2 owner=a
change zxid=7 at=10 session=a xid=7 kind=delete path=/s/locks/a-0
change zxid=8 at=10 session=a xid=8 kind=delete path=/s/locks/a-2
change zxid=9 at=12 session=a xid=9 kind=delete path=/s/leases/a-0
change zxid=a at=14 session=b xid=2 kind=create path=/s/leases/b-1 owner=b
change zxid=b at=15 session=b xid=3 kind=delete path=/s/locks/b-1
";

/// Two locks got together, and another two that are given up.
const TOGETHER: &str = "\
limits ended=90000 session_timeout=10000 tick=2000 round_trip=5 round_trips=4
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 recipe=/l together=t1 function=acquire path=/l invoked=1 returned=9 outcome=ok session=a reply=/l/a-0 token=2
op process=1 recipe=/m together=t1 function=acquire path=/m invoked=1.5 returned=9.5 outcome=ok session=a reply=/m/a-0 token=4
op process=2 recipe=/l together=t2 function=try_acquire path=/l invoked=10 returned=15 outcome=not_applied session=b
op process=2 recipe=/m together=t2 function=try_acquire path=/m invoked=10.5 returned=15.5 outcome=not_applied session=b
op process=1 recipe=/l function=release path=/l invoked=20 returned=24 outcome=ok session=a reply=/l/a-0 token=2
op process=1 recipe=/m function=release path=/m invoked=20.5 returned=24.5 outcome=ok session=a reply=/m/a-0 token=4
change zxid=1 at=0.5 session=e kind=create path=/l
change zxid=1 at=0.5 session=e kind=create path=/m
change zxid=2 at=2 session=a kind=create path=/l/a-0 owner=a
change zxid=4 at=4 session=a kind=create path=/m/a-0 owner=a
change zxid=5 at=11 session=b kind=create path=/l/b-1 owner=b
change zxid=6 at=14 session=b kind=delete path=/l/b-1
change zxid=7 at=22 session=a kind=delete path=/l/a-0
change zxid=8 at=23 session=a kind=delete path=/m/a-0
";

const CASES: &[Case] = &[
    case(
        L1,
        "a third permit where there are two",
        PERMITS,
        "invoked=24 returned=44 outcome=ok",
        "invoked=24 returned=28 outcome=ok",
    ),
    case(
        L1,
        "a second permit where there is one by now",
        PERMITS,
        "invoked=24 returned=44 outcome=ok",
        "invoked=24 returned=38 outcome=ok",
    ),
    case(
        L1,
        "two permits where there was never more than one",
        PERMITS,
        "path=/n data=%00%00%00%02",
        "path=/n data=%00%00%00%01",
    ),
    case(
        L2,
        "a permit's token is not the creation of its node",
        PERMITS,
        "seen=2 reply=/s/leases/b-1 token=7",
        "seen=2 reply=/s/leases/b-1 token=8",
    ),
    case(
        L6,
        "a permit goes and nobody gave it back",
        PERMITS,
        "op process=3 recipe=/s/leases function=release path=/s/leases invoked=45 returned=47 outcome=ok session=c reply=/s/leases/c-2 token=b\n",
        "",
    ),
    case(
        L8,
        "somebody comes in before one who was at the entrance earlier",
        PERMITS,
        "change zxid=f at=44.5 session=c kind=delete path=/s/locks/c-2\n",
        "",
    ),
    case(
        L8,
        "somebody comes in before one who was at the entrance earlier, with a contender that was not made late",
        PERMITS_LATE,
        "session=a xid=2",
        "session=a xid=10",
    ),
    case(
        L10,
        "a permit that was given up stays",
        PERMITS,
        "invoked=26 returned=48 outcome=ok session=d seen=9 reply=/s/leases/d-3 token=11",
        "invoked=26 returned=48 outcome=not_applied session=d seen=9",
    ),
    case(
        L12,
        "one of two locks is got",
        TOGETHER,
        "path=/m invoked=1.5 returned=9.5 outcome=ok session=a reply=/m/a-0 token=4",
        "path=/m invoked=1.5 returned=9.5 outcome=cancelled session=a",
    ),
    case(
        L12,
        "one of two locks is gone before the other is got",
        TOGETHER,
        "change zxid=4 at=4 session=a kind=create path=/m/a-0 owner=a",
        "change zxid=3 at=3 session=e kind=delete path=/l/a-0\nchange zxid=4 at=4 session=a kind=create path=/m/a-0 owner=a",
    ),
    case(
        L10,
        "locks that were given up leave one of them",
        TOGETHER,
        "change zxid=6 at=14 session=b kind=delete path=/l/b-1\n",
        "",
    ),
];

#[test]
fn every_illegal_history_of_permits_and_of_locks_together_is_rejected_and_its_twin_accepted() {
    expect_each("locks", CASES);
}
