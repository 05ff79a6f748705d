//! Transactions.

use zk_recipes::{Client, Conditional, Error, Stm, Transaction};

use super::{Dropped, PATH, at_every_poll};
use crate::kit::World;

async fn old(_: &World, operator: &Client) {
    operator.create(PATH, "old!").parents().await.unwrap();
    operator.create("/d/m", "old!").await.unwrap();
}

/// Drops a transaction that writes `new!` to two nodes at every poll: both are written or none.
async fn both(start: impl Fn(Client) -> Dropped) {
    at_every_poll(None, old, start, async |world, completed| {
        let data = |path| world.hooks.node(path).unwrap().data.unwrap();
        let now = data(PATH);
        assert_eq!(now, data("/d/m"), "half of it");
        assert!(now == "new!" || !completed && now == "old!", "{now:?}");
        assert_eq!(world.hooks.node("/d/gone"), None);
        assert_eq!(world.left("/d/marks"), [""; 0]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_transaction_is_applied_once_or_not_at_all_and_its_mark_goes() {
    both(|zk| {
        Box::pin(async move {
            let stm = Stm::new(&zk, "/d/marks").unwrap();
            let run = stm.run(|tx| async move {
                assert_eq!(tx.get("/d/gone").await?, None);
                tx.put(PATH, "new!").await?;
                tx.set("/d/m", "new!")?;
                Ok::<_, Error>(())
            });
            run.await.unwrap();
        })
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_transaction_with_types_is_applied_or_not() {
    both(|zk| {
        Box::pin(async move {
            let both = Transaction::new(&zk).with(zk.set(PATH, "new!"));
            both.with(zk.set("/d/m", "new!")).await.unwrap();
        })
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_if_then_else_takes_one_branch_or_none() {
    for condition in ["/d/gone", PATH] {
        both(|zk| {
            Box::pin(async move {
                let both = || {
                    let both = Transaction::new(&zk).with(zk.set(PATH, "new!"));
                    both.with(zk.set("/d/m", "new!"))
                };
                let decide = Conditional::new(&zk).missing(condition);
                decide.then(both()).otherwise(both()).await.unwrap();
            })
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_read_of_a_transaction_changes_nothing() {
    let start = |zk: Client| -> Dropped {
        Box::pin(async move {
            let stm = Stm::new(&zk, "/d/marks").unwrap();
            let run = stm.run(|tx| async move {
                tx.get(PATH).await?;
                tx.put("/d/m", "new!").await?;
                tx.set("/d/m", "old!")
            });
            // The commit is not what is dropped here.
            let _ = tokio::time::timeout(std::time::Duration::from_millis(15), run).await;
        })
    };
    at_every_poll(None, old, start, async |world, _| {
        let data = |path| world.hooks.node(path).unwrap().data.unwrap();
        assert_eq!((data(PATH), data("/d/m")), ("old!".into(), "old!".into()));
    })
    .await;
}
