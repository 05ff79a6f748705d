//! Optimistic transactions.

use std::cell::Cell;

use tokio::try_join;
use zk_recipes::{Bytes, Client, Error, ErrorKind, Fate, Mutex, Stm};

use super::server::Server;

fn handle(zk: &Client) -> Stm {
    Stm::new(zk, "/marks").unwrap()
}

fn number(data: Option<Bytes>) -> i64 {
    let data = data.unwrap();
    std::str::from_utf8(&data).unwrap().parse().unwrap()
}

async fn stored(zk: &Client, path: &str) -> i64 {
    number(Some(zk.get(path).await.unwrap().data))
}

async fn transfer(stm: &Stm, from: &str, to: &str, amount: i64) -> Result<bool, Error> {
    stm.run(|tx| async move {
        let (has, had) = (number(tx.get(from).await?), number(tx.get(to).await?));
        if has < amount {
            return Ok(false);
        }
        tx.set(from, (has - amount).to_string())?;
        tx.set(to, (had + amount).to_string())?;
        Ok(true)
    })
    .await
}

pub async fn what_a_body_wrote_is_applied_as_one_transaction(server: &Server) {
    let zk = server.client().await;
    zk.create("/a", "1").await.unwrap();
    zk.create("/old", "2").await.unwrap();
    let stm = handle(&zk);
    let seen = stm.run(|tx| async move {
        assert_eq!(tx.get("/new").await?, None);
        let old = tx.get("/old").await?.unwrap();
        tx.delete("/old")?;
        tx.create("/new", old.clone())?;
        tx.create("/new/child", "")?;
        tx.set("/a", "3")?;
        tx.put("/put", "4").await?;
        // A transaction sees its own writes.
        assert_eq!(tx.get("/old").await?, None);
        assert_eq!(tx.get("/a").await?.unwrap(), "3");
        tx.get("/new").await
    });
    assert_eq!(seen.await.unwrap().unwrap(), "2");
    let a = zk.get("/a").await.unwrap();
    let new = zk.get("/new").await.unwrap();
    let put = zk.get("/put").await.unwrap();
    assert_eq!(zk.exists("/old").await.unwrap(), None);
    assert_eq!(
        (&a.data[..], &new.data[..], &put.data[..]),
        (&b"3"[..], &b"2"[..], &b"4"[..])
    );
    assert_eq!(a.stat.mzxid, new.stat.czxid, "one zxid");
    assert_eq!(put.stat.czxid, new.stat.czxid, "one zxid");
}

pub async fn transfers_of_several_clients_lose_and_make_nothing(server: &Server) {
    let (one, two) = (server.client().await, server.client().await);
    for path in ["/a", "/b", "/c"] {
        one.create(path, "10").await.unwrap();
    }
    let work = async |zk: &Client, from: &str, to: &str| {
        let stm = handle(zk);
        for _ in 0..8 {
            transfer(&stm, from, to, 3).await?;
            transfer(&stm, to, from, 2).await?;
        }
        Ok::<_, Error>(())
    };
    try_join!(
        work(&one, "/a", "/b"),
        work(&two, "/b", "/c"),
        work(&one, "/c", "/a"),
        work(&two, "/b", "/a"),
    )
    .unwrap();
    let mut sum = 0;
    for path in ["/a", "/b", "/c"] {
        let has = stored(&two, path).await;
        assert!(has >= 0, "{path}: {has}");
        sum += has;
    }
    two.sync("/").await.unwrap();
    assert_eq!(sum, 30);
}

pub async fn two_bodies_that_read_what_the_other_writes_do_not_both_go_by_it(server: &Server) {
    let (one, two) = (server.client().await, server.client().await);
    one.create("/ada", "on").await.unwrap();
    one.create("/bob", "on").await.unwrap();
    // One of two may leave as long as the other is there.
    let leave = async |zk: &Client, own: &'static str, other: &'static str| {
        let stm = handle(zk);
        let left = stm.run(|tx| async move {
            tx.get(own).await?;
            let other = tx.get(other).await?.unwrap();
            if other == "on" {
                tx.set(own, "off")?;
            }
            Ok::<_, Error>(other == "on")
        });
        left.await
    };
    let left = try_join!(leave(&one, "/ada", "/bob"), leave(&two, "/bob", "/ada")).unwrap();
    assert!(left.0 ^ left.1, "{left:?}");
}

