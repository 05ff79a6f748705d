//! Our candidates and an unmodified Curator program in one election.

use std::fs;
use std::future::IntoFuture;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use zk_recipes::{Client, CreateMode, Election, ElectionLayout, Leaders, Term};
use zk_tests::{Peer, RealServer, deadline, note};

const CANDIDATES: u64 = 3;
/// Of Curator's candidate; ours lead until it has had them all.
const TERMS: u64 = 60;
const PAUSE_MS: u64 = 2;

/// What our candidates saw.
struct Ours {
    /// In how many of the terms somebody else was a candidate when ours became one.
    contended: u64,
    epochs: Vec<u64>,
}

/// Leads until told to end, and adds one to the number in the file each time.
async fn lead(election: Election, counter: PathBuf, ended: Arc<AtomicBool>) -> Ours {
    let mut ours = Ours {
        contended: 0,
        epochs: Vec::new(),
    };
    let mut terms = election.terms();
    while !ended.load(Ordering::Relaxed) {
        ours.contended += u64::from(!election.candidates().await.unwrap().is_empty());
        let leadership = terms.next().await.unwrap();
        ours.epochs.push(leadership.epoch());
        add_one(&counter, &leadership.term()).await;
        leadership.resign().await.unwrap();
    }
    ours
}

/// The same with a latch for each term, asked as Curator's users ask theirs.
async fn lead_by_latches(election: Election, counter: PathBuf, ended: Arc<AtomicBool>) -> Ours {
    let mut ours = Ours {
        contended: 0,
        epochs: Vec::new(),
    };
    while !ended.load(Ordering::Relaxed) {
        ours.contended += u64::from(!election.candidates().await.unwrap().is_empty());
        let (latch, driver) = election.clone().latch();
        let driver = tokio::spawn(driver);
        let term = latch.leader().await.unwrap();
        assert!(latch.is_leader());
        ours.epochs.push(term.epoch());
        add_one(&counter, &term).await;
        latch.close();
        driver.await.unwrap().unwrap();
        assert!(!latch.is_leader());
    }
    ours
}

async fn add_one(counter: &Path, term: &Term) {
    let count: u64 = fs::read_to_string(counter).unwrap().trim().parse().unwrap();
    tokio::time::sleep(Duration::from_millis(PAUSE_MS)).await;
    assert!(term.is_leader());
    fs::write(counter, format!("{}\n", count + 1)).unwrap();
}

/// Follows who leads until all have: how many changes to Curator's candidate were seen, and the epochs.
async fn look_on(mut leaders: Leaders, all_led: Arc<Notify>) -> (u64, Vec<u64>) {
    let (mut curators, mut epochs, mut last) = (0, Vec::new(), String::new());
    loop {
        tokio::select! {
            next = leaders.next() => add(next.unwrap(), &mut curators, &mut epochs, &mut last),
            () = all_led.notified() => return (curators, epochs),
        }
    }
}

fn add(
    leader: Option<zk_recipes::Leader>,
    curators: &mut u64,
    epochs: &mut Vec<u64>,
    last: &mut String,
) {
    let Some(leader) = leader else { return };
    match leader.epoch {
        Some(epoch) if epochs.last() != Some(&epoch) => epochs.push(epoch),
        None if leader.contender == "curator" && leader.node != *last => *curators += 1,
        _ => {}
    }
    *last = leader.node;
}

