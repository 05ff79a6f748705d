//! Elections.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use zk_recipes::Election;

use super::super::diary::{Grant, Mode, Sight, Term, now};
use super::super::worker::{PATIENCE, Worker, to_the_end};

pub(in super::super) const ELECTION: &str = "/chaos/election";
pub(in super::super) const LATCH: &str = "/chaos/latch";

fn began(worker: &Worker, path: &'static str, term: &zk_recipes::Term, id: &str, begun: i64) {
    let place = if path == LATCH { "latch" } else { "election" };
    let (told, node) = (now(), term.held().node().to_owned());
    let mut page = worker.diary.page();
    *page.counts.entry(place).or_default() += 1;
    page.grants.push(Grant {
        place,
        node: node.clone(),
        mode: Mode::Alone,
        token: None,
        hold: id.to_owned(),
        begun,
        told,
    });
    let epoch = term.epoch();
    page.terms.push(Term { path, node, epoch });
}

/// Terms, some of which end with a successor of the leader's choice.
pub(super) async fn terms(mut worker: Worker) {
    let election = Election::new(&worker.zk, ELECTION)
        .expect("a path")
        .contender(&worker.who)
        .announcement(worker.who.clone())
        .accepts_succession();
    while worker.lives() {
        let (id, begun) = (worker.id(), now());
        match election.elected().timeout(PATIENCE).await {
            Ok(leadership) => {
                let term = leadership.term();
                began(&worker, ELECTION, &term, &id, begun);
                if let Err(error) = term.announce(&id).await {
                    worker.failed("election", &error);
                }
                if worker.dice.percent(50) {
                    let candidates = election.candidates().await.unwrap_or_default();
                    if let Some(last) = candidates.iter().rev().find(|c| !c.holds) {
                        let limit = Duration::from_secs(2);
                        match leadership.name_successor(&last.text, limit).await {
                            Ok(()) => worker.diary.count("hand-overs"),
                            Err(error) => worker.failed("election", &error),
                        }
                    }
                }
                let (held, epoch) = (term.held().clone(), term.epoch());
                let release = to_the_end(leadership.resign());
                worker.ledger("election", &held, epoch, &id, release).await;
            }
            Err(error) => worker.failed("election", &error),
        }
        worker.rest().await;
    }
}

/// A latch that is open for one term each.
pub(super) async fn latch(mut worker: Worker) {
    let election = Election::new(&worker.zk, LATCH).expect("a path");
    let election = election.contender(&worker.who);
    while worker.lives() {
        let (id, begun) = (worker.id(), now());
        let (latch, driver) = election.latch();
        let driver = tokio::spawn(driver);
        if let Ok(Some(term)) = timeout(PATIENCE, latch.leader()).await {
            began(&worker, LATCH, &term, &id, begun);
            let (held, closing) = (term.held().clone(), latch.clone());
            let release = async move {
                // A term that was in doubt goes in the background, and one that is lost with its session.
                let led = closing.is_leader();
                closing.close();
                let ended = driver.await.expect("the driver does not panic");
                let lost = timeout(Duration::ZERO, held.lost()).await.is_ok();
                ended.map(|()| led && !lost)
            };
            let while_leading = worker.millis(200, 1000);
            sleep(while_leading).await;
            let held = term.held();
            worker
                .ledger("latch", held, term.epoch(), &id, release)
                .await;
        } else {
            latch.close();
            if let Err(error) = driver.await.expect("the driver does not panic") {
                worker.failed("latch", &error);
            }
        }
        worker.rest().await;
    }
}

/// Who leads, as seen from outside: epochs never go back.
pub(super) async fn observe(worker: Worker) {
    let election = Election::new(&worker.zk, ELECTION).expect("a path");
    let mut leaders = election.observe();
    let mut live = worker.live.clone();
    loop {
        let next = tokio::select! {
            next = leaders.next() => next,
            _ = live.wait_for(|live| !live) => return,
        };
        match next {
            Ok(Some(leader)) => {
                worker.diary.count("leaders observed");
                if let Some(epoch) = leader.epoch {
                    worker.diary.page().sights.push(Sight {
                        path: ELECTION,
                        who: worker.who.clone(),
                        data: leader.announcement,
                        zxid: i64::try_from(epoch).unwrap_or(i64::MAX),
                    });
                }
            }
            Ok(None) => {}
            Err(error) => worker.failed("observer", &error),
        }
    }
}
