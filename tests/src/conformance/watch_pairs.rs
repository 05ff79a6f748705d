//! Two kinds of watches on one node. Servers before 3.9 keep one mode per connection and path, and the client makes up for
//! it.

use zk_client::{AddWatchMode, EventType, WatchEvent};
use zk_recipes::{Client, Watch};

use super::seen::{Seen, at_once, event};
use super::server::Server;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Persistent,
    Recursive,
    Data,
    Exist,
    Children,
}

use Kind::{Children, Data, Exist, Persistent, Recursive};

const KINDS: [Kind; 5] = [Persistent, Recursive, Data, Exist, Children];

impl Kind {
    async fn set(self, zk: &Client, node: &str) -> Watch {
        match self {
            Persistent => zk.watch(node, AddWatchMode::Persistent).await.unwrap(),
            Recursive => {
                let mode = AddWatchMode::PersistentRecursive;
                zk.watch(node, mode).await.unwrap()
            }
            Data => zk.get(node).watch().await.unwrap().1,
            Exist => zk.exists(node).watch().await.unwrap().1,
            Children => zk.children(node).watch().await.unwrap().1,
        }
    }

    /// What it has to tell of [`change`].
    fn expected(self, node: &str) -> Vec<Seen> {
        let list = event(EventType::ChildrenChanged, node);
        let data = event(EventType::DataChanged, node);
        let created = |name| event(EventType::Created, &format!("{node}/{name}"));
        match self {
            Persistent => vec![list.clone(), data.clone(), list, data],
            Recursive => vec![
                created("a"),
                data.clone(),
                created("b"),
                created("a/c"),
                data,
            ],
            Data | Exist => vec![data],
            Children => vec![list],
        }
    }
}

async fn change(zk: &Client, node: &str) {
    zk.create(&format!("{node}/a"), "").await.unwrap();
    zk.set(node, "1").await.unwrap();
    zk.create(&format!("{node}/b"), "").await.unwrap();
    zk.create(&format!("{node}/a/c"), "").await.unwrap();
    zk.set(node, "2").await.unwrap();
}

/// What has arrived, but for gaps, which are told wherever something might have been missed.
fn told(watch: &mut Watch) -> Vec<Seen> {
    let mut told = Vec::new();
    while let Some(Some(event)) = at_once(watch.next()) {
        match event {
            WatchEvent::Fired { kind, path, .. } => told.push((kind, path)),
            WatchEvent::Gap => {}
            other => panic!("{other:?}"),
        }
    }
    told
}

pub async fn any_two_watches_on_one_node_each_see_their_own_events(server: &Server) {
    let zk = server.client().await;
    for first in KINDS {
        for second in KINDS {
            let node = format!("/{first:?}-{second:?}");
            zk.create(&node, "").await.unwrap();
            let mut one = first.set(&zk, &node).await;
            let mut two = second.set(&zk, &node).await;
            zk.sync("/").await.unwrap();
            change(&zk, &node).await;
            assert_eq!(told(&mut one), first.expected(&node), "first of {node}");
            assert_eq!(told(&mut two), second.expected(&node), "second of {node}");
        }
    }
}

pub async fn a_watch_outlives_any_other_on_its_node_that_is_dropped(server: &Server) {
    let zk = server.client().await;
    for dropped in KINDS {
        for kept in KINDS {
            for order in ["before", "after"] {
                let node = format!("/{dropped:?}-{order}-{kept:?}");
                zk.create(&node, "").await.unwrap();
                let (other, mut watch);
                if order == "before" {
                    other = dropped.set(&zk, &node).await;
                    watch = kept.set(&zk, &node).await;
                } else {
                    watch = kept.set(&zk, &node).await;
                    other = dropped.set(&zk, &node).await;
                }
                drop(other);
                zk.sync("/").await.unwrap();
                change(&zk, &node).await;
                assert_eq!(told(&mut watch), kept.expected(&node), "{node}");
            }
        }
    }
}

pub async fn watches_that_were_asked_for_in_one_go_each_see_their_own_events(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    let lasting = zk.watch("/node", AddWatchMode::Persistent).submit();
    let data = zk.get("/node").watch().submit();
    let children = zk.children("/node").watch().submit();
    let tree = zk.watch("/node", AddWatchMode::PersistentRecursive);
    let tree = tree.submit();
    let mut watches = [
        (Persistent, lasting.await.unwrap()),
        (Data, data.await.unwrap().1),
        (Children, children.await.unwrap().1),
        (Recursive, tree.await.unwrap()),
    ];
    change(&zk, "/node").await;
    for (kind, watch) in &mut watches {
        assert_eq!(told(watch), kind.expected("/node"), "{kind:?}");
    }
}
