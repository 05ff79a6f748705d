//! The lock under fire: contenders in four languages, three servers, one fault after the other.

use std::time::{Duration, Instant};

use zk_recipes::{Client, ErrorKind, Mutex};
use zk_tests::ledger::{Contenders, Job, Ledger};
use zk_tests::proxy::{Proxy, Reaction, Rule, When};
use zk_tests::{Deadline, Ensemble, deadline, note};

use zk_wire::OpCode;

use crate::peers;
use crate::turn;
use crate::victim::blind_holder;

const LOCK: &str = "/locks/fire";
const BASE: &str = "/ledger";
const SESSION_MS: u32 = 4_000;
const SESSION: Duration = Duration::from_millis(SESSION_MS as u64);
const CONTENDERS: u32 = 4;
const KILLS: usize = 8;
const BROKEN: usize = 20;
const LIMIT: Duration = Duration::from_secs(240);

/// How many additions each process has to do between two faults.
const PROGRESS: usize = 10;

/// A proxy that now and then cuts a fenced write: before it is applied, or after.
async fn cutting_proxy(member: &str) -> (Proxy, [Rule; 2]) {
    let proxy = Proxy::start(member).await;
    let write = || When::request(OpCode::Multi).path(BASE);
    let before = proxy.rule(write().nth(7).each(17), Reaction::Cut);
    let after = proxy.rule(write().nth(13).each(19), Reaction::CutAfter);
    (proxy, [before, after])
}

/// Deletes holders' nodes, as an operator does who breaks a lock. Not those of Curator, whose writes have no fence.
async fn break_locks(zk: &Client, limit: &Deadline) {
    let mutex = Mutex::new(zk, LOCK).unwrap();
    let mut broken = 0;
    while broken < BROKEN {
        assert!(!limit.passed(), "no holder's node was there to be deleted");
        let holder = mutex.contenders().await.unwrap_or_default();
        let Some(holder) = holder.into_iter().find(|contender| contender.holds) else {
            continue;
        };
        let fenced = ["rust-", "python-", "c-"];
        if fenced.iter().any(|name| holder.text.starts_with(name)) {
            broken += usize::from(zk.delete(&holder.node).await.is_ok());
        }
    }
}

