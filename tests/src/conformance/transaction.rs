//! Transactions with typed results and several fences, and if / then / else.

use zk_client::EventType;
use zk_recipes::{
    AddWatchMode, Client, Conditional, CreateMode, Decided, Election, ErrorKind, Fate, Mutex,
    Semaphore, Transaction, Unmet,
};

use super::seen::{arrived, event};
use super::server::Server;

pub async fn each_operation_of_a_transaction_yields_its_own_type(server: &Server) {
    let zk = server.client().await;
    zk.create("/stock", "5").await.unwrap();
    zk.create("/old", "").await.unwrap();
    let sequential = CreateMode::PersistentSequential;
    let (order, stock, (), ()) = Transaction::new(&zk)
        .with(zk.create("/order-", "1").mode(sequential))
        .with(zk.set("/stock", "4").version(0))
        .check("/old", 0)
        .with(zk.delete("/old"))
        .await
        .unwrap();
    assert_eq!(order.path, "/order-0000000002");
    assert_eq!(stock, zk.get("/stock").await.unwrap().stat);
    assert_eq!(zk.exists("/old").await.unwrap(), None);
}

pub async fn a_transaction_behind_several_holds_names_the_one_that_is_over(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    zk.create("/node", "").await.unwrap();
    let guard = Mutex::new(&zk, "/lock").unwrap().acquire().await.unwrap();
    let leader = Election::new(&zk, "/leader").unwrap().elected().await;
    let leader = leader.unwrap();
    let permit = Semaphore::new(&zk, "/permits", 2).unwrap().acquire().await;
    let permit = permit.unwrap();
    let write = |zk: &Client, data: &'static str| {
        Transaction::new(zk)
            .fenced_by(&guard)
            .fenced_by(&leader.term())
            .fenced_by(&permit)
            .with(zk.set("/node", data))
    };
    let (stat,) = write(&zk, "all").await.unwrap();
    assert_eq!(stat.version, 1);
    let term = leader.term();
    let node = term.held().node().to_owned();
    // On its way while the client still believes that it leads.
    let delete = other.delete(&node).submit();
    delete.await.unwrap();
    let error = write(&other, "stale").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::LockLost, Fate::NotApplied),
        "{error}"
    );
    if let Some(hold) = error.lost_hold() {
        assert_eq!((hold.path.as_str(), hold.token), ("/leader", term.epoch()));
    } else {
        panic!("no hold in: {error}");
    }
    assert_eq!(zk.get("/node").await.unwrap().data, "all");
}

async fn decide(zk: &Client, decide: Conditional) -> Result<(), Unmet> {
    let decide = decide
        .then(Transaction::new(zk).with(zk.set("/node", "then")))
        .otherwise(Transaction::new(zk).with(zk.set("/node", "else")));
    let decided = decide.await.unwrap();
    let written = zk.get("/node").await.unwrap();
    match decided {
        Decided::Then((stat,)) => {
            assert_eq!((written.data, written.stat), ("then".into(), stat));
            Ok(())
        }
        Decided::Otherwise { because, results } => {
            assert_eq!((written.data, written.stat), ("else".into(), results.0));
            Err(because)
        }
    }
}

pub async fn then_or_otherwise_is_decided_by_what_is_there(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    zk.create("/there", "").await.unwrap();
    let when = || Conditional::new(&zk);
    let there = || "/there".to_owned();
    let gone = || "/gone".to_owned();
    assert_eq!(decide(&zk, when()).await, Ok(()));
    assert_eq!(decide(&zk, when().exists("/there")).await, Ok(()));
    assert_eq!(decide(&zk, when().version("/there", 0)).await, Ok(()));
    assert_eq!(decide(&zk, when().missing("/gone")).await, Ok(()));
    // Below a node that is missing itself.
    assert_eq!(decide(&zk, when().missing("/gone/a/b")).await, Ok(()));
    let exists = decide(&zk, when().exists("/gone")).await;
    assert_eq!(exists, Err(Unmet::Exists(gone())));
    let below = decide(&zk, when().exists("/gone/a/b")).await;
    assert_eq!(below, Err(Unmet::Exists("/gone/a/b".to_owned())));
    let version = decide(&zk, when().version("/there", 1)).await;
    assert_eq!(version, Err(Unmet::Version(there(), 1)));
    let version = decide(&zk, when().version("/gone", 1)).await;
    assert_eq!(version, Err(Unmet::Version(gone(), 1)));
    let missing = decide(&zk, when().missing("/there")).await;
    assert_eq!(missing, Err(Unmet::Missing(there())));
    let several = when().missing("/gone").exists("/there").missing("/there");
    assert_eq!(decide(&zk, several).await, Err(Unmet::Missing(there())));
    let mut left = zk.children("/").await.unwrap();
    left.sort();
    assert_eq!(left, ["node", "there"], "the guards leave nothing");
}

pub async fn without_an_else_nothing_is_done_and_the_reason_told(server: &Server) {
    let zk = server.client().await;
    let decide = Conditional::new(&zk).exists("/gone");
    let decided = decide.then(Transaction::new(&zk).with(zk.create("/new", "")));
    let because = Unmet::Exists("/gone".to_owned());
    assert_eq!(
        decided.await.unwrap(),
        Decided::Otherwise {
            because,
            results: ()
        }
    );
    assert_eq!(zk.exists("/new").await.unwrap(), None);
}

pub async fn a_branch_fails_for_its_own_reasons_and_the_other_is_not_taken(server: &Server) {
    let zk = server.client().await;
    zk.create("/there", "").await.unwrap();
    let failing = || Transaction::new(&zk).with(zk.create("/there", ""));
    let fine = || Transaction::new(&zk).with(zk.create("/new", ""));
    let when = || Conditional::new(&zk);
    let then = when().missing("/gone").then(failing()).otherwise(fine());
    let error = then.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NodeExists, "{error}");
    assert_eq!(error.operation(), Some(2), "a missing node counts as two");
    let otherwise = when().exists("/gone").then(fine()).otherwise(failing());
    let error = otherwise.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NodeExists, "{error}");
    let guard = Mutex::new(&zk, "/lock").unwrap().acquire().await.unwrap();
    let held = guard.held();
    guard.release().await.unwrap();
    for path in ["/there", "/gone"] {
        let decide = when().exists(path).then(fine()).otherwise(fine());
        let error = decide.fenced_by(&held).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LockLost, "{error}");
    }
    assert_eq!(zk.exists("/new").await.unwrap(), None);
}

pub async fn the_guard_of_a_missing_node_shows_to_those_who_watch_it(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    let persistent = AddWatchMode::Persistent;
    let mut watch = zk.watch("/gone", persistent).await.unwrap();
    assert_eq!(
        decide(&zk, Conditional::new(&zk).missing("/gone")).await,
        Ok(())
    );
    assert_eq!(
        arrived(&mut watch),
        [
            event(EventType::Created, "/gone"),
            event(EventType::Deleted, "/gone"),
        ]
    );
}
