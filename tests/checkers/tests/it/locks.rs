//! What the checker of locks rejects.

use zk_checkers::Property::{L1, L2, L3, L4, L5, L6, L7, L8, L9, L10, L11, L13};
use zk_checkers::{History, check};

use crate::cases::{Case, case, expect_rejections};

/// Two processes take a lock one after the other; the first uses a fenced resource and writes
/// guarded by its hold.
const HANDOVER: &str = "\
limits ended=90000 session_timeout=10000 tick=2000 election=1000 round_trip=5 round_trips=4 clock_ppm=500 lateness=100 requests_per_handover=3
clock process=2 fast_ppm=-400
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 recipe=m function=acquire path=/l invoked=1 returned=4 outcome=ok session=a at=3 reply=/l/x-0000000000 token=2
op process=2 recipe=m function=acquire path=/l invoked=2 returned=40 outcome=ok session=b at=6 reply=/l/y-0000000001 token=3
op process=1 recipe=m function=set path=/data data=1 guard=/l/x-0000000000 token=2 invoked=10 returned=12 outcome=ok session=a at=5 version=1
op process=1 recipe=m function=reenter path=/l invoked=14 returned=15 outcome=ok session=a reply=/l/x-0000000000 token=2
op process=1 recipe=m function=release path=/l invoked=30 returned=34 outcome=ok session=a at=6 reply=/l/x-0000000000 token=2
op process=2 recipe=m function=release path=/l invoked=60 returned=64 outcome=ok session=b at=7 reply=/l/y-0000000001 token=3
belief process=1 recipe=m lock=/l token=2 node=/l/x-0000000000 session=a at=4
belief process=1 recipe=m lock=/l token=2 node=/l/x-0000000000 session=a says=released at=30
belief process=2 recipe=m lock=/l token=3 node=/l/y-0000000001 session=b at=40 safe_for=5
belief process=2 recipe=m lock=/l token=3 node=/l/y-0000000001 session=b says=safe at=44 safe_for=5000
belief process=2 recipe=m lock=/l token=3 node=/l/y-0000000001 session=b says=released at=60
access process=1 recipe=m resource=disk token=2 checked=yes accepted=yes at=20
access process=2 recipe=m resource=disk token=3 checked=yes accepted=yes at=45
access process=1 recipe=m resource=disk token=2 checked=yes at=50
change zxid=1 at=0.5 session=c kind=create path=/l
change zxid=1 at=0.5 session=c kind=create path=/data
change zxid=2 at=2 session=a kind=create path=/l/x-0000000000 owner=a
change zxid=3 at=3 session=b kind=create path=/l/y-0000000001 owner=b
change zxid=5 at=11 session=a kind=set path=/data data=1 version=1
change zxid=6 at=32 session=a kind=delete path=/l/x-0000000000
change zxid=7 at=62 session=b kind=delete path=/l/y-0000000001
request at=34 session=b op=get_children path=/l
request at=35 session=b op=exists path=/l/y-0000000001
request at=36 session=b op=ping
watch session=a path=/l/x-0000000000 mode=once at=3 zxid=3
watch session=b path=/l/x-0000000000 mode=once at=4 zxid=3
watch session=a path=/l/x-0000000000 mode=once did=fired what=deleted at=32 zxid=6
watch session=b path=/l/x-0000000000 mode=once did=fired what=deleted at=32 zxid=6
";

