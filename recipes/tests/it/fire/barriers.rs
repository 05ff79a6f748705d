//! Double barriers, judged by what the servers committed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use zk_embedded::{Fact, NodeChange, Witnessed};
use zk_recipes::{Client, DoubleBarrier, ErrorKind};

use super::{Fire, seeds};

const PATH: &str = "/barriers/d";
const READY: &str = "/barriers/d/ready";
const MEMBERS: u16 = 3;

/// What a client was told, with how much was committed by then: nothing is told before it is committed.
#[derive(Debug)]
enum Told {
    Entered(String),
    Left(String),
}

/// What was told and committed so far.
#[derive(Default)]
struct Record {
    committed: Vec<Witnessed>,
    told: Vec<(usize, Told)>,
}

struct Recorder {
    hooks: zk_embedded::EnsembleHooks,
    record: Mutex<Record>,
}

impl Recorder {
    fn tell(&self, told: Told) {
        let mut record = self.record.lock().unwrap();
        record.committed.extend(self.hooks.drain_truth());
        let by_then = record.committed.len();
        record.told.push((by_then, told));
    }
}

async fn go_round(zk: Client, recorder: Arc<Recorder>, drained: watch::Receiver<bool>) -> usize {
    let barrier = DoubleBarrier::new(&zk, PATH, MEMBERS).unwrap();
    let mut rounds = 0;
    loop {
        let limit = Duration::from_secs(8);
        match barrier.enter().timeout(limit).await {
            Ok(member) => {
                recorder.tell(Told::Entered(member.node().to_owned()));
                sleep(Duration::from_millis(300)).await;
                let node = member.node().to_owned();
                match member.leave().timeout(limit).await {
                    Ok(left) if left.was_member => {
                        recorder.tell(Told::Left(node));
                        rounds += 1;
                        if *drained.borrow() {
                            return rounds;
                        }
                    }
                    Ok(_) => {}
                    Err(error) => assert!(is_late(error.kind()), "{error}"),
                }
            }
            Err(error) => assert!(is_late(error.kind()), "{error}"),
        }
    }
}

fn is_late(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WaitTimedOut | ErrorKind::TimedOut)
}

/// B2: at a moment before it was told, all members were there together, this one among them. B3: when it was told that all
/// have left, no member that had been there with it at that moment was left.
fn judge(record: &Record) -> Result<(), String> {
    let mut members: BTreeSet<&str> = BTreeSet::new();
    // Those who were there when `ready` was made, by each of them.
    let mut together: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut told = record.told.iter().peekable();
    for at in 0..=record.committed.len() {
        while let Some((_, told)) = told.next_if(|(by_then, _)| *by_then == at) {
            match told {
                Told::Entered(node) if !together.contains_key(node.as_str()) => {
                    return Err(format!(
                        "{node} entered, and was never there with the others"
                    ));
                }
                Told::Left(node) => {
                    let others = together.get(node.as_str()).into_iter().flatten();
                    if let Some(other) = others.into_iter().find(|other| members.contains(*other)) {
                        return Err(format!("{node} left while {other} was there"));
                    }
                }
                Told::Entered(_) => {}
            }
        }
        let Some(Witnessed { fact, .. }) = record.committed.get(at) else {
            break;
        };
        let Fact::Committed {
            outcome: Ok(changes),
            ..
        } = fact
        else {
            continue;
        };
        for change in changes {
            match change {
                NodeChange::Created { path, .. } if path == READY => {
                    if members.len() < usize::from(MEMBERS) {
                        return Err(format!("{} members opened", members.len()));
                    }
                    together.extend(members.iter().map(|member| (*member, members.clone())));
                }
                NodeChange::Created { path, .. } if path.starts_with(PATH) && path != PATH => {
                    members.insert(path);
                }
                NodeChange::Deleted { path, .. } => {
                    members.remove(path.as_str());
                }
                _ => {}
            }
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn b2_b3_members_enter_and_leave_together_whatever_breaks() {
    let mut all = 0;
    for seed in seeds() {
        let mut fire = Fire::new(seed);
        fire.hooks.witness(true);
        let recorder = Arc::new(Recorder {
            hooks: fire.hooks.clone(),
            record: Mutex::default(),
        });
        let (drain, drained) = watch::channel(false);
        let mut clients = Vec::new();
        for _ in 0..MEMBERS {
            let zk = fire.client().await;
            let (recorder, drained) = (Arc::clone(&recorder), drained.clone());
            clients.push(tokio::spawn(go_round(zk, recorder, drained)));
        }
        fire.burn().await;
        // One full round of all, then each may stop: the others would wait for it.
        sleep(Duration::from_secs(15)).await;
        drain.send_replace(true);
        let first = clients.remove(0);
        all += fire.bound_to("left", seed, first).await.unwrap();
        clients.into_iter().for_each(|client| client.abort());
        let mut record = recorder.record.lock().unwrap();
        let truth = recorder.hooks.drain_truth();
        record.committed.extend(truth);
        if let Err(violation) = judge(&record) {
            panic!("seed {seed}: {violation}");
        }
    }
    println!("{all} rounds of the first of them");
    assert!(all > 5 * seeds().len(), "{all}");
}
