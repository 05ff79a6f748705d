//! What the checker of sessions rejects.

use zk_checkers::Property::{G1, G2, G4};

use crate::cases::{Case, case, expect_rejections};

/// One process, whose session expires, and which goes on with another.
const TWO_SESSIONS: &str = "\
note process=1 session=a what=connected at=1 server=1
note process=1 session=a what=disconnected at=20
note process=1 session=a what=connected at=22 server=2
note process=1 session=a what=disconnected at=40
note process=1 session=a what=expired at=60
note process=1 session=b what=connected at=61 server=3
op process=1 function=create path=/s kind=ephemeral invoked=2 returned=4 outcome=ok session=a xid=1 at=2 czxid=2 owner=a
op process=1 function=set path=/s data=1 invoked=5 returned=7 outcome=ok session=a xid=2 seen=2 at=3 mzxid=3
op process=1 function=get path=/s invoked=8 returned=9 outcome=ok session=a xid=3 seen=3 at=3 reply=1
op process=1 function=set path=/s data=2 invoked=18 returned=20 outcome=unknown session=a xid=4 seen=3 at=3
op process=1 function=get path=/s invoked=23 returned=24 outcome=ok session=a xid=5 seen=3 at=4 reply=2
op process=1 function=exists path=/other invoked=23 returned=25 outcome=ok session=a xid=6 seen=3 at=4
op process=1 function=set path=/s data=3 deadline=38 invoked=35 returned=38 outcome=unknown session=a xid=7 seen=4 at=4
op process=1 function=get path=/s invoked=55 returned=60 outcome=not_applied session=a seen=4 error=-112
op process=1 function=create path=/s kind=ephemeral invoked=62 returned=64 outcome=ok session=b xid=1 at=6 owner=b
op process=1 function=get path=/s invoked=65 returned=66 outcome=ok session=b xid=2 seen=6 at=6
change zxid=1 at=1 session=a kind=open
change zxid=2 at=3 session=a xid=1 kind=create path=/s owner=a
change zxid=3 at=6 session=a xid=2 kind=set path=/s data=1 version=1
change zxid=4 at=19 session=a xid=4 kind=set path=/s data=2 version=2
change zxid=5 at=58 session=a kind=expire
change zxid=5 at=58 session=a kind=delete path=/s
change zxid=6 at=63 session=b xid=1 kind=create path=/s owner=b
session session=a what=opened at=1 timeout=30
session session=a what=expired at=58 zxid=5
session session=b what=opened at=61 timeout=30
";

/// Two processes, one of which is closed.
const CLOSED: &str = "\
note process=1 session=a what=connected at=1
note process=2 session=b what=connected at=1
note process=1 session=a what=closed at=20
op process=1 function=create path=/p invoked=2 returned=4 outcome=ok session=a at=1 czxid=1
op process=2 function=create path=/q kind=ephemeral invoked=3 returned=6 outcome=ok session=b at=2
op process=1 function=get path=/p invoked=7 returned=8 outcome=ok session=a seen=1 at=2
op process=1 function=get path=/p invoked=9 returned=10 outcome=ok session=a seen=2 at=2
op process=1 function=set path=/p data=1 invoked=19 returned=20 outcome=unknown session=a seen=2 at=2
op process=2 function=get path=/p invoked=30 returned=31 outcome=ok session=b seen=2 at=2
change zxid=1 at=3 session=a kind=create path=/p
change zxid=2 at=5 session=b kind=create path=/q owner=b
change zxid=3 at=21 session=a kind=close
session session=a what=closed at=21 zxid=3
";

