//! Which events a change causes, in which order, and before which replies.

use zk_wire::{
    Acl, AddWatchMode, CreateMode, ErrorCode, EventType, Request, Response, WatcherKind,
};

use super::rig::{
    Got, Peer, Rig, auth, children, code, create, create_with_acl, delete, exists, get, set,
};

fn add_watch(path: &str, mode: AddWatchMode) -> Request {
    Request::AddWatch {
        path: path.to_owned(),
        mode,
    }
}

/// A watcher of `/p` and `/p/c` in every way there is, in one connection each, and a writer.
struct Scene {
    rig: Rig,
    writer: Peer,
    data_c: Peer,
    child_c: Peer,
    child_p: Peer,
    persistent_p: Peer,
    recursive_p: Peer,
}

impl Scene {
    fn new(c_exists: bool) -> Self {
        let mut rig = Rig::new();
        let mut writer = rig.connect();
        rig.create(&mut writer, "/p");
        if c_exists {
            rig.create(&mut writer, "/p/c");
        }
        let watching = |rig: &mut Rig, request: Request| {
            let mut peer = rig.connect();
            // A watch on a node that is missing is set all the same.
            let _ = rig.call(&mut peer, &request);
            peer
        };
        let data_c = watching(&mut rig, exists("/p/c", true));
        let child_c = watching(&mut rig, children("/p/c", true));
        let child_p = watching(&mut rig, children("/p", true));
        let persistent_p = watching(&mut rig, add_watch("/p", AddWatchMode::Persistent));
        let recursive_p = watching(&mut rig, add_watch("/p", AddWatchMode::PersistentRecursive));
        Self {
            rig,
            writer,
            data_c,
            child_c,
            child_p,
            persistent_p,
            recursive_p,
        }
    }

    /// Who hears what of a request, in the order of the fields.
    fn heard(&mut self, request: &Request) -> [Vec<(EventType, String)>; 5] {
        self.rig.call(&mut self.writer, request).unwrap();
        let zxid = self.rig.core.last_zxid().as_raw();
        let rig = &mut self.rig;
        [
            &mut self.data_c,
            &mut self.child_c,
            &mut self.child_p,
            &mut self.persistent_p,
            &mut self.recursive_p,
        ]
        .map(|peer| {
            let event = |got| match got {
                Got::Event {
                    kind,
                    path,
                    zxid: of,
                } => {
                    assert_eq!(
                        of, zxid,
                        "an event carries its transaction's zxid since 3.9.0"
                    );
                    (kind, path)
                }
                got => panic!("unexpected {got:?}"),
            };
            rig.got(peer).into_iter().map(event).collect()
        })
    }
}

fn event(kind: EventType, path: &str) -> (EventType, String) {
    (kind, path.to_owned())
}

#[test]
fn a_create_tells_the_nodes_watchers_then_its_parents() {
    use EventType::{ChildrenChanged, Created};
    let heard = Scene::new(false).heard(&create("/p/c", CreateMode::Persistent));
    assert_eq!(
        heard,
        [
            vec![event(Created, "/p/c")],
            // getChildren of a missing node sets no watch.
            vec![],
            vec![event(ChildrenChanged, "/p")],
            vec![event(ChildrenChanged, "/p")],
            vec![event(Created, "/p/c")],
        ]
    );
}

#[test]
fn a_delete_tells_both_kinds_of_the_nodes_watchers_and_its_parents() {
    use EventType::{ChildrenChanged, Deleted};
    let heard = Scene::new(true).heard(&delete("/p/c"));
    assert_eq!(
        heard,
        [
            vec![event(Deleted, "/p/c")],
            vec![event(Deleted, "/p/c")],
            vec![event(ChildrenChanged, "/p")],
            vec![event(ChildrenChanged, "/p")],
            vec![event(Deleted, "/p/c")],
        ]
    );
}

#[test]
fn a_write_tells_data_watchers_alone() {
    use EventType::DataChanged;
    let mut scene = Scene::new(true);
    let heard = scene.heard(&set("/p/c"));
    let of_c = vec![event(DataChanged, "/p/c")];
    assert_eq!(heard, [of_c.clone(), vec![], vec![], vec![], of_c]);
    let heard = scene.heard(&set("/p"));
    let of_p = vec![event(DataChanged, "/p")];
    assert_eq!(heard, [vec![], vec![], vec![], of_p.clone(), of_p]);
}

#[test]
fn an_acl_change_and_failures_tell_nobody() {
    let mut scene = Scene::new(true);
    let acl = vec![Acl::open()];
    let set_acl = Request::SetAcl {
        path: "/p/c".to_owned(),
        acl,
        version: -1,
    };
    assert_eq!(scene.heard(&set_acl), [const { vec![] }; 5]);
    let failing = Request::Delete {
        path: "/p/c".to_owned(),
        version: 7,
    };
    assert_eq!(
        code(scene.rig.call(&mut scene.writer, &failing)),
        ErrorCode::BadVersion
    );
    assert!(scene.rig.got(&mut scene.data_c).is_empty());
}

