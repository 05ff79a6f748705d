//! What the checker of registers rejects.

use zk_checkers::Property::{G1, G2, Read, Record};

use crate::cases::{Case, case, expect_rejections};

/// Two sessions and one node: session b reads from a server that lags.
const LAGGING_READS: &str = "\
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 function=create path=/r data=v0 invoked=1 returned=3 outcome=ok session=a at=1 czxid=1
op process=1 function=set path=/r data=v1 expected=0 invoked=4 returned=6 outcome=ok session=a seen=1 at=2 version=1 mzxid=2
op process=2 function=get path=/r invoked=6 returned=8 outcome=ok session=b at=1 reply=v0 version=0 czxid=1 mzxid=1
op process=2 function=set path=/r data=v2 expected=1 invoked=9 returned=11 outcome=ok session=b seen=1 at=3 version=2 mzxid=3
op process=2 function=get path=/r invoked=12 returned=14 outcome=ok session=b seen=3 at=3 reply=v2 version=2 mzxid=3
op process=1 function=get path=/r invoked=13 returned=15 outcome=ok session=a seen=2 at=2 reply=v1 version=1 mzxid=2
op process=1 function=exists path=/none invoked=16 returned=17 outcome=ok session=a seen=2 at=3
op process=1 function=set path=/r data=v9 expected=0 invoked=18 returned=19 outcome=not_applied error=-103 session=a seen=3 at=4
op process=1 function=create path=/r data=v9 invoked=20 returned=21 outcome=not_applied error=-110 session=a seen=4 at=5
change zxid=1 at=2 session=a kind=create path=/r data=v0
change zxid=2 at=5 session=a kind=set path=/r data=v1 version=1
change zxid=3 at=10 session=b kind=set path=/r data=v2 version=2
change zxid=4 at=18 session=a
change zxid=5 at=20 session=a
";

/// A node's children, and a node that is deleted and made again.
const CHILDREN: &str = "\
op process=1 function=create path=/d invoked=1 returned=3 outcome=ok session=a xid=1 at=1 czxid=1
op process=1 function=create path=/d/n- sequential=yes invoked=4 returned=6 outcome=ok session=a xid=2 seen=1 at=2 reply=/d/n-0000000000
op process=1 function=create path=/d/x data=one invoked=7 returned=9 outcome=ok session=a xid=3 seen=2 at=3 czxid=3
op process=1 function=children path=/d invoked=10 returned=11 outcome=ok session=a xid=4 seen=3 at=3 reply=n-0000000000,x
op process=2 function=children path=/d invoked=10 returned=11 outcome=ok session=b at=2 reply=n-0000000000
op process=1 function=delete path=/d/x expected=0 invoked=12 returned=14 outcome=ok session=a xid=5 seen=3 at=4
op process=1 function=get path=/d/x invoked=15 returned=16 outcome=not_applied error=-101 session=a xid=6 seen=4 at=4
op process=1 function=create path=/d/x data=two invoked=17 returned=19 outcome=ok session=a xid=7 seen=4 at=5 czxid=5
op process=1 function=get path=/d/x invoked=20 returned=21 outcome=ok session=a xid=8 seen=5 at=5 reply=two version=0 czxid=5 mzxid=5
op process=2 function=children path=/d invoked=21 returned=22 outcome=ok session=b seen=2 at=5 reply=n-0000000000,x
op process=1 function=delete path=/d/x expected=3 invoked=23 returned=24 outcome=not_applied error=-103 session=a xid=9 seen=5 at=6
change zxid=1 at=2 session=a xid=1 kind=create path=/d
change zxid=2 at=5 session=a xid=2 kind=create path=/d/n-0000000000
change zxid=3 at=8 session=a xid=3 kind=create path=/d/x data=one
change zxid=4 at=13 session=a xid=5 kind=delete path=/d/x
change zxid=5 at=18 session=a xid=7 kind=create path=/d/x data=two
change zxid=6 at=23 session=a xid=9
";

/// Writes whose answers were lost: one had been applied, one had not.
const LOST_ANSWERS: &str = "\
note process=1 session=a what=connected at=0
note process=1 session=a what=disconnected at=6
note process=1 session=a what=connected at=7
note process=1 session=a what=disconnected at=11
note process=1 session=a what=connected at=12
op process=1 function=create path=/u data=v0 invoked=1 returned=3 outcome=ok session=a at=1
op process=1 function=set path=/u data=v1 invoked=4 returned=6 outcome=unknown session=a seen=1 at=1
op process=1 function=set path=/u data=v2 invoked=9 returned=11 outcome=unknown session=a seen=2 at=2
op process=1 function=set path=/u data=v3 invoked=13 returned=15 outcome=not_applied session=a seen=2 at=2
op process=1 function=get path=/u invoked=16 returned=17 outcome=ok session=a seen=2 at=3 reply=v1 version=1 mzxid=2
change zxid=1 at=2 session=a kind=create path=/u data=v0
change zxid=2 at=5 session=a kind=set path=/u data=v1 version=1
change zxid=3 at=6 session=e kind=expire
change zxid=4 at=20 session=c kind=create path=/e owner=c
change zxid=5 at=21 session=c kind=close
change zxid=5 at=21 session=c kind=delete path=/e
";

