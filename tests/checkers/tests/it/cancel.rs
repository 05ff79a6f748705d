//! What the checker of dropped calls rejects.

use zk_checkers::Property::G6;

use crate::cases::{Case, case, expect_rejections};

/// Dropped writes: one never polled, one not applied, one applied at once, one a little later.
const WRITES: &str = "\
limits ended=90000 session_timeout=10000 tick=2000 election=1000 round_trip=5 round_trips=4
note process=1 session=a what=connected at=0
op process=1 function=create path=/never data=1 invoked=1 returned=1.5 polls=0 outcome=cancelled session=a
op process=1 function=create path=/none data=2 invoked=2 returned=2.5 polls=1 outcome=cancelled session=a
op process=1 function=create path=/soon data=3 invoked=3 returned=4 polls=2 outcome=cancelled session=a
op process=1 function=set path=/soon data=4 invoked=5 returned=6 polls=1 outcome=cancelled session=a
op process=1 function=delete path=/soon invoked=30 returned=30.5 polls=1 outcome=cancelled session=a
op process=1 function=set path=/soon data=5 invoked=40 returned=50 polls=3 outcome=not_applied session=a error=-101
op process=1 function=get path=/soon invoked=60 returned=61 polls=1 outcome=cancelled session=a
op process=1 function=get path=/soon invoked=62 returned=63 polls=2 outcome=not_applied error=-101 session=a at=4
change zxid=1 at=3.5 session=a kind=create path=/soon data=3
change zxid=2 at=9 session=a kind=set path=/soon data=4 version=1
change zxid=3 at=31 session=a kind=delete path=/soon
change zxid=4 at=45 session=a
";

/// A dropped acquire, whose node goes; a fresh one, which is granted; a dropped release.
const LOCK: &str = "\
limits ended=90000 session_timeout=10000 tick=2000 election=1000 round_trip=5 round_trips=4
note process=1 session=a what=connected at=0
op process=1 recipe=m function=acquire path=/l invoked=1 returned=5 polls=2 outcome=cancelled session=a
op process=1 recipe=m function=acquire path=/l invoked=20 returned=24 polls=3 outcome=ok session=a reply=/l/b-0000000001 token=3
op process=1 recipe=m function=release path=/l invoked=30 returned=31 polls=1 outcome=cancelled session=a reply=/l/b-0000000001 token=3
op process=1 recipe=m function=acquire path=/l invoked=60 returned=60.5 polls=0 outcome=cancelled session=a
op process=1 recipe=m function=acquire path=/l invoked=61 returned=64 polls=2 outcome=ok session=a reply=/l/c-0000000002 token=5
op process=1 recipe=m function=release path=/l invoked=70 returned=74 polls=2 outcome=ok session=a reply=/l/c-0000000002 token=5
op process=1 recipe=n function=try_acquire path=/l invoked=80 returned=81 polls=1 outcome=cancelled session=a
belief process=1 recipe=m lock=/l token=3 node=/l/b-0000000001 session=a at=24
belief process=1 recipe=m lock=/l token=3 node=/l/b-0000000001 session=a says=released at=30
belief process=1 recipe=m lock=/l token=5 node=/l/c-0000000002 session=a at=64
belief process=1 recipe=m lock=/l token=5 node=/l/c-0000000002 session=a says=released at=70
change zxid=1 at=3 session=a kind=create path=/l/a-0000000000 owner=a
change zxid=2 at=7 session=a kind=delete path=/l/a-0000000000
change zxid=3 at=22 session=a kind=create path=/l/b-0000000001 owner=a
change zxid=4 at=33 session=a kind=delete path=/l/b-0000000001
change zxid=5 at=62 session=a kind=create path=/l/c-0000000002 owner=a
change zxid=6 at=73 session=a kind=delete path=/l/c-0000000002
";

