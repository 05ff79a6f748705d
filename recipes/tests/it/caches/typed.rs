//! Caches read as values.

use std::num::ParseIntError;

use zk_recipes::{Bytes, ErrorKind, Stored, TreeCache, TypedCache};

use super::kit::{TOP, loaded};
use crate::kit::{World, settle};

#[derive(Debug, PartialEq)]
struct Limit(u32);

impl Stored for Limit {
    type Error = ParseIntError;

    fn to_data(&self) -> Result<Bytes, ParseIntError> {
        Ok(self.0.to_string().into())
    }

    fn from_data(data: &[u8]) -> Result<Self, ParseIntError> {
        String::from_utf8_lossy(data).parse().map(Self)
    }
}

/// C87: reading takes nothing away, children are those of one level, and a deletion of what is no value is one.
#[tokio::test(start_paused = true)]
async fn c87_values_are_read_as_often_as_one_likes_and_what_is_none_is_an_error_of_its_own() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    other.create(TOP, "").await.unwrap();
    for (path, data) in [("/c/a", "1"), ("/c/b", "two"), ("/c/a/deep", "3")] {
        other.create(path, data).await.unwrap();
    }
    let (cache, _driver) = loaded(TreeCache::new(&zk, TOP).unwrap().keep()).await;
    let limits = TypedCache::<Limit>::new(cache);
    for _ in 0..2 {
        let read = limits.get("/c/a").unwrap().unwrap();
        let stat = world.hooks.node("/c/a").unwrap().stat;
        assert_eq!((read.value, read.mzxid), (Limit(1), stat.mzxid));
        assert_eq!(read.version, stat.version);
    }
    let children = limits.children(TOP);
    let values: Vec<_> = children
        .iter()
        .map(|(name, value)| (&**name, value.as_ref().ok().map(|value| value.value.0)))
        .collect();
    assert_eq!(values, [("a", Some(1)), ("b", None)]);
    let error = limits.get("/c/b").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undecodable);
    assert!(error.to_string().contains("/c/b"), "{error}");
    other.delete("/c/b").await.unwrap();
    settle().await;
    assert_eq!(limits.get("/c/b").unwrap(), None);
    assert_eq!(limits.cache().len(), 3);
}
