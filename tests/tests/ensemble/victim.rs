//! A holder whose follower is cut off from the leader and goes on to answer.

use std::cell::Cell;
use std::future::IntoFuture;
use std::time::{Duration, Instant};

use serde_json::json;
use zk_recipes::{Client, Error, Fate, LockLostWhy, Mutex, State};
use zk_tests::{Deadline, Ensemble, note};

/// Holds the lock on a follower, cuts that off its peers for longer than the session timeout, and writes meanwhile.
/// Returns its lines of the ledger.
pub(crate) async fn blind_holder(
    ensemble: &Ensemble,
    lock: &str,
    base: &str,
    session: Duration,
    limit: &Deadline,
) -> Vec<String> {
    let follower = ensemble.follower();
    let builder = Client::builder(ensemble.connect_string_of(follower));
    let zk = builder.session_timeout(session).connect().await.unwrap();
    // Its pings are answered to the end; the victim's wait behind the writes that prove its safety.
    let bystander = Client::builder(ensemble.connect_string_of(follower));
    let bystander = bystander.session_timeout(session).connect().await.unwrap();
    let others = Ensemble::MEMBERS.filter(|member| *member != follower);
    let others: Vec<String> = others.map(|m| ensemble.connect_string_of(m)).collect();
    let witness = Client::builder(others.join(",")).session_timeout(session);
    let witness = witness.connect().await.unwrap();
    let guard = Mutex::new(&zk, lock)
        .unwrap()
        .acquire()
        .contender("victim")
        .into_future();
    let guard = limit.until("the victim's turn", guard).await.unwrap();
    let (held, granted) = (guard.held(), zk.now());
    let safe = || async { held.is_safe().then_some(()) };
    limit.until_some("the victim's proof of safety", safe).await;
    let counter = format!("{base}/counter");
    let read = zk.get(&counter).await.unwrap();
    let saw = String::from_utf8_lossy(&read.data).into_owned();
    let n: u64 = saw.split(' ').next().unwrap().parse().unwrap();

    ensemble.cut_from_peers(follower);
    let cut = Instant::now();
    let add = zk
        .set(&counter, format!("{} victim-0-0", n + 1))
        .fenced_by(&held);
    let add = tokio::spawn(add.submit());
    // Another contender gets the lock while the follower goes on to answer the victim.
    let safe_until = Cell::new(None);
    let gone = || {
        safe_until.set(held.safe_until().or_else(|| safe_until.get()));
        async {
            let seen = witness.exists(held.node()).await;
            matches!(seen, Ok(None)).then_some(())
        }
    };
    limit.until_some("the victim's node to go", gone).await;
    let (went, now) = (cut.elapsed(), zk.now());
    assert!(went >= session / 2, "no session ends so soon");
    // Where the victim could look, nothing has happened.
    let stale = bystander.exists(held.node()).await.unwrap();
    assert!(stale.is_some(), "the follower knows already");
    assert!(matches!(bystander.state(), State::Connected { .. }));
    assert!(held.is_held(), "the victim cannot know");
    assert!(!held.is_safe(), "nothing is proven any more");
    let safe_until = safe_until.get().unwrap();
    assert!(safe_until < now, "the safe window ended before");
    note(format_args!(
        "victim on member {follower}: its node went {:.1} s after the cut, {:.1} s after its safe window; the \
         follower still answers, and shows the node",
        went.as_secs_f64(),
        (now - safe_until).as_secs_f64(),
    ));
    limit.wait_for("the follower to find out", || {
        ensemble.role(follower).is_none().then_some(())
    });
    ensemble.heal(follower);
    ensemble.wait_until_all_serve(limit);
    let lost = limit.until("the victim's loss", held.lost()).await;
    assert_eq!(lost.why, LockLostWhy::SessionExpired);
    let added = add.await.unwrap().map(drop);
    let fate = added.as_ref().unwrap_err().fate();
    let late = zk
        .create(&format!("{base}/marks/victim-0-0"), "")
        .fenced_by(&held);
    let late: Error = late.await.unwrap_err();
    assert_eq!(late.fate(), Fate::NotApplied, "{late}");
    guard.release().await.unwrap();
    zk.close().await.unwrap();
    bystander.close().await.unwrap();
    witness.close().await.unwrap();
    let outcome = |fate| match fate {
        Fate::NotApplied => "not_applied",
        _ => "unknown",
    };
    let token = held.token();
    [
        json!({
            "event": "call", "op": "add", "id": "victim-0-0", "token": token, "saw": saw,
            "saw_zxid": read.stat.mzxid.as_raw(), "n": n + 1, "outcome": outcome(fate),
        }),
        json!({
            "event": "call", "op": "mark", "id": "victim-0-0", "token": token, "outcome": outcome(late.fate()),
        }),
        json!({
            "event": "hold", "who": "victim-0", "token": token, "granted": granted.as_nanos(),
            "safe_until": safe_until.as_nanos(), "end": "lost",
        }),
    ]
    .map(|line| line.to_string())
    .to_vec()
}
