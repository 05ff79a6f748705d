//! What writes do to nodes and their parents, and how they are taken back.

use zk_wire::CreateMode;

use super::*;

const RULES: TxnRules = TxnRules {
    extended_types: true,
    enforce_quotas: false,
};

struct Desk {
    tree: Tree,
    zxid: i64,
}

impl Desk {
    fn new() -> Self {
        Self {
            tree: Tree::new(0),
            zxid: 0,
        }
    }

    /// One transaction at time `10 * zxid`, kept if it succeeds.
    fn run<T>(
        &mut self,
        work: impl FnOnce(&mut Txn<'_>, Author<'_>) -> Result<T, ErrorCode>,
    ) -> Result<T, ErrorCode> {
        self.zxid += 1;
        let identities = Identities::default();
        let session = SessionId::from_raw(7);
        let author = Author {
            session,
            identities: &identities,
            refused: None,
        };
        let zxid = Zxid::from_raw(self.zxid);
        let mut txn = Txn::new(&mut self.tree, zxid, self.zxid * 10, RULES);
        let result = work(&mut txn, author);
        if result.is_ok() {
            txn.commit();
        } else {
            txn.roll_back();
        }
        result
    }

    fn create(&mut self, path: &str, mode: CreateMode) -> Result<String, ErrorCode> {
        self.run(|txn, author| txn.create(author, &Create::new(path, "data", mode)))
            .map(|(path, _)| path)
    }

    fn stat(&self, path: &str) -> Stat {
        self.tree.get(path).unwrap().stat()
    }

    fn dump(&self) -> Vec<(String, Stat, Option<Bytes>)> {
        let dump = |(path, node): (&str, &Node)| (path.to_owned(), node.stat(), node.data.clone());
        self.tree.iter().map(dump).collect()
    }
}

fn zxid(raw: i64) -> Zxid {
    Zxid::from_raw(raw)
}

#[test]
fn a_fresh_tree_has_the_stats_of_a_fresh_server() {
    let desk = Desk::new();
    let fresh = Stat::default();
    assert_eq!(
        desk.stat("/"),
        Stat {
            cversion: -1,
            num_children: 1,
            ..fresh
        }
    );
    assert_eq!(
        desk.stat("/zookeeper"),
        Stat {
            cversion: -2,
            num_children: 2,
            ..fresh
        }
    );
    assert_eq!(desk.stat("/zookeeper/quota"), fresh);
    assert_eq!(
        desk.stat("/zookeeper/config"),
        Stat {
            aversion: -1,
            ..fresh
        }
    );
}

#[test]
fn a_create_stamps_the_node_and_counts_for_its_parent() {
    let mut desk = Desk::new();
    desk.create("/a", CreateMode::Persistent).unwrap();
    desk.create("/a/e", CreateMode::Ephemeral).unwrap();
    let child = Stat {
        czxid: zxid(2),
        mzxid: zxid(2),
        pzxid: zxid(2),
        ctime: 20,
        mtime: 20,
        ephemeral_owner: SessionId::from_raw(7),
        data_length: 4,
        ..Stat::default()
    };
    assert_eq!(desk.stat("/a/e"), child);
    let parent = Stat {
        czxid: zxid(1),
        mzxid: zxid(1),
        pzxid: zxid(2),
        ctime: 10,
        mtime: 10,
        cversion: 1,
        num_children: 1,
        data_length: 4,
        ..Stat::default()
    };
    assert_eq!(desk.stat("/a"), parent);
}

#[test]
fn b54_the_visible_cversion_is_twice_the_creations_less_the_children_left() {
    let mut desk = Desk::new();
    desk.create("/a", CreateMode::Persistent).unwrap();
    for name in ["x", "y", "z"] {
        desk.create(&format!("/a/{name}"), CreateMode::Persistent)
            .unwrap();
    }
    assert_eq!(desk.stat("/a").cversion, 3);
    desk.run(|txn, author| txn.delete(author, "/a/x", -1))
        .unwrap();
    let stat = desk.stat("/a");
    assert_eq!(
        (stat.cversion, stat.num_children, stat.pzxid),
        (4, 2, zxid(5))
    );
    assert_eq!(
        desk.create("/a/s-", CreateMode::PersistentSequential)
            .unwrap(),
        "/a/s-0000000003"
    );
}

#[test]
fn set_data_and_set_acl_each_raise_their_own_version() {
    let mut desk = Desk::new();
    desk.create("/a", CreateMode::Persistent).unwrap();
    let before = desk.stat("/a");
    let set = desk
        .run(|txn, author| txn.set_data(author, "/a", None, 0))
        .unwrap();
    let expected = Stat {
        version: 1,
        mzxid: zxid(2),
        mtime: 20,
        data_length: 0,
        ..before
    };
    assert_eq!((set, desk.stat("/a")), (expected, expected));
    assert_eq!(desk.tree.get("/a").unwrap().data, None);
    let acl = [Acl::read_only()];
    let set = desk
        .run(|txn, author| txn.set_acl(author, "/a", &acl, 0))
        .unwrap();
    assert_eq!(
        set,
        Stat {
            aversion: 1,
            ..expected
        }
    );
}

