//! What the checkers reject of jobs.

use zk_checkers::Property::Lease;

use crate::cases::{Case, case, expect_each};

/// Two jobs, the second not too soon after the first, each for at most 50 ms; one process stands still in its job.
const JOBS: &str = "\
limits ended=90000 session_timeout=10000 tick=2000 round_trip=5 lateness=5 min_hold=100 max_hold=50
note process=2 session=b what=paused at=160
note process=2 session=b what=resumed at=300
op process=1 recipe=/j function=try_acquire path=/j invoked=10 returned=15 outcome=ok session=a reply=/j/a-0 token=2
op process=2 recipe=/j function=try_acquire path=/j invoked=109 returned=150 outcome=ok session=b reply=/j/b-1 token=4
belief process=1 recipe=/j lock=/j token=2 node=/j/a-0 session=a says=safe safe_for=1000 at=15
belief process=1 recipe=/j lock=/j token=2 node=/j/a-0 session=a says=released at=66
belief process=2 recipe=/j lock=/j token=4 node=/j/b-1 session=b says=safe safe_for=100 at=150
belief process=2 recipe=/j lock=/j token=4 node=/j/b-1 session=b says=released at=303
change zxid=1 at=0.5 session=e kind=create path=/j
change zxid=2 at=12 session=a kind=create path=/j/a-0 owner=a
change zxid=3 at=75 session=a kind=delete path=/j/a-0
change zxid=4 at=111 session=b kind=create path=/j/b-1 owner=b
change zxid=5 at=304 session=b kind=delete path=/j/b-1
";

/// A process stands still in its job, and its client is closed meanwhile.
const STILL: &str = "\
limits ended=90000 session_timeout=10000 tick=2000 round_trip=5 lateness=5 min_hold=100 max_hold=50
note process=1 session=a what=paused at=30
note process=1 session=a what=closed at=300
note process=1 session=a what=resumed at=400
op process=1 recipe=/j function=try_acquire path=/j invoked=10 returned=15 outcome=ok session=a reply=/j/a-0 token=2
belief process=1 recipe=/j lock=/j token=2 node=/j/a-0 session=a says=safe safe_for=1000 at=15
belief process=1 recipe=/j lock=/j token=2 node=/j/a-0 session=a says=released at=300
change zxid=1 at=0.5 session=e kind=create path=/j
change zxid=2 at=12 session=a kind=create path=/j/a-0 owner=a
change zxid=3 at=302 session=a kind=delete path=/j/a-0
";

const LEASES: &[Case] = &[
    case(
        Lease,
        "a job takes too long before its process stands still",
        STILL,
        "what=paused at=30",
        "what=paused at=90",
    ),
    case(
        Lease,
        "a job goes on for too long between a pause and its end",
        STILL,
        "what=resumed at=400",
        "what=resumed at=200",
    ),
    case(
        Lease,
        "a job starts too soon after another",
        JOBS,
        "path=/j invoked=10 returned=15",
        "path=/j invoked=11.5 returned=15",
    ),
    case(
        Lease,
        "a job takes too long",
        JOBS,
        "session=a says=released at=66",
        "session=a says=released at=71",
    ),
    case(
        Lease,
        "a job goes on for too long after a pause",
        JOBS,
        "what=resumed at=300",
        "what=resumed at=200",
    ),
];

#[test]
fn every_illegal_history_of_jobs_is_rejected_and_its_twin_accepted() {
    expect_each("locks", LEASES);
}
