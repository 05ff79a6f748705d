//! What the checker of leaks rejects.

use zk_checkers::Property::G5;

use crate::cases::{Case, case, expect_rejections};

/// Everything is back to its baseline; one process was closed, one crashed, one runs on.
const CLEAN: &str = "\
limits ended=90000 session_timeout=10000 tick=2000 election=1000 round_trip=5 round_trips=4
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
note process=3 session=c what=connected at=0
note process=1 session=a what=closed at=100
note process=2 session=b what=crashed at=100
change zxid=1 at=1 session=a kind=create path=/k
change zxid=2 at=2 session=a kind=create path=/k/a owner=a
change zxid=3 at=3 session=b kind=create path=/k/b owner=b
change zxid=4 at=4 session=c kind=create path=/k/c owner=c
change zxid=5 at=99 session=a kind=close
change zxid=5 at=99 session=a kind=delete path=/k/a
change zxid=6 at=11000 session=b kind=expire
change zxid=6 at=11000 session=b kind=delete path=/k/b
gauge at=50 process=1 queued=3 bytes=100
gauge at=101 process=1
gauge at=200 process=3 queued=2 bytes=50
left path=/k count=1 declared=yes
left what=watch path=/k count=2 baseline=2
left what=connection process=1 baseline=1
left what=connection count=1 baseline=1
left what=task process=1
left what=task process=3 count=4 baseline=4
left what=descriptor count=9 baseline=9
left what=request process=1
left what=bytes count=4096 baseline=4096
";

/// A session that ends at its client's request with two nodes.
const CLOSING: &str = "\
limits ended=60000 session_timeout=10000 tick=2000
note process=1 session=a what=connected at=0
note process=1 session=a what=expired at=20000
note process=1 session=b what=connected at=20001
note process=1 session=b what=closed at=30000
change zxid=1 at=1 session=a kind=create path=/old owner=a
change zxid=2 at=19000 session=a kind=expire
change zxid=2 at=19000 session=a kind=delete path=/old
change zxid=3 at=20002 session=b kind=create path=/new owner=b
change zxid=4 at=29999 session=b kind=close
change zxid=4 at=29999 session=b kind=delete path=/new
session session=a what=expired at=19000
left what=watch session=b path=/new
left what=request process=1
";

const CASES: &[Case] = &[
    case(
        G5,
        "a persistent node is left that nobody declared",
        CLEAN,
        "left path=/k count=1 declared=yes",
        "left path=/k count=1",
    ),
    case(
        G5,
        "an ephemeral node is left on the server",
        CLEAN,
        "left path=/k count=1 declared=yes\n",
        "left path=/k count=1 declared=yes\nleft path=/k/a session=a\n",
    ),
    case(
        G5,
        "a lock node of a failed acquire is left",
        CLEAN,
        "",
        "left path=/k/lock-0000000003 session=c count=1\n",
    ),
    case(
        G5,
        "a watch is left",
        CLEAN,
        "left what=watch path=/k count=2",
        "left what=watch path=/k count=3",
    ),
    case(
        G5,
        "a watch is left where none was",
        CLEAN,
        "",
        "left what=watch path=/k/b session=c count=1\n",
    ),
    case(
        G5,
        "a connection of a closed client is left",
        CLEAN,
        "left what=connection process=1 baseline=1",
        "left what=connection process=1 count=2 baseline=1",
    ),
    case(
        G5,
        "a connection is left on the server",
        CLEAN,
        "left what=connection count=1",
        "left what=connection count=2",
    ),
    case(
        G5,
        "a task outlives its client",
        CLEAN,
        "left what=task process=1",
        "left what=task process=1 count=1",
    ),
    case(
        G5,
        "a running client gathers tasks",
        CLEAN,
        "left what=task process=3 count=4",
        "left what=task process=3 count=5",
    ),
    case(
        G5,
        "a descriptor stays open",
        CLEAN,
        "left what=descriptor count=9",
        "left what=descriptor count=10",
    ),
    case(
        G5,
        "a request of a closed client stays queued",
        CLEAN,
        "left what=request process=1",
        "left what=request process=1 count=1",
    ),
    case(
        G5,
        "memory grows",
        CLEAN,
        "left what=bytes count=4096",
        "left what=bytes count=4097",
    ),
    case(
        G5,
        "a closed client keeps requests",
        CLEAN,
        "gauge at=101 process=1",
        "gauge at=101 process=1 queued=1",
    ),
    case(
        G5,
        "a closed client keeps bytes",
        CLEAN,
        "gauge at=101 process=1",
        "gauge at=101 process=1 bytes=1",
    ),
    case(
        G5,
        "a closed client's node stays",
        CLEAN,
        "change zxid=5 at=99 session=a kind=close\nchange zxid=5 at=99 session=a kind=delete path=/k/a\n",
        "",
    ),
    case(
        G5,
        "a closed client's node stays too long",
        CLEAN,
        "change zxid=5 at=99 session=a kind=close\nchange zxid=5 at=99 session=a kind=delete path=/k/a\n",
        "change zxid=5 at=14000 session=a kind=close\nchange zxid=5 at=14000 session=a kind=delete path=/k/a\n",
    ),
    case(
        G5,
        "a crashed client's node stays",
        CLEAN,
        "change zxid=6 at=11000 session=b kind=expire\nchange zxid=6 at=11000 session=b kind=delete path=/k/b\n",
        "",
    ),
    case(
        G5,
        "a crashed client's node stays longer than its session may",
        CLEAN,
        "change zxid=6 at=11000 session=b kind=expire\nchange zxid=6 at=11000 session=b kind=delete path=/k/b\n",
        "change zxid=6 at=13500 session=b kind=expire\nchange zxid=6 at=13500 session=b kind=delete path=/k/b\n",
    ),
    case(
        G5,
        "a node outlives its session's expiry",
        CLOSING,
        "change zxid=2 at=19000 session=a kind=delete path=/old\n",
        "",
    ),
    case(
        G5,
        "a node outlives its session's close",
        CLOSING,
        "change zxid=4 at=29999 session=b kind=delete path=/new\n",
        "",
    ),
    case(
        G5,
        "a watch outlives its session",
        CLOSING,
        "left what=watch session=b path=/new",
        "left what=watch session=b path=/new count=1",
    ),
    case(
        G5,
        "a second session's node stays after the close",
        CLOSING,
        "change zxid=4 at=29999 session=b kind=close\nchange zxid=4 at=29999 session=b kind=delete path=/new\n",
        "",
    ),
];

#[test]
fn every_leak_is_rejected_and_its_twin_accepted() {
    expect_rejections("leaks", CASES);
}
