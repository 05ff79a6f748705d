//! The lock on real ZooKeeper, with the proxy between them.

use std::time::Duration;

use zk_recipes::{Client, Mutex};
use zk_tests::proxy::{Direction, Kind, Proxy, Reaction, When};
use zk_tests::{RealServer, deadline};
use zk_wire::OpCode;

const LIMIT: Duration = Duration::from_secs(60);

struct Stage {
    proxy: Proxy,
    zk: Client,
    /// Past the proxy.
    witness: Client,
    lock: String,
}

async fn stage(lock: &str) -> Stage {
    let server = RealServer::shared().connect_string();
    let proxy = Proxy::start(&server).await;
    let builder = Client::builder(proxy.connect_string());
    let zk = builder.session_timeout(Duration::from_secs(20)).connect();
    Stage {
        zk: zk.await.unwrap(),
        witness: Client::builder(&server).connect().await.unwrap(),
        proxy,
        lock: format!("/proxied/{lock}"),
    }
}

impl Stage {
    /// Takes and leaves the lock twice through the proxy; each token must be new, and nothing may be left.
    async fn two_holds(&self) {
        let mutex = Mutex::new(&self.zk, &self.lock).unwrap();
        let mut tokens = Vec::new();
        for _ in 0..2 {
            let guard = mutex.acquire().timeout(LIMIT).await.unwrap();
            let seen = Mutex::new(&self.witness, &self.lock).unwrap();
            let listed = seen.contenders().await.unwrap();
            let nodes: Vec<_> = listed.iter().map(|c| c.node.as_str()).collect();
            assert_eq!(nodes, [guard.held().node()], "one contender");
            tokens.push(guard.token());
            // Whether the hold lasted to its end cannot be told if the answer to the delete is lost.
            guard.release().await.unwrap();
        }
        assert!(tokens[0] < tokens[1], "{tokens:?}");
        self.zk.barrier().await.unwrap();
        let left = self.witness.children(&self.lock).await;
        assert_eq!(left.unwrap_or_default(), Vec::<String>::new());
        assert_eq!(self.zk.stats().duties, 0);
    }
}

#[tokio::test]
async fn a_lock_is_taken_once_and_left_clean_whichever_of_its_frames_is_cut() {
    let mut cases = 0;
    for op in [
        OpCode::Create2,
        OpCode::GetChildren,
        OpCode::Delete,
        OpCode::Multi,
    ] {
        for then in [Reaction::Cut, Reaction::CutAfter, Reaction::CutAt(9)] {
            let stage = stage(&format!("cut-{}-{cases}", op.name())).await;
            // A lock that is there already: a cut create must not be that of its parents.
            let mutex = Mutex::new(&stage.zk, &stage.lock).unwrap();
            mutex.acquire().await.unwrap().release().await.unwrap();
            let mut when = When::request(op).path(&stage.lock);
            if op == OpCode::Multi {
                // No multi belongs to a short hold: this one is cut while the barrier of a settled create waits.
                stage
                    .proxy
                    .rule(When::request(OpCode::Create2), Reaction::CutAfter);
                when = When::request(op);
            }
            let rule = stage.proxy.rule(when, then);
            let holds = stage.two_holds();
            let what = format!("two holds with {} {then:?}", op.name());
            deadline(LIMIT).until(&what, holds).await;
            assert_eq!(rule.hits(), 1, "{what}");
            stage.zk.close().await.unwrap();
            cases += 1;
        }
    }
    println!("{cases} cases");
    assert_eq!(cases, 12);
}

#[tokio::test]
async fn a_lock_is_handed_over_when_a_held_event_is_released_and_not_before() {
    let stage = stage("held-event").await;
    let theirs = Mutex::new(&stage.witness, &stage.lock).unwrap();
    let guard = theirs.acquire().await.unwrap();
    let when = When::frame(Direction::ToClient).kind(Kind::Event);
    let mut rule = stage.proxy.rule(when, Reaction::Hold);
    let ours = Mutex::new(&stage.zk, &stage.lock).unwrap();
    let ours = tokio::spawn(async move { ours.acquire().await });
    let limit = deadline(LIMIT);
    let read = || async { (stage.zk.stats().sent(OpCode::GetData) >= 1).then_some(()) };
    limit.until_some("the watch", read).await;
    stage.zk.barrier().await.unwrap();
    let token = guard.token();
    guard.release().await.unwrap();
    limit.until("the event", rule.acted(1)).await;
    assert!(!ours.is_finished(), "the event has not passed");
    rule.release();
    let guard = ours.await.unwrap().unwrap();
    assert!(guard.token() > token);
    guard.release().await.unwrap();
}

#[tokio::test]
async fn a_lock_works_on_frames_that_come_byte_by_byte() {
    let stage = stage("drip").await;
    let drip = Reaction::Drip(Duration::ZERO);
    for direction in [Direction::ToServer, Direction::ToClient] {
        stage.proxy.rule(When::frame(direction).every(), drip);
    }
    stage.proxy.cut();
    let holds = stage.two_holds();
    deadline(LIMIT).until("two dripping holds", holds).await;
}
