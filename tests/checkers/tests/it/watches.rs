//! What the checker of watches rejects.

use zk_checkers::Property::G3;

use crate::cases::{Case, case, expect_rejections};

/// One-shot watches on data, existence and children, all of which fire.
const FIRED: &str = "\
limits ended=50000 session_timeout=10000 tick=2000 election=1000 round_trip=5 round_trips=4
op process=1 function=get path=/w watch=once invoked=3 returned=4 outcome=ok session=a at=1 reply=v0 version=0 mzxid=1
op process=1 function=exists path=/w/c watch=once invoked=5 returned=6 outcome=ok session=a seen=1 at=1
op process=1 function=children path=/w watch=once invoked=5 returned=7 outcome=ok session=a seen=1 at=1
op process=1 function=get path=/w invoked=20 returned=22 outcome=ok session=a seen=3 at=3 reply=v1 version=1 mzxid=2
op process=1 function=exists path=/w/c invoked=20 returned=23 outcome=ok session=a seen=3 at=3 version=0 czxid=3 mzxid=3
op process=1 function=children path=/w invoked=20 returned=24 outcome=ok session=a seen=3 at=3 reply=c
change zxid=1 at=1 session=b kind=create path=/w data=v0
change zxid=2 at=10 session=b kind=set path=/w data=v1 version=1
change zxid=3 at=12 session=b kind=create path=/w/c
event process=1 session=a op=0 path=/w what=changed at=11 zxid=2
event process=1 session=a op=1 path=/w/c what=created at=13 zxid=3
event process=1 session=a op=2 path=/w what=children at=13.5 zxid=3
watch session=a path=/w mode=once at=3.5 zxid=1
watch session=a path=/w mode=once did=fired what=changed at=10 zxid=2
watch session=a path=/w mode=once children=yes at=6.5 zxid=1
watch session=a path=/w mode=once children=yes did=fired what=children at=12 zxid=3
";

/// A deleted node, a gap over a reconnect, and a watch that went with its session.
const GAPS: &str = "\
limits ended=50000 session_timeout=10000 tick=2000 election=1000 round_trip=5 round_trips=4
note process=1 session=a what=connected at=0
note process=1 session=a what=disconnected at=9
note process=1 session=a what=connected at=15
note process=2 session=b what=connected at=0
note process=2 session=b what=expired at=9000
op process=1 function=get path=/g watch=once invoked=2 returned=3 outcome=ok session=a at=2 reply=v0 mzxid=1 version=0
op process=1 function=get path=/h watch=once invoked=4 returned=5 outcome=ok session=a seen=2 at=2 mzxid=2 version=0
op process=2 function=children path=/h watch=once invoked=4 returned=5 outcome=ok session=b at=2
op process=1 function=get path=/g invoked=17 returned=18 outcome=ok session=a seen=4 at=4 reply=v1 mzxid=3 version=1
change zxid=1 at=1 session=c kind=create path=/g data=v0
change zxid=2 at=1.5 session=c kind=create path=/h
change zxid=3 at=10 session=c kind=set path=/g data=v1 version=1
change zxid=4 at=11 session=c kind=delete path=/h
change zxid=5 at=8999 session=b kind=expire
event process=1 session=a what=gap at=16
event process=1 session=a op=1 path=/h what=deleted at=16.5
session session=b what=expired at=8999 zxid=5
";

/// Watches that stay: one on a node, one on a subtree.
const STREAMS: &str = "\
limits ended=50000 session_timeout=10000 tick=2000 election=1000 round_trip=5 round_trips=4
op process=1 function=watch path=/s watch=persistent invoked=2 returned=3 outcome=ok session=a at=1
op process=2 function=watch path=/s watch=recursive invoked=2 returned=3 outcome=ok session=b at=1
op process=1 function=get path=/s invoked=30 returned=31 outcome=ok session=a seen=5 at=5 reply=2 version=2 mzxid=3
change zxid=1 at=1 session=c kind=create path=/s
change zxid=2 at=10 session=c kind=set path=/s data=1 version=1
change zxid=3 at=12 session=c kind=set path=/s data=2 version=2
change zxid=4 at=14 session=c kind=create path=/s/x
change zxid=5 at=16 session=c kind=delete path=/s/x
change zxid=6 at=40 session=c kind=set path=/s data=3 version=3
event process=1 session=a op=0 path=/s what=changed at=11
event process=1 session=a op=0 path=/s what=changed at=13
event process=1 session=a op=0 path=/s what=children at=15
event process=1 session=a op=0 path=/s what=children at=17
event process=1 session=a op=0 what=dropped at=35
event process=2 session=b op=1 path=/s what=changed at=11.5
event process=2 session=b op=1 path=/s what=gap at=14.5
event process=2 session=b op=1 path=/s/x what=deleted at=18
event process=2 session=b op=1 path=/s what=changed at=41
op process=3 function=watch path=/s watch=persistent invoked=15 returned=17.5 outcome=ok session=d at=5
event process=3 session=d op=3 path=/s what=changed at=42
";

