//! Shared values of a type.

use std::str::Utf8Error;
use std::time::Duration;

use tokio::time::timeout;
use zk_recipes::{Bytes, Client, CompareAndSet, ErrorKind, SharedValue, Stored, TypedValue};

use crate::kit::{World, settle};

const PATH: &str = "/values/v";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) String);

impl Stored for Word {
    type Error = Utf8Error;

    fn to_data(&self) -> Result<Bytes, Utf8Error> {
        Ok(Bytes::from(self.0.clone()))
    }

    fn from_data(data: &[u8]) -> Result<Self, Utf8Error> {
        std::str::from_utf8(data).map(|text| Self(text.to_owned()))
    }
}

pub(crate) fn word(text: &str) -> Word {
    Word(text.to_owned())
}

pub(crate) fn typed(zk: &Client, path: &str, seed: &str) -> TypedValue<Word> {
    TypedValue::new(zk, path, &word(seed)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_typed_value_is_read_replaced_and_followed_as_a_shared_one() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (ours, theirs) = (typed(&zk, PATH, "seed"), typed(&other, PATH, "other"));
    let mut changes = ours.changes();
    let first = ours.get().await.unwrap();
    assert_eq!(first.value, word("seed"));
    assert_eq!(changes.next().await.unwrap(), first);
    assert!(theirs.try_set(&first, &word("a")).await.unwrap().is_done());
    let second = changes.next().await.unwrap();
    assert_eq!(second.value, word("a"));
    // Of two that know the same value one wins, and the other is told what is there.
    let late = ours.try_set(&first, &word("b")).await.unwrap();
    assert_eq!(late, CompareAndSet::Found(second));
    theirs.set(&word("c")).await.unwrap();
    assert_eq!(changes.next().await.unwrap().value, word("c"));
    drop(changes);
    settle().await;
    assert_eq!(world.hooks.watch_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_value_of_the_type_is_an_error_with_path_and_reason_and_the_next_value_is_told()
{
    let world = World::new();
    let zk = world.client().await;
    let value = typed(&zk, PATH, "seed");
    let seed = value.get().await.unwrap();
    let mut changes = value.changes();
    changes.next().await.unwrap();
    let raw = SharedValue::new(&zk, PATH, "").unwrap();
    raw.set(Bytes::from_static(b"\xff")).await.unwrap();
    let error = value.get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undecodable);
    let text = error.to_string();
    for part in [PATH, "1 bytes", "Word", "invalid utf-8", "zxid"] {
        assert!(text.contains(part), "{text}");
    }
    let error = value.try_set(&seed, &word("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undecodable);
    let error = changes.next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undecodable);
    value.set(&word("mended")).await.unwrap();
    let next = timeout(Duration::from_secs(1), changes.next());
    assert_eq!(next.await.unwrap().unwrap().value, word("mended"));
}
