//! Locks.

use tokio::time::sleep;
use zk_recipes::{Acquire, MultiLock, Mutex, ReentrantMutex, RwLock, SemaphoreMutex};

use super::super::diary::{Mode, now};
use super::super::worker::{PATIENCE, Worker, to_the_end};

pub(in super::super) const MUTEX: &str = "/chaos/mutex";
pub(in super::super) const REENTRANT: &str = "/chaos/reentrant";
pub(in super::super) const RW: &str = "/chaos/rw";
pub(in super::super) const MULTI: [&str; 2] = ["/chaos/multi-a", "/chaos/multi-b"];

pub(super) async fn mutex(mut worker: Worker) {
    let mutex = Mutex::new(&worker.zk, MUTEX).expect("a path");
    while worker.lives() {
        hold(&mut worker, "mutex", mutex.acquire()).await;
        worker.rest().await;
    }
}

/// One hold of a mutex, with a ledger.
async fn hold(worker: &mut Worker, place: &'static str, acquire: Acquire) {
    let (id, begun) = (worker.id(), now());
    match acquire.contender(&worker.who).timeout(PATIENCE).await {
        Ok(guard) => {
            let held = guard.held();
            worker.granted(place, &held, Mode::Alone, &id, begun);
            let release = to_the_end(guard.release());
            worker
                .ledger(place, &held, held.token(), &id, release)
                .await;
        }
        Err(error) => worker.failed(place, &error),
    }
}

pub(super) async fn reentrant(mut worker: Worker) {
    let mutex = Mutex::new(&worker.zk, REENTRANT).expect("a path");
    let mutex = ReentrantMutex::new(mutex);
    while worker.lives() {
        let (id, begun) = (worker.id(), now());
        match mutex.acquire_within(&worker.who, PATIENCE).await {
            Ok(outer) => {
                let held = outer.held();
                worker.granted("reentrant", &held, Mode::Alone, &id, begun);
                match mutex.acquire(&worker.who).await {
                    Ok(inner) => {
                        worker.diary.count("re-entries");
                        if inner.held().token() != held.token() {
                            let finding = format!("{id} entered again, and into another hold");
                            worker.diary.page().findings.push(finding);
                        }
                        if let Err(error) = inner.release().await {
                            worker.failed("reentrant", &error);
                        }
                    }
                    Err(error) => worker.failed("reentrant", &error),
                }
                // Long, so that a silence can begin meanwhile.
                worker.diary.page().holding.insert(worker.number);
                let while_held = worker.millis(300, 1200);
                sleep(while_held).await;
                worker.diary.page().holding.remove(&worker.number);
                let (token, release) = (held.token(), to_the_end(outer.release()));
                worker.ledger("reentrant", &held, token, &id, release).await;
            }
            Err(error) => worker.failed("reentrant", &error),
        }
        worker.rest().await;
    }
}

pub(super) async fn read_and_write(mut worker: Worker) {
    let lock = RwLock::new(&worker.zk, RW).expect("a path");
    while worker.lives() {
        let (id, begun) = (worker.id(), now());
        if worker.dice.percent(60) {
            match lock.read().contender(&worker.who).timeout(PATIENCE).await {
                Ok(read) => {
                    worker.granted("readers", &read.held(), Mode::Reading, &id, begun);
                    worker.work().await;
                    if let Err(error) = read.release().await {
                        worker.failed("rw", &error);
                    }
                }
                Err(error) => worker.failed("rw", &error),
            }
            worker.rest().await;
            continue;
        }
        match lock.write().contender(&worker.who).timeout(PATIENCE).await {
            Ok(write) if worker.dice.percent(50) => {
                worker.granted("rw", &write.held(), Mode::Alone, &id, begun);
                match write.downgrade().await {
                    Ok(read) => {
                        worker.diary.count("downgrades");
                        worker.granted("readers", &read.held(), Mode::Reading, &id, begun);
                        worker.work().await;
                        if let Err(error) = read.release().await {
                            worker.failed("rw", &error);
                        }
                    }
                    Err(error) => worker.failed("rw", &error),
                }
            }
            Ok(write) => {
                let held = write.held();
                worker.granted("rw", &held, Mode::Alone, &id, begun);
                let release = to_the_end(write.release());
                worker.ledger("rw", &held, held.token(), &id, release).await;
            }
            Err(error) => worker.failed("rw", &error),
        }
        worker.rest().await;
    }
}

pub(super) async fn semaphore_mutex(mut worker: Worker) {
    let mutex = SemaphoreMutex::new(&worker.zk, "/chaos/semmutex").expect("a path");
    while worker.lives() {
        let (id, begun) = (worker.id(), now());
        let acquire = mutex.acquire().contender(&worker.who);
        match acquire.timeout(PATIENCE).await {
            Ok(guard) => {
                let held = guard.held();
                worker.granted("semmutex", &held, Mode::Alone, &id, begun);
                let (token, release) = (held.token(), to_the_end(guard.release()));
                worker.ledger("semmutex", &held, token, &id, release).await;
            }
            Err(error) => worker.failed("semmutex", &error),
        }
        worker.rest().await;
    }
}

/// Two locks at once, or one of them alone.
pub(super) async fn multi(mut worker: Worker) {
    let both = MultiLock::new(&worker.zk, MULTI).expect("paths");
    let one = Mutex::new(&worker.zk, MULTI[0]).expect("a path");
    while worker.lives() {
        if worker.dice.percent(40) {
            hold(&mut worker, "multi-a", one.acquire()).await;
            worker.rest().await;
            continue;
        }
        let (id, begun) = (worker.id(), now());
        let acquire = both.acquire().contender(&worker.who);
        match acquire.timeout(PATIENCE).await {
            Ok(guard) => {
                worker.diary.count("multi-locks");
                let helds = guard.helds();
                for (held, place) in helds.iter().zip(["multi-a", "multi-b"]) {
                    worker.granted(place, held, Mode::Alone, &id, begun);
                }
                if let [_, second] = &helds[..] {
                    let (token, release) = (second.token(), to_the_end(guard.release()));
                    worker.ledger("multi-b", second, token, &id, release).await;
                }
            }
            Err(error) => worker.failed("multi", &error),
        }
        worker.rest().await;
    }
}