#[test]
fn one_connection_with_many_watches_hears_each_event_once() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    rig.create(&mut peer, "/a");
    rig.call(&mut peer, &exists("/a", true)).unwrap();
    rig.call(&mut peer, &children("/a", true)).unwrap();
    rig.call(&mut peer, &add_watch("/a", AddWatchMode::Persistent))
        .unwrap();
    rig.call(
        &mut peer,
        &add_watch("/", AddWatchMode::PersistentRecursive),
    )
    .unwrap();
    let xid = rig.send(&mut peer, &delete("/a"));
    assert_eq!(
        rig.got(&mut peer),
        [
            Got::event(EventType::Deleted, "/a", 3),
            Got::Reply {
                xid,
                zxid: 3,
                err: 0
            }
        ]
    );
}

#[test]
fn an_event_precedes_the_reply_to_its_cause_and_every_read_that_shows_it() {
    let mut rig = Rig::new();
    let (mut writer, mut reader) = (rig.connect(), rig.connect());
    rig.create(&mut writer, "/a");
    rig.call(&mut reader, &get("/a", true)).unwrap();
    let cause = rig.send(&mut writer, &set("/a"));
    let read = rig.send(&mut reader, &get("/a", false));
    assert_eq!(
        rig.got(&mut writer),
        [Got::Reply {
            xid: cause,
            zxid: 4,
            err: 0
        }]
    );
    assert_eq!(
        rig.got(&mut reader),
        [
            Got::event(EventType::DataChanged, "/a", 4),
            Got::Reply {
                xid: read,
                zxid: 4,
                err: 0
            },
        ]
    );
}

#[test]
fn a_watch_is_gone_once_it_has_fired_until_it_is_set_again() {
    let mut rig = Rig::new();
    let (mut writer, mut watcher) = (rig.connect(), rig.connect());
    rig.create(&mut writer, "/a");
    rig.call(&mut watcher, &get("/a", true)).unwrap();
    rig.set(&mut writer, "/a");
    rig.set(&mut writer, "/a");
    assert_eq!(rig.got(&mut watcher).len(), 1);
    rig.call(&mut watcher, &get("/a", true)).unwrap();
    rig.set(&mut writer, "/a");
    assert_eq!(rig.got(&mut watcher).len(), 1);
}

#[test]
fn a_persistent_watch_outlives_its_node() {
    let mut rig = Rig::new();
    let (mut writer, mut watcher) = (rig.connect(), rig.connect());
    let answer = rig.call(&mut watcher, &add_watch("/a", AddWatchMode::Persistent));
    assert_eq!(
        answer,
        Ok(Response::ErrorBody(0)),
        "whether or not the node exists"
    );
    rig.create(&mut writer, "/a");
    rig.create(&mut writer, "/a/b");
    rig.call(&mut writer, &delete("/a/b")).unwrap();
    rig.call(&mut writer, &delete("/a")).unwrap();
    rig.create(&mut writer, "/a");
    use EventType::{ChildrenChanged, Created, Deleted};
    let kinds = [Created, ChildrenChanged, ChildrenChanged, Deleted, Created];
    let expected: Vec<Got> = (3..)
        .zip(kinds)
        .map(|(zxid, kind)| Got::event(kind, "/a", zxid))
        .collect();
    assert_eq!(rig.got(&mut watcher), expected);
}

#[test]
fn an_event_of_an_unreadable_node_is_withheld_and_spends_the_watch() {
    let mut rig = Rig::new();
    let (mut owner, mut stranger) = (rig.connect(), rig.connect());
    rig.call(&mut owner, &auth("u:p")).unwrap();
    rig.call(&mut stranger, &exists("/closed", true))
        .unwrap_err();
    rig.call(&mut stranger, &children("/", true)).unwrap();
    rig.call(
        &mut owner,
        &create_with_acl("/closed", vec![Acl::creator_all()]),
    )
    .unwrap();
    assert_eq!(
        rig.got(&mut stranger),
        [Got::event(EventType::ChildrenChanged, "/", 3)],
        "the parent may be read, the node may not"
    );
    assert_eq!(rig.core.watch_count(), 0);
}

#[test]
fn removed_watches_are_silent_and_absent_ones_are_an_error() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    rig.create(&mut peer, "/a");
    rig.call(&mut peer, &get("/a", true)).unwrap();
    let check = |kind| Request::CheckWatches {
        path: "/a".to_owned(),
        kind,
    };
    let remove = |kind| Request::RemoveWatches {
        path: "/a".to_owned(),
        kind,
    };
    assert_eq!(
        code(rig.call(&mut peer, &check(WatcherKind::Children))),
        ErrorCode::NoWatcher
    );
    assert!(rig.call(&mut peer, &check(WatcherKind::Data)).is_ok());
    assert!(
        rig.call(&mut peer, &check(WatcherKind::Data)).is_ok(),
        "looking removes nothing"
    );
    assert!(rig.call(&mut peer, &remove(WatcherKind::Any)).is_ok());
    assert_eq!(
        code(rig.call(&mut peer, &remove(WatcherKind::Any))),
        ErrorCode::NoWatcher
    );
    rig.set(&mut peer, "/a");
}