/// A leader without a quorum gives a session up, with a write of it that is committed once the others are back. The
/// call of another process begins between two sessions.
const CUT_OFF: &str = "\
note process=1 session=a what=connected at=2
note process=1 session=a what=disconnected at=20
note process=1 session=a what=expired at=30
note process=2 session=b what=connected at=2
note process=2 session=b what=expired at=15
note process=2 session=c what=connected at=18
note process=2 session=c what=disconnected at=22
op process=1 function=set path=/s data=1 invoked=10 returned=20 outcome=unknown session=a
op process=2 function=set path=/s data=2 invoked=16 returned=22 outcome=unknown
change zxid=1 at=1 session=d kind=create path=/s
change zxid=2 at=40 session=a kind=set path=/s data=1 version=1
change zxid=3 at=41 session=a kind=expire
change zxid=5 at=43 session=a xid=9
session session=a what=expired at=25
session session=b what=expired at=14
session session=c what=opened at=17
";

const CASES: &[Case] = &[
    case(
        G1,
        "a reply is older than the one before",
        TWO_SESSIONS,
        "xid=3 seen=3 at=3",
        "xid=3 seen=3 at=2",
    ),
    case(
        G1,
        "what had been seen goes back over a reconnect",
        TWO_SESSIONS,
        "xid=5 seen=3 at=4",
        "xid=5 seen=2 at=4",
    ),
    case(
        G1,
        "a reconnect leads to a server that is behind",
        TWO_SESSIONS,
        "xid=6 seen=3 at=4",
        "xid=6 seen=3 at=2",
    ),
    case(
        G1,
        "replies of one time are not in the order of requests",
        TWO_SESSIONS,
        "xid=5 seen=3 at=4",
        "xid=5 seen=3 at=5",
    ),
    case(
        G1,
        "a request number is used twice",
        TWO_SESSIONS,
        "outcome=ok session=a xid=3",
        "outcome=ok session=a xid=2",
    ),
    case(
        G1,
        "a request number is used again after a reconnect",
        TWO_SESSIONS,
        "outcome=ok session=a xid=6",
        "outcome=ok session=a xid=4",
    ),
    case(
        G1,
        "a reply shows less than was seen when it was called",
        CLOSED,
        "seen=2 at=2\nop process=1 function=set",
        "seen=2 at=1\nop process=1 function=set",
    ),
    case(
        G1,
        "a session forgets what it has seen",
        CLOSED,
        "invoked=9 returned=10 outcome=ok session=a seen=2",
        "invoked=9 returned=10 outcome=ok session=a seen=1",
    ),
    case(
        G2,
        "a write is unknown while the connection stands",
        TWO_SESSIONS,
        "invoked=18 returned=20 outcome=unknown",
        "invoked=18 returned=19.5 outcome=unknown",
    ),
    case(
        G2,
        "a write is unknown before its time is up",
        TWO_SESSIONS,
        "deadline=38 invoked=35",
        "deadline=39 invoked=35",
    ),
    case(
        G2,
        "a write is unknown for a cut before it was called",
        TWO_SESSIONS,
        "invoked=18 returned=20 outcome=unknown",
        "invoked=20.5 returned=21 outcome=unknown",
    ),
    case(
        G2,
        "a write is unknown for the cut of another session",
        CLOSED,
        "note process=1 session=a what=closed at=20",
        "note process=2 session=b what=disconnected at=20",
    ),
    case(
        G2,
        "an answered read is called unknown",
        CLOSED,
        "invoked=9 returned=10 outcome=ok",
        "invoked=9 returned=10 outcome=unknown",
    ),
    case(
        G2,
        "a call is unknown and never returned",
        CLOSED,
        "invoked=19 returned=20 outcome=unknown",
        "invoked=19 outcome=unknown",
    ),
    case(
        G4,
        "a read is answered on an expired session",
        TWO_SESSIONS,
        "invoked=65 returned=66 outcome=ok session=b xid=2 seen=6",
        "invoked=65 returned=66 outcome=ok session=a xid=9 seen=4",
    ),
    case(
        G4,
        "a write commits after the expiry was reported",
        TWO_SESSIONS,
        "",
        "change zxid=7 at=70 session=a kind=set path=/s data=9 version=1\n",
    ),
    case(
        G4,
        "a node is made after the expiry was reported",
        TWO_SESSIONS,
        "",
        "change zxid=7 at=70 session=a kind=create path=/t\n",
    ),
    case(
        G4,
        "an expired session deletes another's node",
        TWO_SESSIONS,
        "note process=1 session=b what=connected at=61",
        "note process=1 session=c what=expired at=0.5\nsession session=c what=expired at=0.5\nchange zxid=7 at=70 session=c kind=delete path=/s\nnote process=1 session=b what=connected at=61",
    ),
    case(
        G4,
        "a write is sent on an expired session and unknown",
        TWO_SESSIONS,
        "",
        "note process=1 session=a what=disconnected at=72\nop process=1 function=set path=/s invoked=71 returned=72 outcome=unknown session=a seen=4\n",
    ),
    case(
        G4,
        "an expired session is connected again",
        TWO_SESSIONS,
        "note process=1 session=b what=connected at=61 server=3",
        "note process=1 session=a what=connected at=61 server=3",
    ),
    case(
        G4,
        "another session id is taken for a reconnect",
        TWO_SESSIONS,
        "note process=1 session=a what=connected at=22",
        "note process=1 session=c what=connected at=22",
    ),
    case(
        G4,
        "a new session takes the place of an old one in silence",
        TWO_SESSIONS,
        "note process=1 session=a what=expired at=60\n",
        "",
    ),
    case(
        G4,
        "an expiry is reported of a session that lives",
        TWO_SESSIONS,
        "session session=a what=expired at=58 zxid=5\n",
        "",
    ),
    case(
        G4,
        "an expiry is reported before the servers gave the session up",
        TWO_SESSIONS,
        "session session=a what=expired at=58",
        "session session=a what=expired at=60.5",
    ),
    case(
        G4,
        "the old session's node is taken for the new one's",
        TWO_SESSIONS,
        "outcome=ok session=b xid=1 at=6 owner=b",
        "outcome=ok session=b xid=1 at=4 owner=a",
    ),
    case(
        G4,
        "another process's node is taken for one's own",
        CLOSED,
        "create path=/p invoked=2 returned=4 outcome=ok session=a at=1 czxid=1",
        "create path=/q kind=ephemeral invoked=2 returned=4 outcome=ok session=a at=1 czxid=2",
    ),
    case(
        G4,
        "a closed client is connected again",
        CLOSED,
        "",
        "note process=1 session=a what=connected at=25\n",
    ),
    case(
        G4,
        "a write is called after the expiry was reported and commits before the end",
        CUT_OFF,
        "invoked=10 returned=20 outcome=unknown",
        "invoked=31 returned=32 outcome=cancelled",
    ),
    case(
        G4,
        "a write commits after the expiry was reported and after the end",
        CUT_OFF,
        "change zxid=2 at=40",
        "change zxid=4 at=42",
    ),
    case(
        G4,
        "what was refused behind the end is carried out after all",
        CUT_OFF,
        "change zxid=5 at=43 session=a xid=9",
        "change zxid=5 at=43 session=a xid=9 kind=set path=/s data=3 version=2",
    ),
    case(
        G4,
        "a write commits after an expiry that the servers know nothing of yet",
        CUT_OFF,
        "session session=a what=expired at=25",
        "session session=a what=expired at=35",
    ),
    case(
        G2,
        "a call between two sessions is unknown while the next one's connection stands",
        CUT_OFF,
        "note process=2 session=c what=disconnected at=22",
        "note process=2 session=c what=disconnected at=23",
    ),
    case(
        G2,
        "a call between two sessions is unknown for another process's cut",
        CUT_OFF,
        "note process=2 session=c what=disconnected at=22",
        "note process=3 session=c what=disconnected at=22",
    ),
    case(
        G1,
        "a reply goes back where it is not recorded what was seen",
        CLOSED,
        "invoked=9 returned=10 outcome=ok session=a seen=2 at=2",
        "invoked=9 returned=10 outcome=ok session=a at=1",
    ),
];

#[test]
fn every_illegal_session_history_is_rejected_for_its_property_and_its_twin_accepted() {
    expect_rejections("sessions", CASES);
}