async fn count_as_leaders(layout: ElectionLayout, kind: &str, by_latches: bool) {
    let way = if by_latches { "latches" } else { "terms" };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("leadership-{kind}-{way}"));
    fs::create_dir_all(&folder).unwrap();
    let counter = folder.join("counter");
    fs::write(&counter, "0\n").unwrap();
    let connect = RealServer::shared().connect_string();
    let path = format!("/elections/{kind}-{way}");
    let limit = deadline(Duration::from_secs(240));
    let (rounds, pause) = (TERMS.to_string(), PAUSE_MS.to_string());
    let counter_text = counter.to_str().unwrap();
    let arguments = [&connect, &path, counter_text, &rounds, kind, &pause];
    let curator = Peer::curator("CounterUnderLeadership", &arguments.map(AsRef::as_ref));
    curator.wait_for_line("connected", &limit);
    let looker = Client::builder(&connect).connect().await.unwrap();
    let election = Election::new(&looker, &path).unwrap().layout(layout);
    let all_led = Arc::new(Notify::new());
    let looking = tokio::spawn(look_on(election.observe(), Arc::clone(&all_led)));
    let ended = Arc::new(AtomicBool::new(false));
    let mut ours = Vec::new();
    for n in 0..CANDIDATES {
        let zk = Client::builder(&connect).connect().await.unwrap();
        let election = Election::new(&zk, &path).unwrap().layout(layout);
        let election = election.contender(format!("ours-{n}"));
        let (counter, ended) = (counter.clone(), Arc::clone(&ended));
        ours.push(if by_latches {
            tokio::spawn(lead_by_latches(election, counter, ended))
        } else {
            tokio::spawn(lead(election, counter, ended))
        });
    }
    let printed = tokio::task::block_in_place(|| curator.finish(&limit));
    ended.store(true, Ordering::Relaxed);
    let (mut contended, mut epochs) = (0, Vec::new());
    for candidate in ours {
        let ours = candidate.await.unwrap();
        contended += ours.contended;
        assert!(ours.epochs.is_sorted_by(|a, b| a < b));
        epochs.extend(ours.epochs);
    }
    let done = printed.last().unwrap();
    let theirs: u64 = done.rsplit(' ').next().unwrap().parse().unwrap();
    let led = epochs.len();
    note(format_args!(
        "{kind} by {way}: ours led {led} terms, {contended} contended; {done}"
    ));
    assert!(contended >= 50 && theirs >= 50, "ours {contended}, {done}");
    let count = fs::read_to_string(&counter).unwrap();
    assert_eq!(
        count.trim(),
        (epochs.len() as u64 + TERMS).to_string(),
        "two led at once"
    );
    if kind == "latch" {
        let sees_itself =
            |line: &&String| line.starts_with("round ") && line.ends_with(" leader curator");
        assert_eq!(printed.iter().filter(sees_itself).count() as u64, TERMS);
    }
    all_led.notify_one();
    let (curators, seen) = looking.await.unwrap();
    let saw = seen.len();
    note(format_args!(
        "{kind} by {way}: an observer saw {saw} of our terms and {curators} of Curator's"
    ));
    assert!(
        seen.is_sorted_by(|a, b| a < b),
        "epochs went back: {seen:?}"
    );
    assert!(seen.iter().all(|epoch| epochs.contains(epoch)));
    assert!(!seen.is_empty() && curators > 0);
    assert_eq!(election.candidates().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_candidates_and_curators_leader_latch_lead_in_turn() {
    count_as_leaders(ElectionLayout::Latch, "latch", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_latches_and_curators_leader_latch_lead_in_turn() {
    count_as_leaders(ElectionLayout::Latch, "latch", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_candidates_and_curators_leader_selector_lead_in_turn() {
    count_as_leaders(ElectionLayout::Selector, "selector", false).await;
}

/// Why a term is not written down in the leader's own node (decision 009): Curator's latch watches the data of the
/// node ahead once, and waits only for its deletion.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_leader_writes_into_its_own_node_costs_curators_latch_its_turn() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("leadership-stranded");
    fs::create_dir_all(&folder).unwrap();
    let counter = folder.join("counter");
    let counter_text = counter.to_str().unwrap();
    let connect = RealServer::shared().connect_string();
    let limit = deadline(Duration::from_secs(60));
    let zk = Client::builder(&connect).connect().await.unwrap();
    for (path, writes) in [("/elections/quiet", false), ("/elections/written", true)] {
        fs::write(&counter, "0\n").unwrap();
        let prefix = format!("{path}/_c_53345f98-9423-4e0c-a7b5-9f819e3ec2e1-latch-");
        zk.create(path, "").parents().await.unwrap();
        let leader = zk.create(&prefix, "").mode(CreateMode::EphemeralSequential);
        let leader = leader.await.unwrap().path;
        let arguments = [connect.as_str(), path, counter_text, "1", "latch", "1"];
        let curator = Peer::curator("CounterUnderLeadership", &arguments);
        // Its watch is set behind its node; then it lists nothing more.
        while zk.children(path).await.unwrap().len() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        if writes {
            zk.set(&leader, "term 7").await.unwrap();
        }
        zk.delete(&leader).await.unwrap();
        if writes {
            tokio::time::sleep(Duration::from_secs(3)).await;
            let led = |line: &String| line.starts_with("round");
            assert!(
                !curator.printed().iter().any(led),
                "Curator is better than it was"
            );
        } else {
            tokio::task::block_in_place(|| curator.finish(&limit));
        }
    }
    zk.close().await.unwrap();
}

/// A leader of ours, Curator's candidate behind it, and one of ours that is named.
#[tokio::test(flavor = "multi_thread")]
async fn a_named_successor_goes_ahead_of_curators_latch_which_leads_after_it() {
    let path = "/elections/succession";
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("leadership-succession");
    fs::create_dir_all(&folder).unwrap();
    let counter = folder.join("counter");
    fs::write(&counter, "0\n").unwrap();
    let connect = RealServer::shared().connect_string();
    let limit = deadline(Duration::from_secs(60));
    let zk = Client::builder(&connect).connect().await.unwrap();
    let election = Election::new(&zk, path).unwrap();
    let leader = election.clone().contender("a").elected().await.unwrap();
    let arguments = [
        connect.as_str(),
        path,
        counter.to_str().unwrap(),
        "1",
        "latch",
        "1",
    ];
    let curator = Peer::curator("CounterUnderLeadership", &arguments);
    while election.candidates().await.unwrap().len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let named = election.clone().contender("c").accepts_succession();
    let named = tokio::spawn(named.elected().into_future());
    while election.candidates().await.unwrap().len() < 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    leader
        .name_successor("c", Duration::from_secs(20))
        .await
        .unwrap();
    let epoch = leader.epoch();
    leader.resign().await.unwrap();
    let next = named.await.unwrap().unwrap();
    assert!(next.epoch() > epoch);
    // Curator looks again each time somebody ahead of it goes.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(
        !curator
            .printed()
            .iter()
            .any(|line| line.starts_with("round"))
    );
    next.resign().await.unwrap();
    let printed = tokio::task::block_in_place(|| curator.finish(&limit));
    assert_eq!(printed.last().unwrap(), "done rounds 1 contended 1");
    zk.close().await.unwrap();
}
