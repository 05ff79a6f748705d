//! What the checker of effort rejects.

use zk_checkers::Property::G8;

use crate::cases::{Case, case, expect_rejections};

/// Two processes send what they may, and no more.
const BUSY: &str = "\
limits ended=5000 session_timeout=10000 tick=2000 requests_per_second=3 queued_requests=10 queued_bytes=1000
fault what=partition target=s1 at=1
note process=1 session=a what=connected at=0
note process=1 session=c what=connected at=2000
note process=1 session=a what=expired at=1999
note process=2 session=b what=connected at=0
request at=10 session=a op=ping
request at=20 session=a op=ping
request at=30 session=a op=ping
request at=30 session=b op=ping
request at=40 session=b op=ping
request at=1010 session=a op=ping
request at=1025 session=a op=ping
request at=2050 session=c op=ping
request at=2060 session=c op=ping
request at=2990 session=c op=ping
request at=3000 session=d op=connect
request at=3100 session=d op=connect
request at=3200 session=d op=connect
request at=500 op=connect
request at=600 op=connect
request at=700 op=connect
gauge at=100 process=1 queued=10 bytes=1000
gauge at=200 process=2 queued=1 bytes=10
gauge at=300 process=1
";

/// A session that makes one node for each acquire.
const NODES: &str = "\
limits ended=5000 nodes_per_grant=1
op process=1 recipe=m function=acquire path=/l invoked=1 returned=4 outcome=ok session=a reply=/l/a-0000000000 token=2
op process=1 recipe=m function=release path=/l invoked=5 returned=8 outcome=ok session=a reply=/l/a-0000000000 token=2
op process=1 recipe=m function=acquire path=/l invoked=9 returned=14 outcome=ok session=a reply=/l/b-0000000001 token=4
op process=2 recipe=m function=try_acquire path=/l invoked=10 returned=16 outcome=not_applied session=b
op process=1 recipe=m function=acquire path=/k invoked=20 outcome=pending session=a
change zxid=1 at=0.5 session=a kind=create path=/l
change zxid=2 at=2 session=a kind=create path=/l/a-0000000000 owner=a
change zxid=3 at=7 session=a kind=delete path=/l/a-0000000000
change zxid=4 at=12 session=a kind=create path=/l/b-0000000001 owner=a
change zxid=5 at=13 session=b kind=create path=/l/c-0000000002 owner=b
change zxid=6 at=15 session=b kind=delete path=/l/c-0000000002
change zxid=7 at=21 session=a kind=create path=/k
change zxid=8 at=22 session=d kind=create path=/k/d-0000000000 owner=d
change zxid=9 at=23 session=a kind=create path=/k/e-0000000001 owner=a
";

const CASES: &[Case] = &[
    case(
        G8,
        "a process sends one request more",
        BUSY,
        "request at=30 session=a op=ping\n",
        "request at=30 session=a op=ping\nrequest at=31 session=a op=ping\n",
    ),
    case(
        G8,
        "a process sends too much at once",
        BUSY,
        "request at=10 session=a op=ping\n",
        "request at=10 session=a op=ping\nrequest at=10 session=a op=ping\n",
    ),
    case(
        G8,
        "a pause between requests is too short",
        BUSY,
        "request at=1010 session=a",
        "request at=1009 session=a",
    ),
    case(
        G8,
        "a process sends too much over the turn of a second",
        BUSY,
        "request at=1025 session=a op=ping",
        "request at=1015 session=a op=ping",
    ),
    case(
        G8,
        "another process sends too much",
        BUSY,
        "request at=40 session=b op=ping\n",
        "request at=40 session=b op=ping\nrequest at=41 session=b op=sync\nrequest at=42 session=b op=sync\n",
    ),
    case(
        G8,
        "a process sends too much on two sessions",
        BUSY,
        "request at=1025 session=a op=ping",
        "request at=2025 session=a op=ping",
    ),
    case(
        G8,
        "a process sends too much on its second session",
        BUSY,
        "request at=2050 session=c op=ping\n",
        "request at=2050 session=c op=ping\nrequest at=2055 session=c op=ping\n",
    ),
    case(
        G8,
        "an unknown session sends too much",
        BUSY,
        "request at=3200 session=d op=connect\n",
        "request at=3200 session=d op=connect\nrequest at=3300 session=d op=connect\n",
    ),
    case(
        G8,
        "handshakes come in a storm",
        BUSY,
        "request at=700 op=connect\n",
        "request at=700 op=connect\nrequest at=800 op=connect\n",
    ),
    case(
        G8,
        "a handshake comes too soon",
        BUSY,
        "request at=500 op=connect\n",
        "request at=500 op=connect\nrequest at=1499 op=connect\n",
    ),
    case(
        G8,
        "a request is queued too many",
        BUSY,
        "queued=10 bytes=1000",
        "queued=11 bytes=1000",
    ),
    case(
        G8,
        "a byte is queued too many",
        BUSY,
        "queued=10 bytes=1000",
        "queued=10 bytes=1001",
    ),
    case(
        G8,
        "another process queues too much",
        BUSY,
        "queued=1 bytes=10\n",
        "queued=100 bytes=10\n",
    ),
    case(
        G8,
        "a few requests queue too many bytes",
        BUSY,
        "queued=1 bytes=10\n",
        "queued=1 bytes=10000\n",
    ),
    case(
        G8,
        "a queue does not drain",
        BUSY,
        "gauge at=300 process=1\n",
        "gauge at=300 process=1 queued=12\n",
    ),
    case(
        G8,
        "an acquire makes two nodes",
        NODES,
        "change zxid=5 at=13 session=b",
        "change zxid=4 at=12.5 session=a kind=create path=/l/x-0000000009 owner=a\nchange zxid=5 at=13 session=b",
    ),
    case(
        G8,
        "a try makes two nodes",
        NODES,
        "change zxid=6 at=15 session=b",
        "change zxid=5 at=14 session=b kind=create path=/l/y-0000000003 owner=b\nchange zxid=6 at=15 session=b",
    ),
    case(
        G8,
        "a node is made again and again",
        NODES,
        "change zxid=3 at=7",
        "change zxid=2 at=3 session=a kind=create path=/l/r-0000000007 owner=a\nchange zxid=2 at=4 session=a kind=create path=/l/r-0000000008 owner=a\nchange zxid=3 at=7",
    ),
    case(
        G8,
        "an acquire that waits makes a second node",
        NODES,
        "",
        "change zxid=10 at=24 session=a kind=create path=/k/f-0000000002 owner=a\n",
    ),
    case(
        G8,
        "a node is made after the last acquire has failed",
        NODES,
        "",
        "change zxid=10 at=24 session=b kind=create path=/l/g-0000000003 owner=b\n",
    ),
    case(
        G8,
        "a lock's nodes are made on behalf of another lock's acquires",
        NODES,
        "path=/k/e-0000000001",
        "path=/l/e-0000000001",
    ),
];

#[test]
fn every_effort_beyond_its_limit_is_rejected_and_its_twin_accepted() {
    expect_rejections("effort", CASES);
}