/// A holder expires; the next in line gets the lock. A third gives up, and one more only tries.
const LOSS: &str = "\
limits ended=90000 session_timeout=10000 tick=2000 election=1000 round_trip=5 round_trips=4 clock_ppm=500 lateness=100
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
note process=3 session=c what=connected at=0
note process=1 session=a what=disconnected at=100
note process=1 session=a what=expired at=13000
note process=4 session=d what=connected at=1
note process=4 session=d what=paused at=200
note process=4 session=d what=resumed at=20000
op process=1 recipe=m function=acquire path=/l invoked=1 returned=4 outcome=ok session=a at=2 reply=/l/a-0000000000 token=2
op process=2 recipe=m function=acquire path=/l invoked=10 returned=12500 outcome=ok session=b at=6 reply=/l/b-0000000001 token=3
op process=3 recipe=m function=acquire path=/l deadline=500 invoked=20 returned=510 outcome=not_applied session=c at=5
op process=3 recipe=m function=try_acquire path=/l invoked=600 returned=610 outcome=not_applied session=c at=5
op process=4 recipe=m function=acquire path=/l deadline=400 invoked=150 returned=20050 outcome=not_applied session=d at=5
op process=2 recipe=m function=release path=/l invoked=14000 returned=14100 outcome=unknown session=b at=8 reply=/l/b-0000000001 token=3
belief process=1 recipe=m lock=/l token=2 node=/l/a-0000000000 session=a at=4 safe_for=5000
belief process=1 recipe=m lock=/l token=2 node=/l/a-0000000000 session=a says=safe at=90 safe_for=9000
belief process=1 recipe=m lock=/l token=2 node=/l/a-0000000000 session=a says=doubt at=9000
belief process=1 recipe=m lock=/l token=2 node=/l/a-0000000000 session=a says=lost at=13000
belief process=2 recipe=m lock=/l token=3 node=/l/b-0000000001 session=b at=12500 safe_for=4000
belief process=2 recipe=m lock=/l token=3 node=/l/b-0000000001 session=b says=released at=14000
change zxid=1 at=0.5 session=c kind=create path=/l
change zxid=2 at=2 session=a kind=create path=/l/a-0000000000 owner=a
change zxid=3 at=11 session=b kind=create path=/l/b-0000000001 owner=b
change zxid=4 at=30 session=c kind=create path=/l/c-0000000002 owner=c
change zxid=5 at=505 session=c kind=delete path=/l/c-0000000002
change zxid=6 at=12000 session=a kind=expire
change zxid=6 at=12000 session=a kind=delete path=/l/a-0000000000
change zxid=7 at=14050 session=b kind=delete path=/l/b-0000000001
session session=a what=expired at=12000 zxid=6
note process=2 session=b what=disconnected at=14090
note process=2 session=b what=connected at=14095
";

/// An operator deletes the holder's node, and the news of it is late, for the holder's server lags; the holder is in
/// doubt at that moment, and safe again before the news.
const EVICTED: &str = "\
limits ended=90000 session_timeout=1000 tick=200 election=100 round_trip=10 round_trips=4
note process=1 session=a what=connected at=0
note process=2 session=b what=connected at=0
op process=1 recipe=m function=acquire path=/l invoked=1 returned=4 outcome=ok session=a at=2 reply=/l/a-0000000000 token=2
op process=2 recipe=m function=acquire path=/l invoked=5 returned=2010 outcome=ok session=b at=4 reply=/l/b-0000000001 token=3
belief process=1 recipe=m lock=/l token=2 node=/l/a-0000000000 session=a says=safe at=4 safe_for=500
belief process=1 recipe=m lock=/l token=2 node=/l/a-0000000000 session=a says=safe at=1900 safe_for=500
belief process=1 recipe=m lock=/l token=2 node=/l/a-0000000000 session=a says=doubt at=1950
belief process=1 recipe=m lock=/l token=2 node=/l/a-0000000000 session=a says=safe at=2050 safe_for=500
belief process=1 recipe=m lock=/l token=2 node=/l/a-0000000000 session=a says=lost at=2101
belief process=2 recipe=m lock=/l token=3 node=/l/b-0000000001 session=b says=safe at=2010 safe_for=500
change zxid=1 at=0.5 session=d kind=create path=/l
change zxid=2 at=2 session=a kind=create path=/l/a-0000000000 owner=a
change zxid=3 at=7 session=b kind=create path=/l/b-0000000001 owner=b
change zxid=4 at=2000 session=f kind=delete path=/l/a-0000000000
fault what=lag target=a at=1500 ended=2100
fault what=evict target=a at=1990 ended=1990
";

/// Three in a line, without beliefs.
const PLAIN: &str = "\
limits ended=90000 session_timeout=10000 tick=2000
op process=1 recipe=m function=acquire path=/l invoked=1 returned=4 outcome=ok session=a at=2 reply=/l/a-0000000001 token=2
op process=2 recipe=m function=acquire path=/l invoked=5 returned=50 outcome=ok session=b at=4 reply=/l/b-0000000002 token=3
op process=3 recipe=m function=acquire path=/l invoked=6 returned=70 outcome=ok session=c reply=/l/c-0000000003 token=6
op process=1 recipe=m function=release path=/l invoked=30 returned=45 outcome=ok session=a reply=/l/a-0000000001 token=2
op process=2 recipe=m function=release path=/l invoked=60 returned=66 outcome=ok session=b reply=/l/b-0000000002 token=3
change zxid=1 at=0.5 session=d kind=create path=/l
change zxid=2 at=2 session=a kind=create path=/l/a-0000000001 owner=a
change zxid=3 at=7 session=b kind=create path=/l/b-0000000002 owner=b
change zxid=5 at=40 session=a kind=delete path=/l/a-0000000001
change zxid=6 at=55 session=c kind=create path=/l/c-0000000003 owner=c
change zxid=7 at=65 session=b kind=delete path=/l/b-0000000002
";

