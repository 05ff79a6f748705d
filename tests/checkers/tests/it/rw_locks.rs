//! What the checkers reject of readers and writers.

use zk_checkers::Property::{L1, L2, L5, L6, L7, L8, L9, L10};

use crate::cases::{Case, case, expect_each};

/// Two readers read together; a writer follows, reads on in its place while another writer waits, and lets a reader in.
const SHARED: &str = "\
limits ended=90000 session_timeout=10000 tick=2000 election=1000 round_trip=5 round_trips=4 clock_ppm=500 lateness=100
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
note process=3 session=c what=connected at=0
note process=4 session=d what=connected at=0
op process=1 recipe=/l function=read_lock path=/l invoked=1 returned=4 outcome=ok session=a reply=/l/a-READ-0000000000 token=2
op process=2 recipe=/l function=try_read_lock path=/l invoked=2 returned=5 outcome=ok session=b reply=/l/b-READ-0000000001 token=3
op process=3 recipe=/l function=write_lock path=/l invoked=6 returned=40 outcome=ok session=c reply=/l/c-WRIT-0000000002 token=4
op process=4 recipe=/l function=write_lock path=/l invoked=8 returned=90 outcome=ok session=d reply=/l/d-WRIT-0000000003 token=5
op process=1 recipe=/l function=release path=/l invoked=20 returned=24 outcome=ok session=a reply=/l/a-READ-0000000000 token=2
op process=2 recipe=/l function=release path=/l invoked=30 returned=34 outcome=ok session=b reply=/l/b-READ-0000000001 token=3
op process=3 recipe=/l function=downgrade path=/l from=/l/c-WRIT-0000000002 invoked=50 returned=54 outcome=ok session=c reply=/l/c2-READ-0000000002 token=8
op process=2 recipe=/l function=read_lock path=/l invoked=60 returned=110 outcome=ok session=b reply=/l/b2-READ-0000000004 token=a
op process=1 recipe=/l function=try_write_lock path=/l invoked=61 returned=66 outcome=not_applied session=a
op process=3 recipe=/l function=release path=/l invoked=80 returned=84 outcome=ok session=c reply=/l/c2-READ-0000000002 token=8
op process=4 recipe=/l function=release path=/l invoked=100 returned=104 outcome=ok session=d reply=/l/d-WRIT-0000000003 token=5
op process=2 recipe=/l function=release path=/l invoked=120 returned=124 outcome=ok session=b reply=/l/b2-READ-0000000004 token=a
belief process=1 recipe=/l lock=/l token=2 node=/l/a-READ-0000000000 session=a at=4
belief process=1 recipe=/l lock=/l token=2 node=/l/a-READ-0000000000 session=a says=released at=20
belief process=2 recipe=/l lock=/l token=3 node=/l/b-READ-0000000001 session=b at=5
belief process=2 recipe=/l lock=/l token=3 node=/l/b-READ-0000000001 session=b says=released at=30
belief process=3 recipe=/l lock=/l token=4 node=/l/c-WRIT-0000000002 session=c at=40
belief process=3 recipe=/l lock=/l token=4 node=/l/c-WRIT-0000000002 session=c says=released at=50
belief process=3 recipe=/l lock=/l token=8 node=/l/c2-READ-0000000002 session=c at=54
belief process=3 recipe=/l lock=/l token=8 node=/l/c2-READ-0000000002 session=c says=released at=80
belief process=4 recipe=/l lock=/l token=5 node=/l/d-WRIT-0000000003 session=d at=90
belief process=4 recipe=/l lock=/l token=5 node=/l/d-WRIT-0000000003 session=d says=released at=100
belief process=2 recipe=/l lock=/l token=a node=/l/b2-READ-0000000004 session=b at=110
belief process=2 recipe=/l lock=/l token=a node=/l/b2-READ-0000000004 session=b says=released at=120
change zxid=1 at=0.5 session=e kind=create path=/l
change zxid=2 at=2 session=a kind=create path=/l/a-READ-0000000000 owner=a
change zxid=3 at=3 session=b kind=create path=/l/b-READ-0000000001 owner=b
change zxid=4 at=7 session=c kind=create path=/l/c-WRIT-0000000002 owner=c
change zxid=5 at=9 session=d kind=create path=/l/d-WRIT-0000000003 owner=d
change zxid=6 at=22 session=a kind=delete path=/l/a-READ-0000000000
change zxid=7 at=32 session=b kind=delete path=/l/b-READ-0000000001
change zxid=8 at=52 session=c kind=create path=/l/c2-READ-0000000002 owner=c
change zxid=9 at=55 session=c kind=delete path=/l/c-WRIT-0000000002
change zxid=a at=62 session=b kind=create path=/l/b2-READ-0000000004 owner=b
change zxid=b at=64 session=a kind=create path=/l/a2-WRIT-0000000005 owner=a
change zxid=c at=67 session=a kind=delete path=/l/a2-WRIT-0000000005
change zxid=d at=82 session=c kind=delete path=/l/c2-READ-0000000002
change zxid=e at=102 session=d kind=delete path=/l/d-WRIT-0000000003
change zxid=f at=122 session=b kind=delete path=/l/b2-READ-0000000004
watch session=c path=/l/b-READ-0000000001 mode=once at=8 zxid=5
watch session=d path=/l/c-WRIT-0000000002 mode=once at=10 zxid=5
watch session=c path=/l/b-READ-0000000001 mode=once did=fired what=deleted at=32 zxid=7
watch session=d path=/l/c-WRIT-0000000002 mode=once did=fired what=deleted at=55 zxid=9
";

