//! Joined reads answer as single ones do.

use std::time::Duration;

use tokio::time::sleep;
use zk_client::{Client, CreateMode, Error, ErrorKind, Node, Pending, Stat, Watch};
use zk_embedded::PipeServer;

use crate::kit::{ROUND_TRIP, World, settle};

/// One step of a script.
#[derive(Debug, Clone, Copy)]
enum Step {
    Get(u64),
    Children(u64),
    Listed(u64),
    Exists(u64),
    Watched(u64),
    Set(u64),
    Create(u64),
    Delete(u64),
    Barrier,
    /// A read given up at once.
    Dropped(u64),
    /// A read given up after the pause that follows.
    DroppedLate(u64),
    Pause(u64),
}

/// Whose answer is awaited at the end.
enum Asked {
    Node(Pending<Node>),
    Names(Pending<Vec<String>>),
    Listed(Pending<(Vec<String>, Stat)>),
    Stat(Pending<Option<Stat>>),
    Watched(Pending<(Node, Watch)>),
    Written(Pending<Stat>),
    Created(Pending<zk_client::Created>),
    Done(Pending<()>),
    Passed(Pending<zk_client::Zxid>),
}

fn script(seed: u64) -> Vec<Step> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut draw = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % below
    };
    // Most scripts read more than they write, some in longer runs.
    let writes = 1 + draw(20);
    (0..150)
        .map(|_| {
            let node = draw(6);
            match draw(60 + writes) {
                0..30 => Step::Get(node),
                30..40 => Step::Children(node),
                40..42 => Step::Listed(node),
                42..44 => Step::Exists(node),
                44..46 => Step::Watched(node),
                46..50 => Step::Dropped(node),
                50..54 => Step::DroppedLate(node),
                54..60 => Step::Pause(draw(14)),
                60..64 => Step::Set(node),
                64..68 => Step::Create(node),
                68..72 => Step::Delete(node),
                _ => Step::Barrier,
            }
        })
        .collect()
}

fn path(node: u64) -> String {
    match node {
        0 => "/".to_owned(),
        1..4 => format!("/n{node}"),
        _ => format!("/n1/c{node}"),
    }
}

fn shown(stat: &Stat) -> String {
    format!(
        "{} {} {} {} {} {}",
        stat.czxid, stat.mzxid, stat.pzxid, stat.version, stat.cversion, stat.num_children
    )
}

fn told<T>(result: Result<T, Error>, show: impl FnOnce(T) -> String) -> String {
    match result {
        Ok(value) => show(value),
        Err(error) => format!("{:?} {:?} {error}", error.kind(), error.fate()),
    }
}

