//! Values, and who follows them.

use std::str::Utf8Error;

use zk_recipes::{
    AtomicValue, Bytes, CompareAndSet, Error, SharedCount, SharedValue, Stored, TypedValue,
};

use super::super::diary::{Sight, Told, Write};
use super::super::worker::Worker;

pub(in super::super) const ATOMIC: &str = "/chaos/value";
pub(in super::super) const SHARED: &str = "/chaos/shared";
pub(in super::super) const COUNT: &str = "/chaos/count";

/// What workers write, as a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text(pub(super) String);

impl Stored for Text {
    type Error = Utf8Error;

    fn to_data(&self) -> Result<Bytes, Utf8Error> {
        Ok(Bytes::from(self.0.clone()))
    }

    fn from_data(data: &[u8]) -> Result<Self, Utf8Error> {
        std::str::from_utf8(data).map(|text| Self(text.to_owned()))
    }
}

fn wrote<T>(
    worker: &Worker,
    recipe: &'static str,
    at: &'static str,
    data: Bytes,
    result: Result<T, Error>,
) {
    let told = Told::of(&result);
    match result {
        Ok(_) => worker.diary.count(recipe),
        Err(error) => worker.failed(recipe, &error),
    }
    let path = at;
    worker.diary.page().writes.push(Write { path, data, told });
}

/// What was refused because others were faster.
fn lost(worker: &Worker, path: &'static str, data: Bytes) {
    worker.diary.count("comparisons lost");
    let told = Told::NotApplied;
    worker.diary.page().writes.push(Write { path, data, told });
}

pub(super) async fn atomic(mut worker: Worker) {
    let value = AtomicValue::new(&worker.zk, ATOMIC).expect("a path");
    while worker.lives() {
        let id = Bytes::from(worker.id());
        let updated = value.update(|_| id.clone()).await;
        wrote(&worker, "value", ATOMIC, id, updated);
        worker.rest().await;
    }
}

pub(super) async fn shared(mut worker: Worker) {
    let value = SharedValue::new(&worker.zk, SHARED, "seed").expect("a path");
    let typed = TypedValue::new(&worker.zk, SHARED, &Text("seed".to_owned())).expect("a path");
    while worker.lives() {
        let text = Text(worker.id());
        let id = Bytes::from(text.0.clone());
        if worker.dice.percent(30) {
            let set = value.set(id.clone()).await;
            wrote(&worker, "shared", SHARED, id, set);
        } else if worker.dice.percent(40) {
            let set = async {
                let current = typed.get().await?;
                typed.try_set(&current, &text).await
            };
            match set.await {
                Ok(CompareAndSet::Found(_)) => lost(&worker, SHARED, id),
                set => wrote(&worker, "typed", SHARED, id, set),
            }
        } else if let Ok(current) = value.get().await {
            match value.try_set(&current, id.clone()).await {
                Ok(set) if !set.is_done() => lost(&worker, SHARED, id),
                set => wrote(&worker, "shared", SHARED, id, set),
            }
        }
        worker.rest().await;
    }
}

pub(super) async fn count(mut worker: Worker) {
    let count = SharedCount::new(&worker.zk, COUNT, 0).expect("a path");
    let mut number = i32::try_from(worker.number + 1).unwrap_or_default() * 1_000_000;
    while worker.lives() {
        number += 1;
        let data = Bytes::copy_from_slice(&number.to_be_bytes());
        if let Ok(current) = count.get().await {
            match count.try_set(&current, number).await {
                Ok(set) if !set.is_done() => lost(&worker, COUNT, data),
                set => wrote(&worker, "count", COUNT, data, set),
            }
        }
        worker.rest().await;
    }
}

/// Sees values in their order, and none that nobody wrote.
pub(super) async fn follow(worker: Worker) {
    let value = SharedValue::new(&worker.zk, SHARED, "seed").expect("a path");
    let count = SharedCount::new(&worker.zk, COUNT, 0).expect("a path");
    let (mut values, mut counts) = (value.changes(), count.changes());
    let mut live = worker.live.clone();
    loop {
        let seen = tokio::select! {
            next = values.next() => next.map(|seen| (SHARED, seen.value, seen.mzxid)),
            next = counts.next() => {
                next.map(|seen| (COUNT, Bytes::copy_from_slice(&seen.value.to_be_bytes()), seen.mzxid))
            }
            _ = live.wait_for(|live| !live) => return,
        };
        match seen {
            Ok((path, data, zxid)) => {
                worker.diary.count("values seen");
                worker.diary.page().sights.push(Sight {
                    path,
                    who: worker.who.clone(),
                    data,
                    zxid: zxid.as_raw(),
                });
            }
            Err(error) => worker.failed("follower", &error),
        }
    }
}
