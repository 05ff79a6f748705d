//! Our candidates and an unmodified kazoo program in one election.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use zk_recipes::{Client, Election, ElectionLayout};
use zk_tests::{Peer, RealServer, deadline};

const PATH: &str = "/elections/kazoo";
const CANDIDATES: u64 = 3;
/// Of kazoo's candidate; ours lead until it has had them all.
const TERMS: u64 = 60;
const PAUSE_MS: u64 = 2;

/// Leads until told to end, and adds one to the number in the file each time; in how many terms others were there first.
async fn lead(election: Election, counter: PathBuf, ended: Arc<AtomicBool>) -> (u64, Vec<u64>) {
    let (mut contended, mut epochs) = (0, Vec::new());
    let mut terms = election.terms();
    while !ended.load(Ordering::Relaxed) {
        contended += u64::from(!election.candidates().await.unwrap().is_empty());
        let leadership = terms.next().await.unwrap();
        epochs.push(leadership.epoch());
        let count: u64 = fs::read_to_string(&counter)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(PAUSE_MS)).await;
        fs::write(&counter, format!("{}\n", count + 1)).unwrap();
        leadership.resign().await.unwrap();
    }
    (contended, epochs)
}

#[tokio::test(flavor = "multi_thread")]
async fn our_candidates_and_kazoos_election_lead_in_turn() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kazoo-leadership");
    fs::create_dir_all(&folder).unwrap();
    let counter = folder.join("counter");
    fs::write(&counter, "0\n").unwrap();
    let connect = RealServer::shared().connect_string();
    let limit = deadline(Duration::from_secs(240));
    let (rounds, pause) = (TERMS.to_string(), PAUSE_MS.to_string());
    let arguments = [
        connect.as_str(),
        PATH,
        counter.to_str().unwrap(),
        &rounds,
        &pause,
    ];
    let kazoo = Peer::kazoo("kazoo_leadership.py", &arguments);
    kazoo.wait_for_line("connected", &limit);
    let ended = Arc::new(AtomicBool::new(false));
    let mut ours = Vec::new();
    for n in 0..CANDIDATES {
        let zk = Client::builder(&connect).connect().await.unwrap();
        let election = Election::new(&zk, PATH)
            .unwrap()
            .contender(format!("ours-{n}"));
        let election = election.layout(ElectionLayout::Kazoo);
        ours.push(tokio::spawn(lead(
            election,
            counter.clone(),
            Arc::clone(&ended),
        )));
    }
    let printed = tokio::task::block_in_place(|| kazoo.finish(&limit));
    ended.store(true, Ordering::Relaxed);
    let (mut contended, mut led) = (0, 0);
    for candidate in ours {
        let (others, epochs) = candidate.await.unwrap();
        contended += others;
        led += epochs.len() as u64;
        assert!(epochs.is_sorted_by(|a, b| a < b));
    }
    let done = printed.last().unwrap();
    let theirs: u64 = done.rsplit(' ').next().unwrap().parse().unwrap();
    println!("ours led {led} terms, {contended} contended; kazoo: {done}");
    assert!(contended >= 50 && theirs >= 50, "ours {contended}, {done}");
    let count = fs::read_to_string(&counter).unwrap();
    assert_eq!(count.trim(), (led + TERMS).to_string(), "two led at once");
}
