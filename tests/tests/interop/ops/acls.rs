//! ACLs that one side sets and the others read.

use std::fmt::Write as _;

use zk_recipes::{Acl, Client, Permissions};
use zk_tests::{Channel, RealServer, Talk};

/// How often each side sets the ACL.
const TURNS: usize = 50;

/// Below this all of them do it, as this identity.
const AT: &str = "/acls";
const USER: &str = "all";
const PASSWORD: &str = "of-them";

/// An entry of an ACL, for whoever knows a password or for everybody.
struct Wanted {
    identity: Option<(String, String)>,
    bits: u32,
}

impl Wanted {
    /// For this identity.
    fn digest(user: &str, password: &str, bits: u32) -> Self {
        let identity = Some((user.to_owned(), password.to_owned()));
        Self { identity, bits }
    }

    /// For everybody.
    fn world(bits: u32) -> Self {
        let identity = None;
        Self { identity, bits }
    }

    /// Different ones in each turn: each set of permissions, for one, for two and for everybody. The identity of all of
    /// them may always read and set it, as otherwise servers show no digests.
    fn of_turn(turn: usize) -> Vec<Self> {
        let bits = u32::try_from(turn % 31 + 1).unwrap();
        let all = Permissions::ALL.bits();
        match turn % 4 {
            0 => vec![Self::world(all)],
            1 => vec![Self::digest(USER, PASSWORD, all), Self::world(bits)],
            2 => vec![
                Self::digest("guest", &format!("p{turn}"), bits),
                Self::digest(USER, PASSWORD, all),
            ],
            _ => vec![Self::digest(USER, PASSWORD, 17 | bits)],
        }
    }

    /// As theirs are told it.
    fn order(&self) -> String {
        match &self.identity {
            Some((user, password)) => format!("digest:{user}:{password}:{}", self.bits),
            None => format!("world:anyone:{}", self.bits),
        }
    }

    /// As ours is.
    fn ours(&self) -> Acl {
        let perms = Permissions::from_bits(self.bits);
        match &self.identity {
            Some((user, password)) => Acl {
                perms,
                ..Acl::digest(user, password)
            },
            None => Acl {
                perms,
                ..Acl::open()
            },
        }
    }
}

/// As theirs show it.
fn shown(version: i32, acl: &[Acl]) -> String {
    acl.iter().fold(version.to_string(), |mut shown, entry| {
        let (scheme, id) = (&entry.scheme, &entry.id);
        let _ = write!(shown, " {scheme}:{id}:{}", entry.perms.bits());
        shown
    })
}

struct Sides {
    zk: Client,
    curator: Channel,
    kazoo: Channel,
}

impl Sides {
    async fn new() -> Self {
        let connect = RealServer::shared().connect_string();
        let identity = format!("{USER}:{PASSWORD}");
        let all = Client::builder(&connect).auth("digest", identity.clone());
        let all = all.connect().await.unwrap();
        all.create(AT, "").await.unwrap();
        let mut curator = Talk::curator().open("ops", &connect).await;
        let namespace = AT.trim_start_matches('/');
        curator.ask(&format!("as {namespace} {identity}")).await;
        let mut kazoo = Talk::kazoo().open("ops", &connect).await;
        kazoo.ask(&format!("enter {AT} {identity}")).await;
        Self {
            zk: all.chroot(AT).unwrap(),
            curator,
            kazoo,
        }
    }

    /// One side sets what all then read, exactly. Each names the version of the ACL that it replaces, and one that is over
    /// is refused.
    async fn set(&mut self, writer: usize, turn: usize, version: i32) {
        let wanted = Wanted::of_turn(turn);
        let ours: Vec<Acl> = wanted.iter().map(Wanted::ours).collect();
        let entries: Vec<String> = wanted.iter().map(Wanted::order).collect();
        let order = |version| format!("set-acl /node {version} {}", entries.join(" "));
        match writer {
            0 => {
                let set = self.zk.set_acl("/node", ours.clone()).version(version);
                assert_eq!(set.await.unwrap().aversion, version + 1);
                let over = self.zk.set_acl("/node", ours.clone()).version(version);
                over.await.unwrap_err();
            }
            1 => {
                self.curator.ask(&order(version)).await;
                self.curator.refused(&order(version)).await;
            }
            _ => {
                self.kazoo.ask(&order(version)).await;
                self.kazoo.refused(&order(version)).await;
            }
        }
        let (acl, stat) = self.zk.acl("/node").await.unwrap();
        assert_eq!((&acl, stat.aversion), (&ours, version + 1));
        let shown = shown(stat.aversion, &acl);
        assert_eq!(self.curator.ask("get-acl /node").await, shown);
        assert_eq!(self.kazoo.ask("get-acl /node").await, shown);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acl_that_ours_curators_or_kazoo_sets_is_read_by_all_as_it_was_set() {
    let mut sides = Sides::new().await;
    sides.zk.create("/node", "").await.unwrap();
    let mut version = 0;
    for turn in 0..TURNS {
        for writer in 0..3 {
            sides.set(writer, turn + writer, version).await;
            version += 1;
        }
    }
}
