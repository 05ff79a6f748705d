//! Our contenders and an unmodified Curator program on one lock.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use zk_recipes::{Client, ErrorKind};
use zk_tests::{Peer, RealServer, deadline};

const PROCESSES: u64 = 4;
const CONTENDERS: u64 = 4;
const ROUNDS: u64 = 60;
const LOCK: &str = "/locks/exclusion";

fn contenders(connect: &str, counter: &Path, log: &Path, name: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_contenders"))
        .args([connect, LOCK])
        .arg(counter)
        .args([ROUNDS.to_string(), CONTENDERS.to_string()])
        .arg(log)
        .arg(name)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The number behind a word of a line like `done holds 240 contended 239`.
fn number_after(line: &str, word: &str) -> u64 {
    let mut words = line.split_whitespace().skip_while(|w| *w != word);
    words
        .nth(1)
        .and_then(|w| w.parse().ok())
        .unwrap_or_else(|| panic!("no {word} in `{line}`"))
}

#[tokio::test]
async fn sixteen_contenders_in_four_processes_and_curator_count_exactly_under_one_lock() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("exclusion");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let (counter, log) = (folder.join("counter"), folder.join("log"));
    fs::write(&counter, "0\n").unwrap();
    let server = RealServer::start();
    println!(
        "real ZooKeeper in container {}: {}",
        server.id(),
        server.four_letter("srvr").unwrap()
    );
    let connect = server.connect_string();

    let limit = deadline(Duration::from_secs(240));
    let rounds = ROUNDS.to_string();
    let counter_text = counter.to_str().unwrap();
    let curator = Peer::curator("CounterUnderLock", &[&connect, LOCK, counter_text, &rounds]);
    // Java is slow to start; the others would be done before it asks for the first time.
    curator.wait_for_line("connected", &limit);
    let ours: Vec<Child> = (0..PROCESSES)
        .map(|n| contenders(&connect, &counter, &log, &format!("rust-{n}")))
        .collect();
    let printed = curator.finish(&limit);
    let (mut held, mut waited) = (0, 0);
    for process in ours {
        let output = process.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}: {text}", output.status);
        let done = text.lines().last().unwrap();
        held += number_after(done, "holds");
        waited += number_after(done, "contended");
    }
    let done = printed.last().unwrap();
    let (curator_held, curator_waited) = (
        number_after(done, "rounds"),
        number_after(done, "contended"),
    );
    println!(
        "ours held {held} and waited {waited}; curator held {curator_held} and waited {curator_waited}"
    );
    assert_eq!(
        (held, curator_held),
        (PROCESSES * CONTENDERS * ROUNDS, ROUNDS)
    );
    assert!(
        waited >= 50 && curator_waited >= 50,
        "waited {waited}, curator {curator_waited}"
    );

    let count: u64 = fs::read_to_string(&counter)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    assert_eq!(
        count,
        held + curator_held,
        "a count was lost: the lock was held twice"
    );
    let log = fs::read_to_string(&log).unwrap();
    let tokens: Vec<u64> = log
        .lines()
        .map(|line| number_after(line, "token"))
        .collect();
    assert_eq!(tokens.len() as u64, held);
    assert!(
        tokens.windows(2).all(|pair| pair[0] < pair[1]),
        "a fencing token did not grow"
    );

    let zk = Client::builder(&connect).connect().await.unwrap();
    match zk.children(LOCK).await {
        Ok(left) => assert_eq!(left, Vec::<String>::new(), "nodes are left under the lock"),
        // The server has removed the empty container already.
        Err(error) => assert_eq!(error.kind(), ErrorKind::NoNode),
    }
    zk.close().await.unwrap();
}