/// Runs a script and tells every answer and every event; and how many reads were joined.
async fn play(steps: &[Step], joins: bool, known: bool) -> (Vec<String>, u64) {
    let world = World::new();
    let builder = world.builder().read_coalescing(joins);
    let builder = match known {
        true => builder.servers_from(3, 9),
        false => builder,
    };
    let zk = builder.connect().await.unwrap().terse();
    let mut asked = Vec::new();
    let mut late = Vec::new();
    for step in steps {
        asked.push(match *step {
            Step::Get(node) => Asked::Node(zk.get(&path(node)).submit()),
            Step::Children(node) => Asked::Names(zk.children(&path(node)).submit()),
            Step::Listed(node) => Asked::Listed(zk.children(&path(node)).with_stat().submit()),
            Step::Exists(node) => Asked::Stat(zk.exists(&path(node)).submit()),
            Step::Watched(node) => Asked::Watched(zk.get(&path(node)).watch().submit()),
            Step::Set(node) => {
                Asked::Written(zk.set(&path(node), format!("{}", asked.len())).submit())
            }
            Step::Create(node) => Asked::Created(zk.create(&path(node), "").submit()),
            Step::Delete(node) => Asked::Done(zk.delete(&path(node)).submit()),
            Step::Barrier => Asked::Passed(zk.barrier().submit()),
            Step::Dropped(node) => {
                drop(zk.get(&path(node)).submit());
                continue;
            }
            Step::DroppedLate(node) => {
                late.push(zk.get(&path(node)).submit());
                continue;
            }
            Step::Pause(time) => {
                sleep(Duration::from_millis(time)).await;
                late.clear();
                continue;
            }
        });
    }
    drop(late);
    let mut answers = Vec::new();
    let mut watches = Vec::new();
    for request in asked {
        let show_node = |node: Node| format!("{:?} {}", node.value(), shown(&node.stat));
        answers.push(match request {
            Asked::Node(get) => told(get.await, show_node),
            Asked::Names(children) => told(children.await, |names| names.join(" ")),
            Asked::Listed(children) => told(children.await, |(names, stat)| {
                format!("{} {}", names.join(" "), shown(&stat))
            }),
            Asked::Stat(exists) => told(exists.await, |stat| {
                format!("{:?}", stat.as_ref().map(shown))
            }),
            Asked::Watched(get) => told(get.await, |(node, watch)| {
                watches.push(watch);
                show_node(node)
            }),
            Asked::Written(set) => told(set.await, |stat| shown(&stat)),
            Asked::Created(create) => told(create.await, |created| shown(&created.stat)),
            Asked::Done(delete) => told(delete.await, |()| String::new()),
            Asked::Passed(barrier) => told(barrier.await, |zxid| zxid.to_string()),
        });
    }
    settle().await;
    for mut watch in watches {
        let event = tokio::select! {
            biased;
            event = watch.next() => event,
            () = sleep(Duration::ZERO) => None,
        };
        answers.push(format!("{event:?}"));
    }
    // The server's side of the watches goes, too.
    settle().await;
    let stats = zk.stats();
    assert_eq!((stats.queued, stats.in_flight), (0, 0));
    (answers, stats.joined_reads)
}

#[tokio::test(start_paused = true)]
async fn prop_joined_reads_answer_as_single_ones_do() {
    let mut joined = 0;
    for seed in 0..10 {
        let steps = script(seed);
        let (alone, none) = play(&steps, false, false).await;
        assert_eq!(none, 0);
        for known in [true, false] {
            let (together, reads) = play(&steps, true, known).await;
            assert_eq!(together, alone, "seed {seed}, known: {known}");
            joined += reads;
        }
    }
    assert!(joined > 200, "{joined}");
}

async fn many_reads(zk: &Client) -> Vec<Result<Node, Error>> {
    let reads: Vec<_> = (0..100).map(|_| zk.get("/a").submit()).collect();
    let mut results = Vec::new();
    for read in reads {
        results.push(read.await);
    }
    results
}

#[tokio::test(start_paused = true)]
async fn a_server_before_3_6_costs_one_connection_and_no_read_and_nothing_if_it_was_told() {
    let server = PipeServer::builder()
        .latency(ROUND_TRIP / 2)
        .configure(|config| config.version = zk_embedded::Version::new(3, 5, 9))
        .in_memory();
    let world = World::around(server);
    let told = world.builder().servers_from(3, 5);
    let told = told.connect().await.unwrap();
    let asking = world.client().await;
    asking
        .create("/a", "")
        .mode(CreateMode::Ephemeral)
        .await
        .unwrap();
    for (zk, lost) in [(told, 0), (asking, 1)] {
        for _ in 0..3 {
            for result in many_reads(&zk).await {
                result.unwrap();
            }
        }
        let stats = zk.stats();
        assert_eq!((stats.connections_lost, zk.generation()), (lost, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_too_large_for_the_reply_limit_fails_alone() {
    let world = World::new();
    let builder = world.builder().max_reply(10_000).servers_from(3, 6);
    let zk = builder.connect().await.unwrap();
    zk.create("/a", vec![b'x'; 5_000]).await.unwrap();
    zk.create("/large", vec![b'x'; 12_000]).await.unwrap();
    for result in many_reads(&zk).await {
        result.unwrap();
    }
    let mut reads: Vec<_> = (0..8).map(|_| zk.get("/a").submit()).collect();
    let large = zk.get("/large").submit();
    reads.extend((0..8).map(|_| zk.get("/a").submit()));
    let error = large.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FrameTooLarge, "{error}");
    assert_eq!(error.path(), Some("/large"));
    for read in reads {
        read.await.unwrap();
    }
    assert!(zk.stats().joined_reads > 50);
}