/// A writer goes, and two readers behind it come in at once; a third of them waits for the next writer.
const GROUP: &str = "\
limits ended=90000 session_timeout=10000 tick=2000
op process=1 recipe=/l function=write_lock path=/l invoked=1 returned=4 outcome=ok session=a reply=/l/a-WRIT-0000000000 token=2
op process=2 recipe=/l function=read_lock path=/l invoked=2 returned=25 outcome=ok session=b reply=/l/b-READ-0000000001 token=3
op process=3 recipe=/l function=read_lock path=/l invoked=3 returned=26 outcome=ok session=c reply=/l/c-READ-0000000002 token=4
op process=4 recipe=/l function=write_lock path=/l invoked=4 returned=44 outcome=ok session=d reply=/l/d-WRIT-0000000003 token=5
op process=1 recipe=/l function=release path=/l invoked=20 returned=24 outcome=ok session=a reply=/l/a-WRIT-0000000000 token=2
op process=2 recipe=/l function=release path=/l invoked=30 returned=34 outcome=ok session=b reply=/l/b-READ-0000000001 token=3
op process=3 recipe=/l function=release path=/l invoked=40 returned=43 outcome=ok session=c reply=/l/c-READ-0000000002 token=4
change zxid=1 at=0.5 session=e kind=create path=/l
change zxid=2 at=2 session=a kind=create path=/l/a-WRIT-0000000000 owner=a
change zxid=3 at=5 session=b kind=create path=/l/b-READ-0000000001 owner=b
change zxid=4 at=6 session=c kind=create path=/l/c-READ-0000000002 owner=c
change zxid=5 at=7 session=d kind=create path=/l/d-WRIT-0000000003 owner=d
change zxid=6 at=22 session=a kind=delete path=/l/a-WRIT-0000000000
change zxid=7 at=32 session=b kind=delete path=/l/b-READ-0000000001
change zxid=8 at=42 session=c kind=delete path=/l/c-READ-0000000002
watch session=b path=/l/a-WRIT-0000000000 mode=once at=8 zxid=5
watch session=c path=/l/a-WRIT-0000000000 mode=once at=9 zxid=5
watch session=b path=/l/a-WRIT-0000000000 mode=once did=fired what=deleted at=22 zxid=6
watch session=c path=/l/a-WRIT-0000000000 mode=once did=fired what=deleted at=22 zxid=6
";

const CASES: &[Case] = &[
    case(
        L1,
        "a writer is granted beside a reader",
        GROUP,
        "invoked=4 returned=44 outcome=ok",
        "invoked=4 returned=41 outcome=ok",
    ),
    case(
        L1,
        "a reader is granted beside a writer",
        GROUP,
        "invoked=2 returned=25 outcome=ok",
        "invoked=2 returned=21 outcome=ok",
    ),
    case(
        L1,
        "a writer gets in between a writer and the reader that it becomes",
        SHARED,
        "path=/l invoked=8 returned=90 outcome=ok",
        "path=/l invoked=8 returned=51 outcome=ok",
    ),
    case(
        L1,
        "a writer is granted beside the reader that another writer has become",
        SHARED,
        "path=/l invoked=8 returned=90 outcome=ok",
        "path=/l invoked=8 returned=70 outcome=ok",
    ),
    case(
        L8,
        "a reader passes a writer that waits",
        GROUP,
        "invoked=4 returned=44 outcome=ok session=d reply=/l/d-WRIT-0000000003 token=5\n",
        "invoked=4 outcome=pending session=d\n\
         op process=5 recipe=/l function=read_lock path=/l invoked=10 returned=45 outcome=ok session=f reply=/l/f-READ-0000000004 token=f\n\
         change zxid=f at=43 session=f kind=create path=/l/f-READ-0000000004 owner=f\n",
    ),
    case(
        L2,
        "a reader that a writer has become has a token of nobody's",
        SHARED,
        "reply=/l/c2-READ-0000000002 token=8\nop process=2",
        "reply=/l/c2-READ-0000000002 token=9\nop process=2",
    ),
    case(
        L5,
        "a writer believes to hold while a reader does",
        SHARED,
        "session=a says=released at=20",
        "session=a says=released at=45",
    ),
    case(
        L6,
        "a reader's node goes and nobody gave it back",
        GROUP,
        "op process=3 recipe=/l function=release path=/l invoked=40 returned=43 outcome=ok session=c reply=/l/c-READ-0000000002 token=4\n",
        "",
    ),
    case(
        L7,
        "a writer reads on by a node that was there before",
        SHARED,
        "from=/l/c-WRIT-0000000002 invoked=50",
        "from=/l/c-WRIT-0000000002 invoked=53",
    ),
    case(
        L9,
        "the end of a writer wakes a reader and a writer",
        GROUP,
        "",
        "watch session=d path=/l/a-WRIT-0000000000 mode=once at=9 zxid=5\n\
         watch session=d path=/l/a-WRIT-0000000000 mode=once did=fired what=deleted at=22 zxid=6\n",
    ),
    case(
        L10,
        "a writer that only tried leaves its node",
        SHARED,
        "change zxid=c at=67 session=a kind=delete path=/l/a2-WRIT-0000000005\n",
        "",
    ),
];

#[test]
fn every_illegal_history_of_readers_and_writers_is_rejected_and_its_twin_accepted() {
    expect_each("locks", CASES);
}
