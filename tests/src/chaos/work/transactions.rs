//! Transactions of several nodes.

use zk_checkers::{Function, Outcome};
use zk_recipes::{Bytes, Conditional, Decided, Error, Stm, Transaction, Tx};

use super::super::scribe::{code, failed};
use super::super::worker::Worker;

pub(in super::super) const ACCOUNTS: &str = "/chaos/accounts";
const COUNT: usize = 4;

/// The node that a condition is about, and where each branch writes.
pub(in super::super) const SWITCH: &str = "/chaos/switch";
pub(in super::super) const THEN: &str = "/chaos/switch/then";
pub(in super::super) const OTHERWISE: &str = "/chaos/switch/otherwise";

/// Moves sums from one account to another.
pub(super) async fn transfers(mut worker: Worker) {
    let stm = Stm::new(&worker.zk, ACCOUNTS).expect("a path");
    while worker.lives() {
        transfer(&mut worker, &stm).await;
        worker.rest().await;
    }
}

/// What is in an account; a number as 8 bytes, big-endian.
fn number(data: Option<&Bytes>) -> i64 {
    let bytes = data.and_then(|data| data.as_ref().try_into().ok());
    bytes.map_or(0, i64::from_be_bytes)
}

async fn transfer(worker: &mut Worker, stm: &Stm) {
    let from = worker.dice.below(COUNT);
    let to = (from + 1 + worker.dice.below(COUNT - 1)) % COUNT;
    let paths = [from, to].map(|account| format!("{ACCOUNTS}/account-{account}"));
    // Nobody else moves that sum.
    worker.serial += 1;
    let sum = i64::from(worker.serial) * 100 + i64::try_from(worker.number).unwrap_or_default();
    let together = worker.id();
    let calls: Vec<_> = (paths.iter().zip([-sum, sum]))
        .map(|(path, delta)| {
            worker.begin(Function::Change, path, |op, history| {
                op.data = history.data(&delta.to_be_bytes());
                op.together = history.text(&together);
            })
        })
        .collect();
    let run = stm.run(|tx: Tx| {
        let [one, other] = paths.clone();
        async move {
            let (before, beside) = (tx.get(&one).await?, tx.get(&other).await?);
            let after = number(before.as_ref()).saturating_sub(sum);
            let more = number(beside.as_ref()).saturating_add(sum);
            tx.put(&one, after.to_be_bytes().to_vec()).await?;
            tx.put(&other, more.to_be_bytes().to_vec()).await?;
            Ok::<_, Error>([(before, after), (beside, more)])
        }
    });
    match run.await {
        Ok(changes) => {
            worker.diary.count("transfers");
            for (call, (before, after)) in calls.into_iter().zip(changes) {
                worker.end(call, Outcome::Ok, |op, history| {
                    op.from = history.data(before.as_deref().unwrap_or_default());
                    op.reply = history.data(&after.to_be_bytes());
                });
            }
        }
        Err(error) => {
            for call in calls {
                worker.end(call, failed(&error), |op, _| op.error = code(&error));
            }
            worker.failed("transfers", &error);
        }
    }
}

/// Writes one thing if the node is as it was, and another if not.
pub(super) async fn conditions(mut worker: Worker) {
    while worker.lives() {
        let (id, zk) = (worker.id(), worker.zk.clone());
        let version = match zk.get(SWITCH).await {
            Ok(node) => node.stat.version,
            Err(error) => {
                worker.failed("conditions", &error);
                continue;
            }
        };
        worker.work().await;
        let then = Transaction::new(&zk);
        let then = then
            .with(zk.set(SWITCH, id.clone()))
            .with(zk.set(THEN, id.clone()));
        let otherwise = Transaction::new(&zk).with(zk.set(OTHERWISE, id.clone()));
        let decide = Conditional::new(&zk).version(SWITCH, version);
        let call = worker.begin(Function::Decide, SWITCH, |op, history| {
            op.data = history.text(&id);
            op.expected = Some(version);
            op.guard = history.text(THEN);
            op.entrance = history.text(OTHERWISE);
        });
        let (told, counted) = match decide.then(then).otherwise(otherwise).await {
            Ok(Decided::Then(_)) => ("then", "conditions"),
            Ok(Decided::Otherwise { .. }) => ("otherwise", "conditions not met"),
            Err(error) => {
                worker.end(call, failed(&error), |op, _| op.error = code(&error));
                worker.failed("conditions", &error);
                worker.rest().await;
                continue;
            }
        };
        worker.end(call, Outcome::Ok, |op, history| {
            op.reply = history.text(told)
        });
        worker.diary.count(counted);
        worker.rest().await;
    }
}