/// A candidacy that was dropped before it made a node; long after, another one makes one, and gives it up for the place of the
/// successor that it is named.
const NAMED: &str = "\
limits ended=90000 session_timeout=10000 tick=2000 election=1000 round_trip=5 round_trips=4
note process=1 session=a what=connected at=0
note process=3 session=c what=connected at=0
op process=1 recipe=/e function=stand path=/e invoked=1 polls=2 returned=5 outcome=ok session=a reply=/e/a-0000000000 token=2 mzxid=3
op process=3 recipe=/e function=stand path=/e invoked=2 polls=1 returned=2.5 outcome=cancelled session=c
op process=3 recipe=/e function=stand path=/e invoked=59008 polls=5 returned=59040 outcome=ok session=c reply=/e/c2-0000000000 token=5 mzxid=8
op process=1 recipe=/e function=hand_over path=/e data=process%203 guard=/e/a-0000000000 mzxid=3 invoked=59020 polls=2 returned=59025 outcome=ok session=a
op process=1 recipe=/e function=release path=/e invoked=59030 polls=2 returned=59034 outcome=ok session=a reply=/e/a-0000000000 token=2
change zxid=1 at=0.5 session=e kind=create path=/e
change zxid=2 at=2 session=a kind=create path=/e/a-0000000000 owner=a
change zxid=3 at=4 session=a kind=set path=/e version=1
change zxid=4 at=59009 session=c kind=create path=/e/c-0000000001 owner=c
change zxid=5 at=59022 session=c kind=create path=/e/c2-0000000000 owner=c
change zxid=6 at=59023 session=c kind=delete path=/e/c-0000000001
change zxid=7 at=59032 session=a kind=delete path=/e/a-0000000000
change zxid=8 at=59038 session=c kind=set path=/e version=2
";

/// A dropped close goes on; before it a read was dropped and the next one answered.
const CLOSE: &str = "\
limits ended=90000 session_timeout=10000 tick=2000 election=1000 round_trip=5 round_trips=4
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=create path=/e kind=ephemeral invoked=1 returned=3 polls=2 outcome=ok session=a
op process=1 function=get path=/e invoked=4 returned=4.5 polls=1 outcome=cancelled session=a
op process=1 function=get path=/e invoked=5 returned=6 polls=2 outcome=ok session=a at=1
op process=1 function=sync path=/e invoked=7 returned=8 polls=1 outcome=cancelled session=a
op process=1 function=sync path=/e invoked=9 returned=10 polls=2 outcome=ok session=a at=1
op process=2 function=set path=/e data=1 invoked=9 returned=10 polls=1 outcome=cancelled session=b
op process=2 function=set path=/e data=2 invoked=11 returned=13 polls=2 outcome=ok session=b at=2
op process=1 function=close invoked=20 returned=21 polls=1 outcome=cancelled session=a
op process=1 function=sync path=/e invoked=20.2 returned=20.3 polls=1 outcome=cancelled session=a
op process=1 function=sync path=/e invoked=20.4 returned=20.5 polls=1 outcome=not_applied session=a
op process=1 recipe=m function=acquire path=/m invoked=15 returned=16 polls=1 outcome=cancelled session=a
op process=1 recipe=m function=acquire path=/m invoked=19 returned=20.1 polls=1 outcome=not_applied
change zxid=1 at=2 session=a kind=create path=/e owner=a
change zxid=2 at=12 session=b kind=set path=/e data=2 version=1
change zxid=3 at=22 session=a kind=close
change zxid=3 at=22 session=a kind=delete path=/e
";

