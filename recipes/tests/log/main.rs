//! What recipes say through `tracing`.
//!
//! A program of its own with one test: its subscriber is the process's, because tracing remembers whether a line is of
//! interest and lets the thread that first says it decide.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use zk_recipes::{Client, Queue};

/// The warnings of recipes.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("zk_recipes") && *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = String::new();
        event.record(&mut Fields(&mut text));
        self.0.lock().unwrap().push(text);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// What `docs/recipes/queues.md` says.
const MANY: usize = 20_000;

#[tokio::test]
async fn a_queue_that_became_long_is_warned_of_once_by_whoever_lists_it() {
    let warnings = Warnings::default();
    tracing::subscriber::set_global_default(warnings.clone()).unwrap();
    let zk = Client::dev().await.unwrap();
    let queue = Queue::new(&zk, "/queues/long").unwrap();
    for _ in 0..MANY / 1000 {
        queue.put_all(vec![""; 1000]).await.unwrap();
    }
    assert_eq!(queue.list().await.unwrap().len(), MANY);
    assert_eq!(*warnings.0.lock().unwrap(), [""; 0]);
    queue.put("one more").await.unwrap();
    assert!(queue.peek().await.unwrap().is_some());
    let claimed = queue.claim().await.unwrap();
    claimed.release().await.unwrap();
    assert_eq!(queue.list().await.unwrap().len(), MANY + 1);
    zk.close().await.unwrap();
    let said = warnings.0.lock().unwrap();
    let [warning] = said.as_slice() else {
        panic!("{said:?}");
    };
    for part in [
        "queue is long",
        "bound it, divide it",
        "queue=\"/queues/long\"",
        "items=20001",
    ] {
        assert!(warning.contains(part), "{warning}");
    }
}