/// A dead session's nodes go one by one: a read in between shows one of them gone.
const LINGERING: &str = "\
op process=1 function=children path=/d invoked=4 returned=5 outcome=ok session=a at=3 reply=x,y
op process=1 function=children path=/d invoked=6 returned=7 outcome=ok session=a seen=3 at=3 reply=y
op process=1 function=exists path=/d/x invoked=6 returned=7 outcome=ok session=a seen=3 at=3
op process=2 function=children path=/d invoked=8 returned=9 outcome=ok session=b seen=4 at=4
change zxid=1 at=1 session=c kind=create path=/d
change zxid=2 at=2 session=d kind=create path=/d/x owner=d
change zxid=3 at=3 session=d kind=create path=/d/y owner=d
change zxid=4 at=6 session=d kind=expire
change zxid=4 at=6 session=d kind=delete path=/d/x
change zxid=4 at=6 session=d kind=delete path=/d/y
";

const CASES: &[Case] = &[
    case(
        Read,
        "a read answers data that was never written",
        LAGGING_READS,
        "reply=v0 version=0",
        "reply=vx version=0",
    ),
    case(
        Read,
        "a read answers old data with a new version",
        LAGGING_READS,
        "reply=v1 version=1",
        "reply=v0 version=1",
    ),
    case(
        Read,
        "a read answers a version that is not yet there",
        LAGGING_READS,
        "at=1 reply=v0 version=0 czxid=1 mzxid=1",
        "at=1 reply=v2 version=2 czxid=1 mzxid=3",
    ),
    case(
        G1,
        "a read does not see the session's own write",
        LAGGING_READS,
        "seen=3 at=3 reply=v2 version=2 mzxid=3",
        "seen=3 at=3 reply=v1 version=1 mzxid=2",
    ),
    case(
        G1,
        "a read's reply is older than what the session has seen",
        LAGGING_READS,
        "seen=2 at=2 reply=v1 version=1 mzxid=2",
        "seen=2 at=1 reply=v0 version=0 mzxid=1",
    ),
    case(
        Read,
        "a read answers another creation zxid",
        LAGGING_READS,
        "czxid=1 mzxid=1",
        "czxid=2 mzxid=1",
    ),
    case(
        Read,
        "a read answers an owner that a persistent node does not have",
        LAGGING_READS,
        "czxid=1 mzxid=1",
        "czxid=1 mzxid=1 owner=b",
    ),
    case(
        Read,
        "exists denies a node that is there",
        LAGGING_READS,
        "path=/none",
        "path=/r",
    ),
    case(
        Read,
        "exists affirms a node that never was",
        LAGGING_READS,
        "outcome=ok session=a seen=2 at=3\n",
        "outcome=ok session=a seen=2 at=3 version=0\n",
    ),
    case(
        Read,
        "a write is refused for a version that the node had",
        LAGGING_READS,
        "data=v9 expected=0",
        "data=v9 expected=2",
    ),
    case(
        Read,
        "a create is refused for a node that never was",
        LAGGING_READS,
        "create path=/r data=v9",
        "create path=/q data=v9",
    ),
    case(
        Read,
        "a write is done on a version that it did not ask for",
        LAGGING_READS,
        "data=v2 expected=1",
        "data=v2 expected=0",
    ),
    case(
        Read,
        "a write answers another version than its transaction's",
        LAGGING_READS,
        "seen=1 at=3 version=2 mzxid=3",
        "seen=1 at=3 version=1 mzxid=3",
    ),
    case(
        Read,
        "a write answers another zxid than its transaction's",
        LAGGING_READS,
        "seen=1 at=2 version=1 mzxid=2",
        "seen=1 at=2 version=1 mzxid=1",
    ),
    case(
        G2,
        "a write is reported done and is not in the log",
        LAGGING_READS,
        "change zxid=3 at=10 session=b",
        "change zxid=3 at=10 session=c",
    ),
    case(
        G2,
        "a refused write is in the log",
        LAGGING_READS,
        "change zxid=4 at=18 session=a\n",
        "change zxid=4 at=18 session=a kind=set path=/r data=v9 version=3\n",
    ),
    case(
        G2,
        "a write is committed before it was called",
        LAGGING_READS,
        "data=v2 expected=1 invoked=9",
        "data=v2 expected=1 invoked=10.5",
    ),
    case(
        G2,
        "a write is committed after it had returned",
        LAGGING_READS,
        "data=v1 expected=0 invoked=4 returned=6",
        "data=v1 expected=0 invoked=4 returned=4.5",
    ),
    case(
        Record,
        "the log skips a version",
        LAGGING_READS,
        "path=/r data=v1 version=1\n",
        "path=/r data=v1 version=1\nchange zxid=2 at=5 session=f kind=set path=/r data=f version=3\nchange zxid=2 at=5 session=f kind=set path=/r data=v1 version=4\nchange zxid=2 at=5 session=f kind=set path=/r data=v1 version=1\n",
    ),
    case(
        Record,
        "the log makes a node twice",
        LAGGING_READS,
        "change zxid=5 at=20 session=a\n",
        "change zxid=5 at=20 session=d kind=create path=/r\n",
    ),
    case(
        Record,
        "the log goes back in its order",
        LAGGING_READS,
        "change zxid=5 at=20",
        "change zxid=3 at=20",
    ),
    case(
        Record,
        "the log deletes a node that is not there",
        LAGGING_READS,
        "change zxid=5 at=20 session=a\n",
        "change zxid=5 at=20 session=d kind=delete path=/none\n",
    ),
    case(
        Read,
        "a list misses a child that is there",
        CHILDREN,
        "seen=3 at=3 reply=n-0000000000,x",
        "seen=3 at=3 reply=x",
    ),
    case(
        Read,
        "a list has a child that is not yet there",
        CHILDREN,
        "at=2 reply=n-0000000000",
        "at=2 reply=n-0000000000,x",
    ),
    case(
        G1,
        "a list goes back to before the session's own create",
        CHILDREN,
        "seen=3 at=3 reply=n-0000000000,x",
        "seen=3 at=3 reply=n-0000000000",
    ),
    case(
        Read,
        "a list has a child that never was",
        CHILDREN,
        "seen=2 at=5 reply=n-0000000000,x",
        "seen=2 at=5 reply=n-0000000000,x,y",
    ),
    case(
        Read,
        "a node made again keeps its old creation zxid",
        CHILDREN,
        "reply=two version=0 czxid=5",
        "reply=two version=0 czxid=3",
    ),
    case(
        G1,
        "a node made again is read with its old data",
        CHILDREN,
        "reply=two version=0 czxid=5 mzxid=5",
        "reply=one version=0 czxid=3 mzxid=3",
    ),
    case(
        Read,
        "a read denies a node between its makings, too late",
        CHILDREN,
        "error=-101 session=a xid=6 seen=4 at=4",
        "error=-101 session=a xid=6 seen=5 at=5",
    ),
    case(
        Read,
        "a delete is refused for the version that the node has",
        CHILDREN,
        "delete path=/d/x expected=3",
        "delete path=/d/x expected=0",
    ),
    case(
        Read,
        "a delete is done on a version that it did not ask for",
        CHILDREN,
        "delete path=/d/x expected=0",
        "delete path=/d/x expected=1",
    ),
    case(
        Read,
        "a sequential create answers another name than it made",
        CHILDREN,
        "reply=/d/n-0000000000\n",
        "reply=/d/n-0000000007\n",
    ),
    case(
        G2,
        "a delete is reported done and is another session's",
        CHILDREN,
        "change zxid=4 at=13 session=a",
        "change zxid=4 at=13 session=b",
    ),
    case(
        G2,
        "a sequential create is applied twice",
        CHILDREN,
        "change zxid=6 at=23 session=a xid=9\n",
        "change zxid=6 at=23 session=a xid=2 kind=create path=/d/n-0000000001\n",
    ),
    case(
        G2,
        "an unknown write is applied twice",
        LOST_ANSWERS,
        "",
        "change zxid=6 at=22 session=a kind=set path=/u data=v1 version=2\n",
    ),
    case(
        G2,
        "a write that was reported not applied is",
        LOST_ANSWERS,
        "",
        "change zxid=6 at=22 session=a kind=set path=/u data=v3 version=2\n",
    ),
    case(
        Read,
        "a read shows an unknown write that was not applied",
        LOST_ANSWERS,
        "reply=v1 version=1 mzxid=2",
        "reply=v2 version=2 mzxid=3",
    ),
    case(
        Record,
        "the end of a session leaves its ephemeral",
        LOST_ANSWERS,
        "change zxid=5 at=21 session=c kind=delete path=/e\n",
        "",
    ),
    case(
        G1,
        "a dead session's node shows after a reply said that the session was over",
        LINGERING,
        "seen=4 at=4\n",
        "seen=4 at=4 reply=y\n",
    ),
    case(
        Read,
        "a list shows more than the ends of a dead session's nodes",
        LINGERING,
        "seen=3 at=3 reply=y",
        "seen=3 at=3 reply=z",
    ),
    case(
        G1,
        "a dead session's end is seen, and then a reply of before it",
        LINGERING,
        "seen=4 at=4\n",
        "seen=4 at=3\n",
    ),
    case(
        G1,
        "a dead session's end is seen, and then a read of before it",
        LINGERING,
        "op process=2 function=children path=/d invoked=8 returned=9 outcome=ok session=b seen=4 at=4",
        "op process=2 function=exists path=/d/x invoked=8 returned=9 outcome=ok session=b seen=4 at=3",
    ),
    case(
        G1,
        "exists goes back to before a node was made, which is deleted only later",
        CHILDREN,
        "op process=2 function=children path=/d invoked=10 returned=11 outcome=ok session=b at=2 reply=n-0000000000",
        "op process=2 function=exists path=/d/x invoked=10 returned=11 outcome=ok session=b seen=3 at=3",
    ),
];

#[test]
fn every_illegal_register_history_is_rejected_for_its_property_and_its_twin_accepted() {
    expect_rejections("registers", CASES);
}
