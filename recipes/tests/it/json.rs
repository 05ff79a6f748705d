//! Values as JSON, in all that reads and writes values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zk_recipes::{
    CacheChange, Entry, ErrorKind, Json, Queue, QueueLayout, TreeCache, TypedCache, TypedValue,
};

use crate::kit::World;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Limit {
    rate: u32,
    unit: String,
}

/// What has no JSON: its keys are no strings.
type Pairs = BTreeMap<(u8, u8), u8>;

fn per_minute(rate: u32) -> Json<Limit> {
    let unit = "minute".to_owned();
    Json(Limit { rate, unit })
}

#[tokio::test(start_paused = true)]
async fn a_value_is_json_and_what_is_none_is_told_with_path_and_reason() {
    let world = World::new();
    let zk = world.client().await;
    let limit = TypedValue::new(&zk, "/limits/api", &per_minute(10)).unwrap();
    let first = limit.get().await.unwrap();
    assert_eq!(first.value, per_minute(10));
    let stored = zk.get("/limits/api").await.unwrap().data;
    assert_eq!(stored, r#"{"rate":10,"unit":"minute"}"#);
    zk.set("/limits/api", r#"{"rate":"secret"}"#).await.unwrap();
    let error = limit.try_set(&first, &per_minute(11)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undecodable);
    let text = error.to_string();
    for part in ["/limits/api", "Limit", "invalid type: string, expected u32"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("secret"), "{text}");
    let pairs = TypedValue::new(&zk, "/pairs", &Json(Pairs::new())).unwrap();
    let error = pairs.set(&Json(Pairs::from([((1, 2), 3)]))).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    for part in ["/pairs", "key must be a string"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    assert!(!world.hooks.paths().contains(&"/pairs".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_cache_goes_on_past_a_node_that_is_no_json() {
    let world = World::new();
    let zk = world.client().await;
    for (path, data) in [
        ("/c", ""),
        ("/c/a", r#"{"rate":1,"unit":"s"}"#),
        ("/c/b", "{"),
    ] {
        zk.create(path, data).await.unwrap();
    }
    let (cache, driver) = TreeCache::new(&zk, "/c").unwrap().keep();
    let driver = tokio::spawn(driver);
    let limits = TypedCache::<Json<Limit>>::new(cache.loaded().await.unwrap());
    let rate = |path: &str| Ok::<_, zk_recipes::Error>(limits.get(path)?.unwrap().value.0.rate);
    assert_eq!(rate("/c/a").unwrap(), 1);
    let error = rate("/c/b").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undecodable);
    for part in ["/c/b", "EOF while parsing an object"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    // What follows is told and read as ever, that of the broken node included.
    let mut changes = limits.cache().changes();
    changes.next().await.unwrap();
    zk.set("/c/b", r#"{"rate":2,"unit":"s"}"#).await.unwrap();
    let Some(CacheChange::Updated { path, node, old }) = changes.next().await else {
        panic!("another change");
    };
    assert_eq!(limits.read(&path, &node).unwrap().value.0.rate, 2);
    let error = limits.read(&path, &old).unwrap_err();
    assert!(error.to_string().contains("/c/b"), "{error}");
    assert_eq!(rate("/c/b").unwrap(), 2);
    assert!(!driver.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_queue_of_json_gives_back_what_is_none_and_refuses_what_cannot_be() {
    let world = World::new();
    let zk = world.client().await;
    let queue = Queue::new(&zk, "/q").unwrap().layout(QueueLayout::Simple);
    queue.put(Entry::of(&per_minute(3))).await.unwrap();
    let Json(limit) = queue.take().await.unwrap().value::<Json<Limit>>().unwrap();
    assert_eq!(limit, per_minute(3).0);
    queue.put("three").await.unwrap();
    let claimed = queue.claim().await.unwrap();
    let error = claimed.item().value::<Json<Limit>>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undecodable);
    assert!(error.to_string().contains(claimed.item().node()), "{error}");
    claimed.release().await.unwrap();
    assert_eq!(queue.len().await.unwrap(), 1);
    let put = queue.put(Entry::of(&Json(Pairs::from([((1, 2), 3)]))));
    let error = put.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    for part in ["/q", "key must be a string"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_eq!(queue.len().await.unwrap(), 1);
}
