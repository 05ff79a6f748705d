//! If / then / else among others who write. What it does on every server is in the conformance bodies.

use std::time::Duration;

use tokio::time::sleep;
use zk_embedded::Match;
use zk_recipes::{Client, Conditional, Decided, ErrorKind, Fate, Transaction, Unmet};
use zk_wire::OpCode;

use crate::kit::{World, spawned};

fn decide(zk: &Client) -> Conditional<(), ()> {
    Conditional::new(zk).missing("/flag")
}

/// Between the two transactions the reason for the second goes away: the first is taken after all.
#[tokio::test(start_paused = true)]
async fn an_else_whose_reason_went_away_meanwhile_is_not_taken() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    zk.create("/node", "").await.unwrap();
    zk.create("/flag", "").await.unwrap();
    // That the first was refused is on its way for a while.
    let first = Match::op(OpCode::Multi).path("/node").times(1);
    world
        .hooks
        .on(first)
        .delay_reply(Duration::from_millis(200));
    let run = spawned({
        let (then, otherwise) = (
            Transaction::new(&zk).with(zk.set("/node", "then")),
            Transaction::new(&zk).with(zk.set("/node", "else")),
        );
        decide(&zk).then(then).otherwise(otherwise)
    });
    sleep(Duration::from_millis(100)).await;
    other.delete("/flag").await.unwrap();
    let decided = run.await.unwrap().unwrap();
    assert!(matches!(decided, Decided::Then(_)), "{decided:?}");
    assert_eq!(zk.get("/node").await.unwrap().data, "then");
    assert_eq!(zk.get("/node").await.unwrap().stat.version, 1);
}

#[tokio::test(start_paused = true)]
async fn an_else_takes_a_read_and_a_transaction_more_and_none_if_there_is_nothing_to_do() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/node", "").await.unwrap();
    let session = zk.session_id().unwrap();
    let asked = async |conditional: Conditional<_, _>| {
        let before = world.asked(session);
        conditional.await.unwrap();
        world.asked(session).all_since(&before)
    };
    let set = || Transaction::new(&zk).with(zk.set("/node", ""));
    let met = Conditional::new(&zk).version("/node", 0).then(set());
    assert_eq!(asked(met.otherwise(set())).await, 1);
    let unmet = Conditional::new(&zk).version("/node", 0).then(set());
    assert_eq!(asked(unmet.otherwise(set())).await, 3);
    let before = world.asked(session);
    let decided = Conditional::new(&zk).version("/node", 0).then(set()).await;
    let because = Unmet::Version("/node".to_owned(), 0);
    assert_eq!(because.to_string(), "/node is missing or not at version 0");
    assert_eq!(
        decided.unwrap(),
        Decided::Otherwise {
            because,
            results: ()
        }
    );
    assert_eq!(world.asked(session).all_since(&before), 1);
}

#[tokio::test(start_paused = true)]
async fn a27_a_branch_whose_answer_was_lost_is_unknown_and_neither_is_sent_again() {
    for (flag, lost) in [(false, "then"), (true, "else")] {
        let world = World::new();
        let zk = world.client().await;
        zk.create("/node", "").await.unwrap();
        if flag {
            zk.create("/flag", "").await.unwrap();
        }
        // With the flag the first is refused, and the second is the one that is cut.
        let commit = Match::op(OpCode::Multi).path("/node");
        let commit = commit.nth(if flag { 2 } else { 1 });
        world.hooks.on(commit).cut_after_apply();
        let then = Transaction::new(&zk).with(zk.set("/node", "then"));
        let otherwise = Transaction::new(&zk).with(zk.set("/node", "else"));
        let error = decide(&zk).then(then).otherwise(otherwise).await;
        let error = error.unwrap_err();
        assert_eq!(
            (error.kind(), error.fate()),
            (ErrorKind::ConnectionLost, Fate::Unknown),
            "{error}"
        );
        let node = world.hooks.node("/node").unwrap();
        assert_eq!((node.data.unwrap(), node.stat.version), (lost.into(), 1));
    }
}
