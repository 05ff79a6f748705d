//! Our contenders, with kazoo's layout, and unmodified kazoo on one lock.

use std::time::Duration;

use zk_recipes::Client;
use zk_tests::ledger::{Contenders, Job, Ledger};
use zk_tests::{RealServer, deadline, note};

use crate::peers;
use crate::turn;

const LOCK: &str = "/kazoo/lock";
const BASE: &str = "/kazoo";
/// Of each program. Their turns come in the same order again and again, mostly a program's one after the other.
const CONTENDERS: u32 = 2;

/// How often each side has to hold the lock, to wait for it, and to follow the other.
const TIMES: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn contenders_with_kazoos_layout_and_unmodified_kazoo_exclude_each_other() {
    let Some(kazoo) = peers::kazoo() else { return };
    let kazoos = kazoo.name;
    let ours = peers::ours_with_kazoos_layout();
    let _turn = turn().await;
    let limit = deadline(Duration::from_secs(240));
    let server = RealServer::start();
    let connect = server.connect_string();
    let zk = Client::builder(&connect).connect().await.unwrap();
    zk.create(BASE, "").await.unwrap();
    zk.create(&format!("{BASE}/marks"), "").await.unwrap();
    zk.create(&format!("{BASE}/counter"), "0 start")
        .await
        .unwrap();
    let job = Job {
        connect: &connect,
        lock: LOCK,
        base: BASE,
        contenders: CONTENDERS,
        session_ms: 10_000,
        layout: "kazoo",
    };
    let mut processes: Vec<Contenders> = [kazoo]
        .into_iter()
        .chain(ours)
        .map(|peer| {
            let mut process = Contenders::start(peer.name, peer.program, &job);
            process.wait_until_ready(&limit);
            process
        })
        .collect();
    let names: Vec<String> = processes.iter().map(|p| p.name().to_owned()).collect();
    // Once all are there, each holds often enough; the first have held more.
    let wanted: Vec<usize> = processes.iter().map(|p| p.done() + TIMES + 10).collect();
    for (process, wanted) in processes.iter_mut().zip(wanted) {
        process.wait_until_done(wanted, &limit);
    }
    // What has not been printed yet only adds to these.
    limit.wait_for("kazoo's to follow ours and ours kazoo's", || {
        let mut ledger = Ledger::default();
        for process in &processes {
            ledger.take(&process.printed());
        }
        (ledger.exchanges_of(kazoos).each_way() >= TIMES).then_some(())
    });
    let mut ledger = Ledger::default();
    for process in processes {
        ledger.take(&process.finish(&limit));
    }
    for name in &names {
        let (holds, waited) = ledger.holds_of(name);
        note(format_args!(
            "{name}: {holds} holds, {waited} of them waited for"
        ));
        assert!(holds >= TIMES && waited >= TIMES, "{name}");
    }
    let exchanges = ledger.exchanges_of(kazoos);
    note(format_args!("{kazoos}: {exchanges:?}"));
    assert!(exchanges.each_way() >= TIMES, "{exchanges:?}");
    zk.barrier().await.unwrap();
    let counter = zk.get(&format!("{BASE}/counter")).await.unwrap();
    let marks = zk.children(&format!("{BASE}/marks")).await.unwrap();
    let verdict = ledger.judge(&String::from_utf8_lossy(&counter.data), &marks);
    note(&verdict);
    assert_eq!(verdict.findings, Vec::<String>::new());
    let all = usize::try_from(verdict.counter).unwrap();
    assert_eq!((verdict.adds.done, verdict.marks.done), (all, all));
    assert_eq!(zk.children(LOCK).await.unwrap(), Vec::<String>::new());
    zk.close().await.unwrap();
}
