//! What the checker of local pictures rejects.

use zk_checkers::Property::{C1, C2, C3, C4, C5, C6, C7, S1};

use crate::cases::{Case, case, expect_each, expect_rejections};

/// A picture of `/a` and all below: loaded, told of changes, behind for a while in which a node is made again, and whole again.
const TREE: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
op process=1 recipe=c function=picture path=/a watch=recursive expected=1 invoked=10 returned=10.1 outcome=ok token=3 session=a
op process=1 recipe=c function=picture path=/a watch=recursive expected=3 invoked=25 returned=25.1 outcome=ok from=3 session=a
op process=1 recipe=c function=picture path=/a watch=recursive expected=4 data=settled invoked=9000 returned=9000.1 outcome=ok session=a
cached process=1 recipe=c number=1 path=/a data=x czxid=1 mzxid=1
cached process=1 recipe=c number=1 path=/a/b data=y czxid=2 mzxid=3
cached process=1 recipe=c number=2 path=/a data=x czxid=1 mzxid=1
cached process=1 recipe=c number=2 path=/a/b data=y czxid=2 mzxid=3
cached process=1 recipe=c number=3 path=/a data=x czxid=1 mzxid=1
cached process=1 recipe=c number=3 path=/a/b data=z czxid=2 mzxid=4
cached process=1 recipe=c number=3 path=/a/c data=w czxid=5 mzxid=5
cached process=1 recipe=c number=4 path=/a data=x czxid=1 mzxid=1
cached process=1 recipe=c number=4 path=/a/b data=z czxid=9 mzxid=9
news process=1 recipe=c root=/a what=all number=2 at=12
news process=1 recipe=c root=/a what=fresh zxid=3 at=13
news process=1 recipe=c root=/a what=changed path=/a/b data=z old=y czxid=2 mzxid=4 at=21
news process=1 recipe=c root=/a what=created path=/a/c data=w czxid=5 mzxid=5 at=23
news process=1 recipe=c root=/a what=stale at=30
news process=1 recipe=c root=/a what=deleted path=/a/c data=w czxid=5 mzxid=5 at=50
news process=1 recipe=c root=/a what=deleted path=/a/b data=z czxid=2 mzxid=4 at=51
news process=1 recipe=c root=/a what=created path=/a/b data=z czxid=9 mzxid=9 at=52
news process=1 recipe=c root=/a what=fresh zxid=9 at=53
change zxid=1 at=1 session=e kind=create path=/a data=x
change zxid=2 at=2 session=e kind=create path=/a/b
change zxid=3 at=3 session=e kind=set path=/a/b data=y version=1
change zxid=4 at=20 session=e kind=set path=/a/b data=z version=2
change zxid=5 at=22 session=e kind=create path=/a/c data=w
change zxid=6 at=33 session=e kind=delete path=/a/c
change zxid=7 at=34 session=e kind=delete path=/a/b
change zxid=8 at=35 session=e kind=create path=/other
change zxid=9 at=36 session=e kind=create path=/a/b data=z
";

/// A picture of a node and its children, and one of the node alone.
const FLAT: &str = "\
op process=1 recipe=k function=picture path=/a watch=persistent expected=1 invoked=10 returned=10.1 outcome=ok token=4
op process=1 recipe=n function=picture path=/a watch=once expected=1 invoked=10 returned=10.1 outcome=ok token=4
cached process=1 recipe=k number=1 path=/a data=x czxid=1 mzxid=1
cached process=1 recipe=k number=1 path=/a/b czxid=2 mzxid=2
cached process=1 recipe=n number=1 path=/a data=x czxid=1 mzxid=1
change zxid=1 at=1 session=e kind=create path=/a data=x
change zxid=2 at=2 session=e kind=create path=/a/b
change zxid=3 at=3 session=e kind=create path=/a/b/c
change zxid=4 at=4 session=e kind=create path=/ab
";

/// Looks at a node, the last one long after it was made again; and a stream that was told of it once.
const LOOKED_AT: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
op process=1 recipe=k function=picture path=/a watch=once expected=1 invoked=10 returned=10.1 outcome=ok
op process=1 recipe=k function=picture path=/a watch=once expected=2 invoked=20 returned=20.1 outcome=ok
op process=1 recipe=k function=picture path=/a watch=once expected=3 invoked=9000 returned=9000.1 outcome=ok
cached process=1 recipe=k number=1 path=/a data=y czxid=1 mzxid=2
cached process=1 recipe=k number=2 path=/a data=y czxid=1 mzxid=2
cached process=1 recipe=k number=3 path=/a data=y czxid=4 mzxid=4
cached process=1 recipe=k number=9 path=/a data=y czxid=1 mzxid=2
news process=1 recipe=k root=/a what=all number=9 at=15
news process=1 recipe=k root=/a what=deleted path=/a data=y czxid=1 mzxid=2 at=40
news process=1 recipe=k root=/a what=created path=/a data=y czxid=4 mzxid=4 at=41
change zxid=1 at=1 session=e kind=create path=/a data=x
change zxid=2 at=2 session=e kind=set path=/a data=y version=1
change zxid=3 at=30 session=e kind=delete path=/a
change zxid=4 at=31 session=e kind=create path=/a data=y
";

