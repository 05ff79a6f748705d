//! Our counters and barriers and unmodified kazoo's on the same nodes of a real server, both at once.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use tokio::try_join;
use zk_recipes::{AtomicInt, AtomicLong, Client, Layout};
use zk_tests::RealServer;
use zk_tests::value_rounds::{self, EXCHANGES, LEAST};

/// A running program of kazoo's; killed when dropped.
struct Kazoo {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Kazoo {
    /// Starts a part of the program, in the environment that `cargo xtask python setup` makes, and waits until it begins.
    fn start(connect: &str, part: &str, path: &str, rounds: usize) -> Self {
        // A test lies in `target/PROFILE/deps`.
        let home = std::env::current_exe().unwrap();
        let target = home.ancestors().nth(3).unwrap();
        let mut child = Command::new(target.join("python-venv/bin/python"))
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("python/kazoo_values.py"))
            .args([connect, part, path, &rounds.to_string()])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "ready");
        Self { child, lines }
    }

    /// Waits for its end; yields how many rounds it did.
    fn finish(mut self) -> usize {
        let last = self.lines.by_ref().last().unwrap().unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
        last.strip_prefix("done ").unwrap().parse().unwrap()
    }
}

impl Drop for Kazoo {
    fn drop(&mut self) {
        // Both fail only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn client() -> (String, Client) {
    let connect = RealServer::shared().connect_string();
    let zk = Client::builder(&connect).connect().await.unwrap();
    (connect, zk)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_of_kazoos_layout_and_kazoos_count_exactly_on_one_node() {
    let (connect, zk) = client().await;
    let counter = AtomicLong::new(&zk, "/kazoo-counter/n")
        .unwrap()
        .layout(Layout::Kazoo);
    counter.initialize(0).await.unwrap();
    let kazoo = Kazoo::start(&connect, "counter", counter.path(), LEAST);
    let tally = value_rounds::increment(&zk, &counter).await.unwrap();
    let theirs = kazoo.finish();
    let all = i64::try_from(tally.ours + theirs).unwrap();
    assert_eq!(counter.get().await.unwrap(), all);
    assert_eq!(zk.get(counter.path()).await.unwrap().data, all.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_atomic_int_and_kazoos_curator_counter_count_exactly_on_one_node() {
    let (connect, zk) = client().await;
    let counter = AtomicInt::new(&zk, "/kazoo-curator-counter/n").unwrap();
    // kazoo makes the node, empty.
    zk.create("/kazoo-curator-counter", "").await.unwrap();
    let kazoo = Kazoo::start(&connect, "curator-counter", counter.path(), LEAST);
    let tally = value_rounds::increment(&zk, &counter).await.unwrap();
    let theirs = kazoo.finish();
    assert_eq!(
        counter.get().await.unwrap(),
        i32::try_from(tally.ours + theirs).unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_barrier_and_kazoos_let_each_other_pass_in_turns() {
    let (connect, zk) = client().await;
    let at = "/kazoo-barrier";
    value_rounds::set_up(&zk, at).await.unwrap();
    let kazoo = Kazoo::start(&connect, "barrier", at, LEAST);
    value_rounds::ping_pong(&zk, at, LEAST).await.unwrap();
    assert_eq!(kazoo.finish(), LEAST);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_barrier_and_kazoos_are_entered_and_left_together() {
    let (connect, zk) = client().await;
    let (at, rounds) = ("/kazoo-double", EXCHANGES);
    let kazoo = Kazoo::start(&connect, "double", at, rounds);
    let other = Client::builder(&connect).connect().await.unwrap();
    try_join!(
        value_rounds::enter_and_leave(&zk, at, rounds, Layout::Kazoo),
        value_rounds::enter_and_leave(&other, at, rounds, Layout::Kazoo)
    )
    .unwrap();
    assert_eq!(kazoo.finish(), rounds);
}