/// Dropped downgrades, and such as are refused: because the writer's number is none to go on with, and because somebody has
/// deleted its node.
const DOWNGRADE: &str = "\
limits ended=90000 session_timeout=10000 tick=2000 election=1000 round_trip=5 round_trips=4
note process=1 session=a what=connected at=0
op process=1 recipe=m function=downgrade path=/l from=/l/a-2147483646 invoked=1 returned=2 polls=1 outcome=cancelled session=a
op process=1 recipe=m function=downgrade path=/l from=/l/b-2147483647 invoked=5 returned=6 polls=2 outcome=not_applied session=a
op process=1 recipe=n function=downgrade path=/m from=/m/a-0000000001 invoked=31 returned=32 polls=1 outcome=cancelled session=a
op process=1 recipe=n function=downgrade path=/m from=/m/b-0000000002 invoked=35 returned=37 polls=2 outcome=not_applied session=a
change zxid=1 at=33 session=a kind=create path=/m/b-0000000002 owner=a
change zxid=2 at=36 session=b kind=delete path=/m/b-0000000002
";

const CASES: &[Case] = &[
    case(
        G6,
        "a dropped candidacy makes its node long after, before the next begins",
        NAMED,
        "invoked=59008",
        "invoked=59010",
    ),
    case(
        G6,
        "a dropped candidacy makes its node long after, and the next one does not give it up",
        NAMED,
        "change zxid=6 at=59023 session=c kind=delete path=/e/c-0000000001\n",
        "",
    ),
    case(
        G6,
        "the call after a dropped one fails although the writer has a place to go on in",
        DOWNGRADE,
        "from=/l/b-2147483647",
        "from=/l/b-0000000007",
    ),
    case(
        G6,
        "the call after a dropped one fails before the writer's node is deleted",
        DOWNGRADE,
        "change zxid=2 at=36 ",
        "change zxid=2 at=38 ",
    ),
    case(
        G6,
        "the call after a dropped one fails before its client is closed",
        CLOSE,
        "function=close invoked=20 ",
        "function=close invoked=20.6 ",
    ),
    case(
        G6,
        "a create that was never polled is applied",
        WRITES,
        "change zxid=4 at=45 session=a\n",
        "change zxid=4 at=45 session=a kind=create path=/never data=1\n",
    ),
    case(
        G6,
        "a set that was never polled is applied",
        WRITES,
        "invoked=5 returned=6 polls=1",
        "invoked=5 returned=6 polls=0",
    ),
    case(
        G6,
        "a delete that was never polled is applied",
        WRITES,
        "returned=30.5 polls=1",
        "returned=30.5 polls=0",
    ),
    case(
        G6,
        "a dropped create is applied long after",
        WRITES,
        "",
        "change zxid=5 at=20000 session=a kind=create path=/none data=2\n",
    ),
    case(
        G6,
        "a dropped delete is applied long after",
        WRITES,
        "change zxid=3 at=31 session=a kind=delete path=/soon\nchange zxid=4 at=45",
        "change zxid=3 at=13100 session=a kind=delete path=/soon\nchange zxid=4 at=13200",
    ),
    case(
        G6,
        "a dropped set is applied twice",
        WRITES,
        "change zxid=3 at=31",
        "change zxid=2 at=10 session=a kind=set path=/soon data=4 version=2\nchange zxid=3 at=31",
    ),
    case(
        G6,
        "a dropped delete is applied twice",
        WRITES,
        "change zxid=4 at=45 session=a\n",
        "change zxid=4 at=45 session=b kind=create path=/soon\nchange zxid=5 at=46 session=a kind=delete path=/soon\n",
    ),
    case(
        G6,
        "a dropped create is applied again after a delete",
        WRITES,
        "change zxid=4 at=45 session=a\n",
        "change zxid=4 at=45 session=a kind=create path=/soon data=3\n",
    ),
    case(
        G6,
        "the call after a dropped set fails for no reason",
        WRITES,
        "invoked=40 returned=50 polls=3 outcome=not_applied session=a error=-101",
        "invoked=40 returned=50 polls=3 outcome=not_applied session=a",
    ),
    case(
        G6,
        "the call after a dropped read fails for no reason",
        WRITES,
        "outcome=not_applied error=-101 session=a at=4",
        "outcome=not_applied session=a at=4",
    ),
    case(
        G6,
        "a dropped acquire leaves its node",
        LOCK,
        "change zxid=2 at=7 session=a kind=delete path=/l/a-0000000000\n",
        "",
    ),
    case(
        G6,
        "a dropped acquire's node goes long after",
        LOCK,
        "change zxid=2 at=7 session=a kind=delete path=/l/a-0000000000\n",
        "change zxid=2 at=13100 session=a kind=delete path=/l/a-0000000000\n",
    ),
    case(
        G6,
        "an acquire that was never polled makes a node",
        LOCK,
        "invoked=1 returned=5 polls=2",
        "invoked=1 returned=5 polls=0",
    ),
    case(
        G6,
        "a dropped try leaves a node",
        LOCK,
        "",
        "change zxid=7 at=80.5 session=a kind=create path=/l/n-0000000003 owner=a\n",
    ),
    case(
        G6,
        "a dropped acquire makes its node long after",
        LOCK,
        "",
        "change zxid=7 at=20000 session=a kind=create path=/l/n-0000000003 owner=a\nchange zxid=8 at=20001 session=a kind=delete path=/l/n-0000000003\n",
    ),
    case(
        G6,
        "a dropped try holds",
        LOCK,
        "",
        "belief process=1 recipe=n lock=/l token=7 session=a at=82\n",
    ),
    case(
        G6,
        "a dropped acquire holds",
        LOCK,
        "belief process=1 recipe=m lock=/l token=3 node=/l/b-0000000001 session=a at=24\n",
        "belief process=1 recipe=m lock=/l token=2 session=a at=6\n",
    ),
    case(
        G6,
        "a dropped acquire's token is held after all",
        LOCK,
        "invoked=1 returned=5 polls=2 outcome=cancelled session=a",
        "invoked=1 returned=5 polls=2 outcome=cancelled session=a token=3",
    ),
    case(
        G6,
        "the acquire after a dropped one fails for no reason",
        LOCK,
        "invoked=61 returned=64 polls=2 outcome=ok",
        "invoked=61 returned=64 polls=2 outcome=not_applied",
    ),
    case(
        G6,
        "a dropped release leaves the node",
        LOCK,
        "change zxid=4 at=33 session=a kind=delete path=/l/b-0000000001\n",
        "",
    ),
    case(
        G6,
        "a dropped release goes on long after",
        LOCK,
        "change zxid=4 at=33 session=a kind=delete path=/l/b-0000000001\n",
        "change zxid=4 at=13100 session=a kind=delete path=/l/b-0000000001\n",
    ),
    case(
        G6,
        "a dropped close leaves the session's node",
        CLOSE,
        "change zxid=3 at=22 session=a kind=close\nchange zxid=3 at=22 session=a kind=delete path=/e\n",
        "",
    ),
    case(
        G6,
        "a dropped close goes on long after",
        CLOSE,
        "change zxid=3 at=22 session=a kind=close\nchange zxid=3 at=22 session=a kind=delete path=/e\n",
        "change zxid=3 at=13100 session=a kind=close\nchange zxid=3 at=13100 session=a kind=delete path=/e\n",
    ),
    case(
        G6,
        "the call after a dropped one, of no session, fails before its client is closed",
        CLOSE,
        "invoked=19 returned=20.1",
        "invoked=19 returned=19.1",
    ),
    case(
        G6,
        "a sync after a dropped one fails for no reason",
        CLOSE,
        "invoked=9 returned=10 polls=2 outcome=ok",
        "invoked=9 returned=10 polls=2 outcome=not_applied",
    ),
    case(
        G6,
        "a set after a dropped one fails for no reason",
        CLOSE,
        "invoked=11 returned=13 polls=2 outcome=ok",
        "invoked=11 returned=13 polls=2 outcome=not_applied",
    ),
];

#[test]
fn every_broken_cancel_contract_is_rejected_and_its_twin_accepted() {
    expect_rejections("cancel", CASES);
}