const CASES: &[Case] = &[
    case(
        C1,
        "a node is shown that never was",
        TREE,
        "number=1 path=/a/b data=y czxid=2 mzxid=3",
        "number=1 path=/a/b data=v czxid=2 mzxid=3",
    ),
    case(
        C1,
        "a node is shown with data of another write",
        TREE,
        "number=3 path=/a/b data=z czxid=2 mzxid=4",
        "number=3 path=/a/b data=y czxid=2 mzxid=4",
    ),
    case(
        C1,
        "a node is shown as another incarnation",
        TREE,
        "number=3 path=/a/b data=z czxid=2 mzxid=4",
        "number=3 path=/a/b data=z czxid=3 mzxid=4",
    ),
    case(
        C1,
        "a node is told before it is",
        TREE,
        "change zxid=5 at=22",
        "change zxid=5 at=25.5",
    ),
    case(
        C1,
        "a node is shown that the picture is not of",
        FLAT,
        "cached process=1 recipe=n number=1",
        "cached process=1 recipe=n number=1 path=/a/b czxid=2 mzxid=2\ncached process=1 recipe=n number=1",
    ),
    case(
        C1,
        "a picture of children shows a child of theirs",
        FLAT,
        "cached process=1 recipe=n number=1",
        "cached process=1 recipe=k number=1 path=/a/b/c czxid=3 mzxid=3\ncached process=1 recipe=n number=1",
    ),
    case(
        C2,
        "a look goes back",
        LOOKED_AT,
        "number=2 path=/a data=y czxid=1 mzxid=2",
        "number=2 path=/a data=x czxid=1 mzxid=1",
    ),
    case(
        C2,
        "a stream goes back",
        LOOKED_AT,
        "at=41\n",
        "at=41\nnews process=1 recipe=k root=/a what=all number=9 at=50\n",
    ),
    case(
        C3,
        "a change never comes to be shown",
        LOOKED_AT,
        "number=3 path=/a data=y czxid=4 mzxid=4",
        "number=3 path=/a data=y czxid=1 mzxid=2",
    ),
    case(
        C3,
        "a node never comes to be shown",
        LOOKED_AT,
        "cached process=1 recipe=k number=3 path=/a data=y czxid=4 mzxid=4\n",
        "",
    ),
    case(
        C7,
        "a picture lacks what it says it reaches",
        TREE,
        "cached process=1 recipe=c number=1 path=/a/b data=y czxid=2 mzxid=3\n",
        "",
    ),
    case(
        C7,
        "a picture is older than it says",
        TREE,
        "cached process=1 recipe=c number=3 path=/a/c data=w czxid=5 mzxid=5\n",
        "",
    ),
    case(
        C7,
        "a picture is waited for and shows what was before",
        TREE,
        "outcome=ok token=3",
        "outcome=ok token=4",
    ),
    case(
        C7,
        "a picture of children lacks one",
        FLAT,
        "cached process=1 recipe=k number=1 path=/a/b czxid=2 mzxid=2\n",
        "",
    ),
    case(
        C4,
        "what is there is told created",
        TREE,
        "what=changed path=/a/b data=z old=y",
        "what=created path=/a/b data=z",
    ),
    case(
        C4,
        "what is not there is told changed",
        TREE,
        "what=created path=/a/c",
        "what=changed path=/a/c",
    ),
    case(
        C4,
        "what is not there is told deleted",
        TREE,
        "at=53\n",
        "at=53\nnews process=1 recipe=c root=/a what=deleted path=/a/c data=w czxid=5 mzxid=5 at=54\n",
    ),
    case(
        C4,
        "a change is not told",
        TREE,
        "news process=1 recipe=c root=/a what=deleted path=/a/c data=w czxid=5 mzxid=5 at=50\nnews process=1 recipe=c root=/a what=deleted path=/a/b data=z czxid=2 mzxid=4 at=51\nnews process=1 recipe=c root=/a what=created path=/a/b data=z czxid=9 mzxid=9 at=52\nnews process=1 recipe=c root=/a what=fresh zxid=9 at=53\n",
        "",
    ),
    case(
        C4,
        "a change tells of another value before it",
        TREE,
        "old=y",
        "old=x",
    ),
    case(
        C4,
        "a deletion tells of another node",
        TREE,
        "what=deleted path=/a/b data=z czxid=2 mzxid=4",
        "what=deleted path=/a/b data=y czxid=2 mzxid=3",
    ),
    case(
        C4,
        "changes are told before what there was",
        TREE,
        "news process=1 recipe=c root=/a what=all number=2 at=12\n",
        "",
    ),
    case(
        C5,
        "a node that was made again is told changed",
        TREE,
        "news process=1 recipe=c root=/a what=deleted path=/a/b data=z czxid=2 mzxid=4 at=51\nnews process=1 recipe=c root=/a what=created path=/a/b data=z czxid=9",
        "news process=1 recipe=c root=/a what=changed path=/a/b data=z old=z czxid=9",
    ),
    case(
        C6,
        "a picture is told whole twice",
        TREE,
        "what=stale at=30",
        "what=fresh zxid=4 at=30",
    ),
    case(
        C6,
        "a picture is told whole before it is",
        TREE,
        "what=fresh zxid=9 at=53",
        "what=fresh zxid=9 at=49",
    ),
    case(
        C6,
        "a picture is told to be behind twice",
        TREE,
        "what=stale at=30\n",
        "what=stale at=30\nnews process=1 recipe=c root=/a what=stale at=31\n",
    ),
];