/// Waits until every process has counted again.
fn all_go_on(processes: &mut [Contenders], limit: &Deadline) {
    let wanted: Vec<usize> = processes.iter().map(|p| p.done() + PROGRESS).collect();
    for (process, wanted) in processes.iter_mut().zip(wanted) {
        process.wait_until_done(wanted, limit);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_under_fire_loses_nothing_and_lets_nobody_in_too_early() {
    let _turn = turn().await;
    // Built first, which may take longer than the test.
    let (ours, curator) = (peers::ours(), peers::curator());
    let limit = deadline(LIMIT);
    let ensemble = Ensemble::start_patient();
    let connect = ensemble.connect_string();
    let zk = Client::builder(&connect).session_timeout(SESSION).connect();
    let zk = zk.await.unwrap();
    zk.create(BASE, "").await.unwrap();
    zk.create(&format!("{BASE}/marks"), "").await.unwrap();
    zk.create(&format!("{BASE}/counter"), "0 start")
        .await
        .unwrap();

    let mut proxies = Vec::new();
    for member in Ensemble::MEMBERS {
        proxies.push(cutting_proxy(&ensemble.connect_string_of(member)).await);
    }
    let cut: Vec<String> = proxies.iter().map(|(p, _)| p.connect_string()).collect();
    let cut = cut.join(",");
    let job = Job {
        connect: &cut,
        lock: LOCK,
        base: BASE,
        contenders: CONTENDERS,
        session_ms: SESSION_MS,
        layout: "curator",
    };
    let direct = Job {
        connect: &connect,
        ..job.clone()
    };
    let ours = ours.into_iter().map(|peer| (peer, &job));
    let peers = ours.chain(curator.map(|peer| (peer, &direct)));
    let mut processes: Vec<Contenders> = peers
        .map(|(peer, job)| Contenders::start(peer.name, peer.program, job))
        .collect();
    for process in &mut processes {
        process.wait_until_ready(&limit);
    }
    all_go_on(&mut processes, &limit);

    let begun = Instant::now();
    let tell = |what: &str| {
        note(format_args!(
            "{:6.1} s  {what}",
            begun.elapsed().as_secs_f64()
        ))
    };
    for round in 1..=KILLS {
        let leader = ensemble.leader();
        let others: Vec<_> = Ensemble::MEMBERS.filter(|m| *m != leader).collect();
        tell(&format!("kill {round}: the leader, member {leader}"));
        ensemble.kill(leader);
        let next = ensemble.wait_for_leader_among(&others, &limit);
        tell(&format!("member {next} leads; restart"));
        ensemble.restart(leader);
        ensemble.wait_until_all_serve(&limit);
        all_go_on(&mut processes, &limit);
    }

    let follower = ensemble.follower();
    tell(&format!(
        "pause member {follower}, a follower, for a session timeout"
    ));
    ensemble.pause(follower);
    tokio::time::sleep(SESSION + SESSION / 4).await;
    ensemble.unpause(follower);
    ensemble.wait_until_all_serve(&limit);
    all_go_on(&mut processes, &limit);

    let leader = ensemble.leader();
    tell(&format!(
        "cut member {leader}, the leader, off its peers until another leads"
    ));
    ensemble.cut_from_peers(leader);
    let others: Vec<_> = Ensemble::MEMBERS.filter(|m| *m != leader).collect();
    let next = ensemble.wait_for_leader_among(&others, &limit);
    tell(&format!("member {next} leads; heal"));
    ensemble.heal(leader);
    ensemble.wait_until_all_serve(&limit);
    all_go_on(&mut processes, &limit);

    tell(&format!("delete the node of a holder, {BROKEN} times"));
    break_locks(&zk, &limit).await;
    all_go_on(&mut processes, &limit);

    tell("cut a holder's follower off the leader");
    let mut ledger = Ledger::default();
    ledger.take(&blind_holder(&ensemble, LOCK, BASE, SESSION, &limit).await);
    all_go_on(&mut processes, &limit);
    tell("the end");

    let mut names = Vec::new();
    for process in processes {
        names.push(process.name().to_owned());
        ledger.take(&process.finish(&limit));
    }
    let cuts = |reaction: usize| {
        let rules = proxies.iter().map(|(_, rules)| rules[reaction].hits());
        rules.sum::<u64>()
    };
    note(format_args!(
        "writes cut before apply: {}, after: {}",
        cuts(0),
        cuts(1)
    ));
    assert!(cuts(0) > 0 && cuts(1) > 0);
    for name in &names {
        let (holds, waited) = ledger.holds_of(name);
        note(format_args!(
            "{name}: {holds} holds, {waited} of them waited for"
        ));
    }
    // A write, so that what is read next is not older than it.
    zk.barrier().await.unwrap();
    let counter = zk.get(&format!("{BASE}/counter")).await.unwrap();
    let marks = zk.children(&format!("{BASE}/marks")).await.unwrap();
    let verdict = ledger.judge(&String::from_utf8_lossy(&counter.data), &marks);
    note(&verdict);
    match zk.children(LOCK).await {
        Ok(left) => assert_eq!(left, Vec::<String>::new(), "nodes are left under the lock"),
        // The server has removed the empty container already.
        Err(error) => assert_eq!(error.kind(), ErrorKind::NoNode),
    }
    zk.close().await.unwrap();
    assert_eq!(verdict.findings, Vec::<String>::new());
    assert!(
        verdict.windows >= 1,
        "no lost hold had a safe window to compare"
    );
    let unknown = [verdict.adds, verdict.marks].map(|c| [c.unknown_found, c.unknown_absent]);
    assert!(
        unknown.concat().iter().all(|count| *count > 0),
        "{unknown:?}"
    );
    let not_applied = verdict.adds.not_applied + verdict.marks.not_applied;
    assert!(not_applied > 0, "nothing was reported not applied");
}