/// The number that the server appends overflows: the newcomer's is lower, and it is the younger.
const OVERFLOW: &str = "\
limits ended=90000 session_timeout=10000 tick=2000
op process=1 recipe=m function=acquire path=/l invoked=1 returned=4 outcome=ok session=a at=2 reply=/l/a-2147483647 token=2
op process=2 recipe=m function=acquire path=/l invoked=5 returned=50 outcome=ok session=b at=4 reply=/l/b--2147483648 token=3
op process=3 recipe=m function=acquire path=/l invoked=6 outcome=pending session=c
op process=1 recipe=m function=release path=/l invoked=30 returned=45 outcome=ok session=a reply=/l/a-2147483647 token=2
change zxid=1 at=0.5 session=d kind=create path=/l
change zxid=2 at=2 session=a kind=create path=/l/a-2147483647 owner=a
change zxid=3 at=7 session=b kind=create path=/l/b--2147483648 owner=b
change zxid=4 at=40 session=a kind=delete path=/l/a-2147483647
change zxid=5 at=60 session=c kind=create path=/l/c--2147483647 owner=c
";

const CASES: &[Case] = &[
    case(
        L1,
        "the second is granted while the first holds",
        HANDOVER,
        "invoked=2 returned=40 outcome=ok",
        "invoked=2 returned=31.5 outcome=ok",
    ),
    case(
        L1,
        "a holder that is only cut off is overtaken",
        LOSS,
        "invoked=10 returned=12500",
        "invoked=10 returned=11000",
    ),
    case(
        L1,
        "nobody looks again after the wait: the waiter had expired first",
        PLAIN,
        "change zxid=5 at=40",
        "change zxid=4 at=20 session=b kind=expire\nchange zxid=4 at=20 session=b kind=delete path=/l/b-0000000002\nchange zxid=5 at=40",
    ),
    case(
        L2,
        "two grants have one token",
        OVERFLOW,
        "",
        "op process=4 recipe=m function=acquire path=/l invoked=3 returned=70 outcome=ok session=b reply=/l/b--2147483648 token=3\n",
    ),
    case(
        L2,
        "the token is the sequence number",
        OVERFLOW,
        "reply=/l/b--2147483648 token=3",
        "reply=/l/b--2147483648 token=1",
    ),
    case(
        L2,
        "the token is the zxid of the reply",
        HANDOVER,
        "at=6 reply=/l/y-0000000001 token=3\nop process=1",
        "at=6 reply=/l/y-0000000001 token=6\nop process=1",
    ),
    case(
        L2,
        "the token is another node's",
        LOSS,
        "at=6 reply=/l/b-0000000001 token=3\n",
        "at=6 reply=/l/b-0000000001 token=4\n",
    ),
    case(
        L3,
        "a fenced resource accepts the old holder after the new one",
        HANDOVER,
        "access process=1 recipe=m resource=disk token=2 checked=yes at=50",
        "access process=1 recipe=m resource=disk token=2 checked=yes accepted=yes at=50",
    ),
    case(
        L3,
        "a fenced resource accepts the new holder before the old one",
        HANDOVER,
        "token=3 checked=yes accepted=yes at=45",
        "token=3 checked=yes accepted=yes at=19",
    ),
    case(
        L4,
        "a guarded write commits after the release",
        HANDOVER,
        "change zxid=5 at=11 session=a kind=set path=/data data=1 version=1\nchange zxid=6 at=32 session=a kind=delete path=/l/x-0000000000\n",
        "change zxid=5 at=32 session=a kind=delete path=/l/x-0000000000\nchange zxid=6 at=33 session=a kind=set path=/data data=1 version=1\n",
    ),
    case(
        L4,
        "a guarded write commits with the deletion of its guard",
        HANDOVER,
        "change zxid=6 at=32",
        "change zxid=5 at=32",
    ),
    case(
        L4,
        "a write is guarded by another session's lock node",
        HANDOVER,
        "guard=/l/x-0000000000 token=2",
        "guard=/l/y-0000000001 token=3",
    ),
    case(
        L4,
        "a write is guarded by a node of that name from another time",
        HANDOVER,
        "guard=/l/x-0000000000 token=2",
        "guard=/l/x-0000000000 token=1",
    ),
    case(
        L5,
        "two processes believe at one time to hold",
        HANDOVER,
        "says=released at=30",
        "says=released at=41",
    ),
    case(
        L5,
        "a holder believes on after its own delete",
        HANDOVER,
        "session=b says=released at=60",
        "session=b says=released at=63",
    ),
    case(
        L5,
        "a belief lasts beyond the expiry",
        LOSS,
        "says=doubt at=9000\n",
        "says=safe at=9000 safe_for=3500\n",
    ),
    case(
        L5,
        "the safe time is counted by a clock that runs slow",
        LOSS,
        "says=doubt at=9000\n",
        "says=safe at=9000 safe_for=3000\nclock process=1 fast_ppm=-400\n",
    ),
    case(
        L5,
        "a belief is renewed after the session is gone",
        LOSS,
        "says=lost at=13000",
        "says=safe at=12200 safe_for=100",
    ),
    case(
        L5,
        "a holder believes for ever",
        LOSS,
        "says=doubt at=9000\nbelief process=1 recipe=m lock=/l token=2 node=/l/a-0000000000 session=a says=lost at=13000\n",
        "at=9000\n",
    ),
    case(
        L6,
        "a release deletes another's node",
        HANDOVER,
        "change zxid=7 at=62 session=b",
        "change zxid=7 at=62 session=a",
    ),
    case(
        L6,
        "a release is reported done and the node is there",
        HANDOVER,
        "invoked=60 returned=64",
        "invoked=60 returned=61",
    ),
    case(
        L6,
        "a node is deleted under its holder",
        PLAIN,
        "invoked=30 returned=45",
        "invoked=41 returned=45",
    ),
    case(
        L6,
        "a failed release is forgotten",
        LOSS,
        "change zxid=7 at=14050 session=b kind=delete path=/l/b-0000000001\n",
        "",
    ),
    case(
        L6,
        "a release names a node that never was",
        HANDOVER,
        "returned=64 outcome=ok session=b at=7 reply=/l/y-0000000001",
        "returned=64 outcome=ok session=b at=7 reply=/l/z-0000000001",
    ),
    case(
        L6,
        "a process gives back what another holds",
        HANDOVER,
        "op process=2 recipe=m function=release",
        "op process=1 recipe=m function=release",
    ),
    case(
        L7,
        "a grant is on a node of another session",
        PLAIN,
        "path=/l/c-0000000003 owner=c",
        "path=/l/c-0000000003 owner=d",
    ),
    case(
        L7,
        "a grant is on a node that was there before",
        HANDOVER,
        "acquire path=/l invoked=2 returned=40",
        "acquire path=/l invoked=3.5 returned=40",
    ),
    case(
        L7,
        "a holder believes in a node of its former session",
        LOSS,
        "token=3 node=/l/b-0000000001 session=b at=12500",
        "token=3 node=/l/b-0000000001 session=f at=12500",
    ),
    case(
        L8,
        "an older waiter is overtaken",
        PLAIN,
        "invoked=5 returned=50 outcome=ok session=b at=4 reply=/l/b-0000000002 token=3\nop process=3 recipe=m function=acquire path=/l invoked=6 returned=70",
        "invoked=5 outcome=pending session=b\nop process=3 recipe=m function=acquire path=/l invoked=6 returned=60",
    ),
    case(
        L8,
        "an older waiter of another client is overtaken",
        PLAIN,
        "change zxid=6 at=55",
        "change zxid=5 at=50 session=f kind=create path=/l/f-0000000002 owner=f\nchange zxid=6 at=55",
    ),
    case(
        L5,
        "a hold that somebody else ended is believed in although the lag came after the news",
        EVICTED,
        "fault what=lag target=a at=1500 ended=2100",
        "fault what=lag target=a at=2060 ended=2100",
    ),
    case(
        L5,
        "a hold that somebody else ended is believed in although there was no fault",
        EVICTED,
        "fault what=lag target=a at=1500 ended=2100\nfault what=evict",
        "fault what=evict",
    ),
    case(
        L9,
        "a release wakes two waiters",
        HANDOVER,
        "change zxid=5 at=11",
        "change zxid=4 at=3.5 session=c kind=create path=/l/z-0000000002 owner=c\nwatch session=c path=/l/x-0000000000 mode=once at=4 zxid=3\nwatch session=c path=/l/x-0000000000 mode=once did=fired what=deleted at=32 zxid=6\nchange zxid=5 at=11",
    ),
    case(
        L9,
        "all waiters watch the list of contenders",
        HANDOVER,
        "change zxid=5 at=11",
        "change zxid=4 at=3.5 session=c kind=create path=/l/z-0000000002 owner=c\nwatch session=c path=/l mode=once children=yes at=4 zxid=3\nwatch session=b path=/l mode=once children=yes at=4 zxid=3\nwatch session=c path=/l mode=once children=yes did=fired what=children at=32 zxid=6\nwatch session=b path=/l mode=once children=yes did=fired what=children at=32 zxid=6\nchange zxid=5 at=11",
    ),
    case(
        L9,
        "a hand-over takes more requests than it may",
        HANDOVER,
        "request at=36 session=b op=ping\n",
        "request at=36 session=b op=exists path=/l\nrequest at=37 session=b op=exists path=/l\n",
    ),
    case(
        L10,
        "a timed acquire fails and leaves its node",
        LOSS,
        "change zxid=5 at=505 session=c kind=delete path=/l/c-0000000002\n",
        "",
    ),
    case(
        L10,
        "a try fails and leaves a node",
        LOSS,
        "change zxid=6 at=12000 session=a kind=expire\n",
        "change zxid=5 at=605 session=c kind=create path=/l/t-0000000003 owner=c\nchange zxid=6 at=12000 session=a kind=expire\n",
    ),
    case(
        L10,
        "a timed acquire returns long after its deadline",
        LOSS,
        "deadline=500 invoked=20 returned=510",
        "deadline=500 invoked=20 returned=601",
    ),
    case(
        L10,
        "a timed acquire returns long after the pause that delayed it",
        LOSS,
        "invoked=150 returned=20050",
        "invoked=150 returned=20101",
    ),
    case(
        L10,
        "a timed acquire never returns",
        LOSS,
        "deadline=400 invoked=150 returned=20050 outcome=not_applied",
        "deadline=400 invoked=150 outcome=pending",
    ),
    case(
        L11,
        "a hold is entered again that is gone",
        HANDOVER,
        "reenter path=/l invoked=14 returned=15",
        "reenter path=/l invoked=33 returned=34",
    ),
    case(
        L11,
        "a hold is entered again by another session",
        HANDOVER,
        "returned=15 outcome=ok session=a",
        "returned=15 outcome=ok session=b",
    ),
    case(
        L11,
        "a hold is entered again that never was",
        HANDOVER,
        "returned=15 outcome=ok session=a reply=/l/x-0000000000 token=2",
        "returned=15 outcome=ok session=a reply=/l/x-0000000000 token=1",
    ),
    case(
        L13,
        "numbers that overflow put the newcomer before an older waiter",
        OVERFLOW,
        "op process=1 recipe=m function=acquire path=/l invoked=1 returned=4 outcome=ok session=a at=2 reply=/l/a-2147483647 token=2\nop process=2 recipe=m function=acquire path=/l invoked=5 returned=50",
        "op process=1 recipe=m function=acquire path=/l invoked=1 outcome=pending session=a\nop process=2 recipe=m function=acquire path=/l invoked=5 returned=35",
    ),
];