#[test]
fn pictures_reject_what_was_not_is_old_or_does_not_add_up() {
    expect_rejections("pictures", CASES);
}

/// A picture of a service whose instance goes while the process's connection is silent.
const SILENT: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
note process=1 session=a what=disconnected at=1600
note process=1 session=a what=connected at=3500
fault what=half-open target=client%201 at=900 ended=3400
op process=1 recipe=v function=picture path=/s watch=no expected=1 invoked=1500 returned=1500.1 outcome=ok reply=fresh session=a
op process=1 recipe=v function=picture path=/s watch=no expected=1 invoked=3100 returned=3100.1 outcome=ok reply=stale session=a
op process=1 recipe=v function=picture path=/s watch=no expected=2 invoked=4000 returned=4000.1 outcome=ok reply=fresh session=a
cached process=1 recipe=v number=1 path=/s/i data=x
change zxid=1 at=1 session=e kind=create path=/s
change zxid=2 at=2 session=b kind=create path=/s/i data=x
change zxid=3 at=1000 session=b kind=delete path=/s/i
";

/// The same where the server hears nothing and goes on telling of other changes.
const DEAF: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=1 session=a what=connected at=0
fault what=blackhole target=client%201 at=900 ended=3400
op process=1 recipe=v function=picture path=/s watch=no expected=1 invoked=2150 returned=2150.1 outcome=ok reply=fresh session=a
cached process=1 recipe=v number=1 path=/s/i data=x
change zxid=1 at=1 session=e kind=create path=/s
change zxid=2 at=2 session=b kind=create path=/s/i data=x
change zxid=3 at=1000 session=b kind=delete path=/s/i
";

/// The same behind a server that lags, or in a process that stands still: nobody can know.
const HIDDEN: &str = "\
limits ended=90000 session_timeout=1000 tick=100 round_trip=10 round_trips=10
note process=17 session=a what=connected at=0
fault what=pause target=client%201 at=900 ended=3400
op process=17 recipe=v function=picture path=/s watch=no expected=1 invoked=4000 returned=4000.1 outcome=ok reply=fresh session=a
cached process=17 recipe=v number=1 path=/s/i data=x
change zxid=1 at=1 session=e kind=create path=/s
change zxid=2 at=2 session=b kind=create path=/s/i data=x
change zxid=3 at=1000 session=b kind=delete path=/s/i
";

#[test]
fn s1_pictures_reject_what_is_called_fresh_without_contact_or_for_too_long() {
    let broken = [
        case(
            S1,
            "a picture calls itself fresh while its process knows of no connection",
            SILENT,
            "reply=stale",
            "reply=fresh",
        ),
        case(
            S1,
            "an instance that is gone is shown as fresh for too long",
            SILENT,
            "what=disconnected at=1600\nnote process=1 session=a what=connected at=3500\nfault what=half-open target=client%201 at=900 ended=3400\nop process=1 recipe=v function=picture path=/s watch=no expected=1 invoked=1500 returned=1500.1",
            "what=disconnected at=1900\nnote process=1 session=a what=connected at=3500\nfault what=half-open target=client%201 at=900 ended=3400\nop process=1 recipe=v function=picture path=/s watch=no expected=1 invoked=1800 returned=1800.1",
        ),
        case(
            S1,
            "a session that the server must have ended is shown as fresh",
            DEAF,
            "invoked=2150 returned=2150.1",
            "invoked=2250 returned=2250.1",
        ),
        case(
            S1,
            "a connection that is silent both ways is borne as one that is deaf",
            DEAF,
            "what=blackhole",
            "what=half-open",
        ),
        case(
            S1,
            "another process stood still",
            HIDDEN,
            "client%201",
            "client%202",
        ),
        case(
            S1,
            "a connection was refused, which hides nothing",
            HIDDEN,
            "what=pause",
            "what=refuse",
        ),
        case(
            S1,
            "it is long since the process stood still",
            HIDDEN,
            "ended=3400",
            "ended=3200",
        ),
    ];
    expect_each("pictures", &broken);
}