const CASES: &[Case] = &[
    case(
        G3,
        "a change of data wakes nobody",
        FIRED,
        "event process=1 session=a op=0 path=/w what=changed at=11 zxid=2\n",
        "",
    ),
    case(
        G3,
        "a creation wakes nobody",
        FIRED,
        "event process=1 session=a op=1 path=/w/c what=created at=13 zxid=3\n",
        "",
    ),
    case(
        G3,
        "a new child wakes nobody",
        FIRED,
        "event process=1 session=a op=2 path=/w what=children at=13.5 zxid=3\n",
        "",
    ),
    case(
        G3,
        "a one-shot watch fires twice",
        FIRED,
        "",
        "event process=1 session=a op=0 path=/w what=changed at=14\n",
    ),
    case(
        G3,
        "a one-shot watch fires again with another kind",
        FIRED,
        "",
        "event process=1 session=a op=1 path=/w/c what=deleted at=14\n",
    ),
    case(
        G3,
        "a read shows the change before the event comes",
        FIRED,
        "path=/w what=changed at=11",
        "path=/w what=changed at=22.5",
    ),
    case(
        G3,
        "exists shows the node before the event comes",
        FIRED,
        "what=created at=13 zxid=3",
        "what=created at=23.5 zxid=3",
    ),
    case(
        G3,
        "a list shows the child before the event comes",
        FIRED,
        "what=children at=13.5",
        "what=children at=24.5",
    ),
    case(
        G3,
        "an event comes before the change",
        FIRED,
        "what=changed at=11",
        "what=changed at=9",
    ),
    case(
        G3,
        "an event tells of another kind of change",
        FIRED,
        "path=/w what=changed at=11",
        "path=/w what=deleted at=11",
    ),
    case(
        G3,
        "an event tells of another node",
        FIRED,
        "op=0 path=/w what",
        "op=0 path=/v what",
    ),
    case(
        G3,
        "events come in another order than the transactions",
        FIRED,
        "what=changed at=11 zxid=2",
        "what=changed at=14 zxid=2",
    ),
    case(
        G3,
        "a server fires a watch twice",
        FIRED,
        "",
        "watch session=a path=/w mode=once did=fired what=changed at=15 zxid=3\n",
    ),
    case(
        G3,
        "a server fires a watch that it has dropped",
        FIRED,
        "watch session=a path=/w mode=once did=fired what=changed at=10 zxid=2\n",
        "watch session=a path=/w mode=once did=dropped at=9 zxid=1\nwatch session=a path=/w mode=once did=fired what=changed at=10 zxid=2\n",
    ),
    case(
        G3,
        "an event comes long after the change",
        FIRED,
        "event process=1 session=a op=2 path=/w what=children at=13.5 zxid=3\n",
        "event process=1 session=a op=2 path=/w what=children at=40000\n",
    ),
    case(
        G3,
        "a reconnect loses a change and tells no gap",
        GAPS,
        "event process=1 session=a what=gap at=16\n",
        "",
    ),
    case(
        G3,
        "a gap is told before the change that it should stand for",
        GAPS,
        "what=gap at=16",
        "what=gap at=9.5",
    ),
    case(
        G3,
        "a gap is told after a read shows what was missed",
        GAPS,
        "what=gap at=16",
        "what=gap at=18.5",
    ),
    case(
        G3,
        "a gap is told to another session",
        GAPS,
        "event process=1 session=a what=gap",
        "event process=1 session=b what=gap",
    ),
    case(
        G3,
        "a deletion is told as a creation",
        GAPS,
        "what=deleted at=16.5",
        "what=created at=16.5",
    ),
    case(
        G3,
        "a watch waits on, though its session had not ended",
        GAPS,
        "note process=2 session=b what=expired at=9000\n",
        "",
    ),
    case(
        G3,
        "a persistent watch misses a change and goes on",
        STREAMS,
        "event process=1 session=a op=0 path=/s what=changed at=13\n",
        "",
    ),
    case(
        G3,
        "a persistent watch misses its last change",
        STREAMS,
        "event process=3 session=d op=3 path=/s what=changed at=42\n",
        "",
    ),
    case(
        G3,
        "a persistent watch tells one change twice",
        STREAMS,
        "path=/s what=children at=17\n",
        "path=/s what=children at=17\nevent process=1 session=a op=0 path=/s what=children at=18\n",
    ),
    case(
        G3,
        "a persistent watch tells a change before it",
        STREAMS,
        "what=changed at=13",
        "what=changed at=11.8",
    ),
    case(
        G3,
        "a recursive watch tells a deletion twice",
        STREAMS,
        "path=/s/x what=deleted at=18\n",
        "path=/s/x what=deleted at=18\nevent process=2 session=b op=1 path=/s/x what=deleted at=19\n",
    ),
    case(
        G3,
        "a recursive watch misses what no gap stands for",
        STREAMS,
        "event process=2 session=b op=1 path=/s/x what=deleted at=18\n",
        "",
    ),
    case(
        G3,
        "a gap is left out of a stream",
        STREAMS,
        "event process=2 session=b op=1 path=/s what=gap at=14.5\n",
        "",
    ),
    case(
        G3,
        "a stream ends without a word",
        STREAMS,
        "event process=1 session=a op=0 what=dropped at=35\n",
        "",
    ),
    case(
        G3,
        "a persistent watch tells a change after a read shows it",
        STREAMS,
        "what=children at=17",
        "what=children at=17\nevent process=1 session=a op=0 path=/s what=changed at=32",
    ),
];

#[test]
fn every_illegal_watch_history_is_rejected_and_its_twin_accepted() {
    expect_rejections("watches", CASES);
}