#[test]
fn every_illegal_lock_history_is_rejected_for_its_property_and_its_twin_accepted() {
    expect_rejections("locks", CASES);
}

#[test]
fn stale_uses_of_an_unfenced_resource_are_counted_and_no_violation() {
    let unfenced = HANDOVER
        .replace("checked=yes at=50", "accepted=yes at=50")
        .replace(
            "token=3 checked=yes accepted=yes at=45",
            "token=3 accepted=yes at=45",
        );
    let stats = check(&History::parse(&unfenced).unwrap()).unwrap();
    assert_eq!(
        stats.met.get("stale uses of an unfenced resource"),
        Some(&1)
    );
}

#[test]
fn beliefs_by_a_clock_beyond_the_stated_error_are_exempt() {
    let wild = LOSS.replace(
        "says=doubt at=9000\n",
        "says=safe at=9000 safe_for=3500\nclock process=1 fast_ppm=-600\n",
    );
    let stats = check(&History::parse(&wild).unwrap()).unwrap();
    assert!(stats.exempt >= 4, "{stats:?}");
}

#[test]
fn who_watches_for_an_earlier_place_in_line_is_not_counted_as_woken() {
    let stale = "change zxid=4 at=8 session=c kind=create path=/l/z-0000000002 owner=c\n\
        watch session=c path=/l/x-0000000000 mode=once at=4 zxid=3\n\
        watch session=c path=/l/x-0000000000 mode=once did=fired what=deleted at=32 zxid=6\n\
        change zxid=5";
    let history = HANDOVER.replacen("change zxid=5", stale, 1);
    let history = History::parse(&history).unwrap();
    assert!(check(&history).is_ok(), "{:?}", check(&history));
}
