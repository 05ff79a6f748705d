//! Leases that ours and kazoo's hold by the clock of this machine.

use std::time::{Duration, SystemTime};

use tokio::time::sleep;
use zk_recipes::{Client, ClockLease, Tenure};
use zk_tests::{Channel, RealServer, Talk, deadline};

/// How many leases each side obtains, while the other does not.
const LEASES: usize = 50;
const LONG: Duration = Duration::from_secs(600);
/// For no time at all: it is given back.
const NONE: Duration = Duration::ZERO;

async fn both() -> (Client, Channel) {
    let connect = RealServer::shared().connect_string();
    let zk = Client::builder(&connect).connect().await.unwrap();
    (zk, Talk::kazoo().open("leases", &connect).await)
}

/// Whether kazoo's obtains it.
async fn kazoo_obtains(kazoo: &mut Channel, path: &str, span: Duration) -> bool {
    let order = format!("obtain {path} {} kazoo", span.as_secs());
    kazoo.ask(&order).await == "True"
}

/// Who has it, if ours does not.
async fn holder(ours: &ClockLease, span: Duration) -> Option<String> {
    match ours.obtain(span).await.unwrap() {
        Tenure::Taken(other) => Some(other.holder),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_of_ours_or_of_kazoos_is_renewed_kept_and_handed_over_to_the_other() {
    let (zk, mut kazoo) = both().await;
    let path = "/lease/turns";
    let ours = ClockLease::new(&zk, path).unwrap().identifier("ours");
    for _ in 0..LEASES {
        assert!(kazoo_obtains(&mut kazoo, path, LONG).await);
        assert_eq!(holder(&ours, LONG).await.unwrap(), "kazoo");
        assert!(kazoo_obtains(&mut kazoo, path, NONE).await);
        assert_eq!(holder(&ours, LONG).await, None);
        assert!(!kazoo_obtains(&mut kazoo, path, LONG).await);
        assert_eq!(holder(&ours, NONE).await, None);
    }
}

/// Both ask at once, again and again: one has it, and gives it back when the other was told that it is taken.
#[tokio::test(flavor = "multi_thread")]
async fn of_ours_and_kazoos_that_ask_for_a_lease_at_once_one_has_it() {
    let (zk, mut kazoo) = both().await;
    let mut had = [0, 0];
    for round in 0.. {
        assert!(round < 2000, "one of them never has it: {had:?}");
        if had.iter().all(|had| *had >= LEASES) {
            break;
        }
        let path = format!("/lease/race-{}", round % 2);
        let ours = ClockLease::new(&zk, &path).unwrap().identifier("ours");
        // kazoo's takes longer to begin, the longer the busier the machine: ours is early or late.
        let late = async {
            sleep(Duration::from_millis(round % (12 + round / 20))).await;
            holder(&ours, LONG).await
        };
        let (taken, obtained) = tokio::join!(late, kazoo_obtains(&mut kazoo, &path, LONG));
        assert_eq!(taken.is_some(), obtained, "{taken:?}");
        had[usize::from(obtained)] += 1;
        if obtained {
            assert!(kazoo_obtains(&mut kazoo, &path, NONE).await);
        } else {
            assert_eq!(holder(&ours, NONE).await, None);
        }
    }
}

/// Nobody gives it back: it is over when its time is.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_of_ours_or_of_kazoos_is_the_others_when_its_time_is_over() {
    let (zk, mut kazoo) = both().await;
    let limit = deadline(Duration::from_secs(60));
    // kazoo cuts off up to a second of it.
    let short = Duration::from_secs(6);
    let [by_kazoo, by_us] = ["/lease/by-kazoo", "/lease/by-us"]
        .map(|path| ClockLease::new(&zk, path).unwrap().identifier("ours"));
    assert!(kazoo_obtains(&mut kazoo, "/lease/by-kazoo", short).await);
    let Tenure::Obtained(ours) = by_us.obtain(short).await.unwrap() else {
        panic!("nobody else has it");
    };
    let Tenure::Taken(theirs) = by_kazoo.obtain(LONG).await.unwrap() else {
        panic!("kazoo has it for five seconds at least");
    };
    limit
        .until_some("kazoo's lease to be over", async || {
            holder(&by_kazoo, LONG).await.is_none().then_some(())
        })
        .await;
    assert!(SystemTime::now() >= theirs.until);
    let mut is_ours_over = false;
    while !is_ours_over {
        assert!(!limit.passed());
        is_ours_over = kazoo_obtains(&mut kazoo, "/lease/by-us", LONG).await;
    }
    assert!(SystemTime::now() >= ours.until);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_leases_as_many_are_had_by_ours_and_kazoos_together() {
    let (zk, mut kazoo) = both().await;
    for round in 0..LEASES {
        let path = format!("/lease/several-{round}");
        let ours = |who: &str| {
            let lease = ClockLease::one_of(&zk, &path, 2).unwrap();
            lease.identifier(who)
        };
        let order = |who: &str| format!("obtain-one 2 {path} 600 {who}");
        assert_eq!(kazoo.ask(&order("k1")).await, "True");
        let Tenure::Obtained(span) = ours("r1").obtain(LONG).await.unwrap() else {
            panic!("the second is free");
        };
        assert_eq!(span.path, format!("{path}/1"));
        assert_eq!(kazoo.ask(&order("k2")).await, "False");
        assert!(!ours("r2").obtain(LONG).await.unwrap().is_obtained());
        // Each renews its own.
        assert_eq!(kazoo.ask(&order("k1")).await, "True");
        assert!(ours("r1").obtain(LONG).await.unwrap().is_obtained());
        let spans = ours("r1").spans().await.unwrap();
        let holders: Vec<&str> = spans.iter().map(|span| &*span.holder).collect();
        assert_eq!(holders, ["k1", "r1"]);
    }
}