pub async fn what_was_not_there_is_a_condition_too(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    zk.create("/result", "").await.unwrap();
    zk.create("/deep", "").await.unwrap();
    for path in ["/made", "/deep/er/still"] {
        let runs = Cell::new(0);
        let stm = handle(&zk);
        let found = stm.run(|tx| {
            runs.set(runs.get() + 1);
            let (first, other) = (runs.get() == 1, other.clone());
            async move {
                let found = tx.get(path).await?;
                if first {
                    other.create(path, "by another").parents().await?;
                    other.sync("/").await?;
                }
                tx.set("/result", if found.is_some() { "found" } else { "missed" })?;
                Ok::<_, Error>(found.is_some())
            }
        });
        assert!(found.await.unwrap(), "{path}");
        zk.sync("/").await.unwrap();
        assert_eq!(zk.get("/result").await.unwrap().data, "found");
        assert!(runs.get() >= 2);
    }
    // What stays away is found missing, and nothing is left of looking.
    let stm = handle(&zk);
    let missed = stm.run(|tx| async move {
        let below = tx.get("/nothing/here").await?.is_none();
        tx.set("/result", "missed")?;
        Ok::<_, Error>(below && tx.get("/deep/none").await?.is_none())
    });
    assert!(missed.await.unwrap());
    assert_eq!(zk.exists("/nothing").await.unwrap(), None);
    assert_eq!(zk.children("/deep").await.unwrap(), ["er"]);
}

pub async fn a_body_that_ends_with_an_error_writes_nothing(server: &Server) {
    #[derive(Debug, PartialEq)]
    enum Refused {
        TooPoor(i64),
        Zk(ErrorKind),
    }
    impl From<Error> for Refused {
        fn from(error: Error) -> Self {
            Self::Zk(error.kind())
        }
    }
    let zk = server.client().await;
    zk.create("/a", "1").await.unwrap();
    let stm = handle(&zk);
    let refused = stm.run(|tx| async move {
        tx.set("/a", "0")?;
        tx.create("/b", "")?;
        Err::<(), _>(Refused::TooPoor(number(tx.get("/a").await?)))
    });
    assert_eq!(refused.await, Err(Refused::TooPoor(0)));
    let refused = stm.run(|tx| async move {
        tx.get("relative").await?;
        Ok::<_, Refused>(())
    });
    assert_eq!(refused.await, Err(Refused::Zk(ErrorKind::InvalidPath)));
    assert_eq!(zk.get("/a").await.unwrap().stat.version, 0);
    assert_eq!(zk.exists("/b").await.unwrap(), None);
}

pub async fn a_transaction_after_the_end_of_a_hold_that_fences_it_is_refused(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    zk.create("/a", "1").await.unwrap();
    let guard = Mutex::new(&zk, "/lock").unwrap().acquire().await.unwrap();
    let fenced = handle(&zk).fenced_by(&guard);
    let set = async |data: &'static str| {
        let set = fenced.run(|tx| async move {
            tx.get("/a").await?;
            tx.set("/a", data)
        });
        set.await
    };
    set("held").await.unwrap();
    other.delete(guard.held().node()).await.unwrap();
    zk.sync("/").await.unwrap();
    let error = set("stale").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::LockLost, Fate::NotApplied),
        "{error}"
    );
    assert_eq!(error.lost_hold().unwrap().token, guard.token());
    assert_eq!(zk.get("/a").await.unwrap().data, "held");
}

pub async fn a_write_that_cannot_be_made_is_an_error_and_no_conflict(server: &Server) {
    let zk = server.client().await;
    zk.create("/there", "").await.unwrap();
    zk.create("/there/child", "").await.unwrap();
    let stm = handle(&zk).attempts(2);
    let exists = stm.run(|tx| async move { tx.create("/there", "") });
    let error = exists.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NodeExists, "{error}");
    let gone = stm.run(|tx| async move {
        assert_eq!(tx.get("/gone").await?, None);
        tx.set("/gone", "")
    });
    let error = gone.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoNode, "{error}");
    let orphan = stm.run(|tx| async move { tx.put("/gone/child", "").await });
    let error = orphan.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoNode, "{error}");
    let parent = stm.run(|tx| async move {
        tx.get("/there").await?;
        tx.delete("/there")
    });
    let error = parent.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotEmpty, "{error}");
    assert_eq!(error.fate(), Fate::NotApplied);
}