#[test]
fn b53_versions_wrap_and_pass_through_minus_one() {
    let mut desk = Desk::new();
    desk.create("/a", CreateMode::Persistent).unwrap();
    for (before, after) in [(i32::MAX, i32::MIN), (-2, -1)] {
        desk.tree.get_mut("/a").unwrap().version = before;
        let set = desk
            .run(|txn, author| txn.set_data(author, "/a", None, -1))
            .unwrap();
        assert_eq!(set.version, after);
    }
}

#[test]
fn a_sequence_pads_to_ten_places_with_the_sign_as_one_of_them() {
    let mut desk = Desk::new();
    for (counter, name) in [(0, "0000000000"), (42, "0000000042"), (-42, "-000000042")] {
        desk.tree.get_mut("/").unwrap().counter = counter;
        let path = desk.create("/", CreateMode::PersistentSequential).unwrap();
        assert_eq!(path, format!("/{name}"));
    }
}

#[test]
fn a_counter_at_its_maximum_sticks_and_takes_the_pzxid_with_it() {
    let mut desk = Desk::new();
    desk.create("/a", CreateMode::Persistent).unwrap();
    desk.tree.get_mut("/a").unwrap().counter = i32::MAX - 1;
    let mode = CreateMode::EphemeralSequential;
    assert_eq!(desk.create("/a/x-", mode).unwrap(), "/a/x-2147483646");
    assert_eq!(desk.create("/a/y-", mode).unwrap(), "/a/y-2147483647");
    let stuck = desk.stat("/a").pzxid;
    assert_eq!(stuck, zxid(2), "the last create that was counted");
    assert_eq!(desk.create("/a/z-", mode).unwrap(), "/a/z-2147483647");
    assert_eq!(desk.create("/a/z-", mode), Err(ErrorCode::NodeExists));
    assert_eq!(desk.stat("/a").pzxid, stuck);
}

#[test]
fn inside_one_transaction_the_counter_goes_past_its_maximum() {
    let mut desk = Desk::new();
    desk.tree.get_mut("/").unwrap().counter = i32::MAX;
    let create = Create::new("/x-", "", CreateMode::PersistentSequential);
    let paths = desk.run(|txn, author| {
        Ok([
            txn.create(author, &create)?.0,
            txn.create(author, &create)?.0,
        ])
    });
    assert_eq!(paths.unwrap(), ["/x-2147483647", "/x--2147483648"]);
    assert_eq!(desk.tree.get("/").unwrap().counter, i32::MAX);
}

#[test]
fn a_transaction_taken_back_leaves_no_trace() {
    let mut desk = Desk::new();
    desk.create("/a", CreateMode::Persistent).unwrap();
    desk.create("/a/e", CreateMode::Ephemeral).unwrap();
    desk.create("/a/b", CreateMode::Persistent).unwrap();
    let before = desk.dump();
    let result = desk.run(|txn, author| {
        txn.set_data(author, "/a/b", None, 0)?;
        txn.create(author, &Create::new("/a/b/c", "", CreateMode::Ephemeral))?;
        txn.delete(author, "/a/e", -1)?;
        txn.create(
            author,
            &Create::new("/a/e", "other", CreateMode::Persistent),
        )?;
        txn.set_data(author, "/a/e", None, -1)?;
        txn.delete(author, "/a/b/c", -1)?;
        txn.delete(author, "/a/b", 1)?;
        txn.check(author, "/a/b", -1)
    });
    assert_eq!(result, Err(ErrorCode::NoNode));
    assert_eq!(desk.dump(), before);
    let owned: Vec<&String> = desk.tree.ephemerals(SessionId::from_raw(7)).collect();
    assert_eq!(owned, ["/a/e"]);
}

#[test]
fn a_session_leaves_by_one_transaction_in_alphabetical_order() {
    let mut desk = Desk::new();
    for path in ["/b", "/c", "/a"] {
        desk.create(path, CreateMode::Ephemeral).unwrap();
    }
    desk.create("/d", CreateMode::Persistent).unwrap();
    let mut txn = Txn::new(&mut desk.tree, zxid(9), 90, RULES);
    txn.close_session(SessionId::from_raw(7));
    let deleted: Vec<String> = txn.commit().into_iter().map(|change| change.path).collect();
    assert_eq!(deleted, ["/a", "/b", "/c"]);
    assert_eq!(desk.stat("/").pzxid, zxid(9));
    assert!(desk.tree.get("/d").is_some());
}
