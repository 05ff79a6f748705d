//! Two tenants on one ensemble, set up as `docs/sharing-an-ensemble.md` says. The body runs on the embedded server and
//! on real ZooKeeper, both told to enforce quotas.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "the body of a test: it fails by panicking"
)]

use std::time::Duration;

use zk_client::{Acl, Client, Error, ErrorKind, Permissions};

const OPERATOR: &str = "operator:0perator";
const QUOTAS: &str = "/zookeeper/quota";

/// Nodes and bytes that each tenant may have.
const NODES: usize = 50;
const BYTES: usize = 20_000;

fn operator() -> Acl {
    Acl::digest("operator", "0perator")
}

/// What every tenant sets on each of its nodes.
fn own(tenant: &str) -> [Acl; 2] {
    [Acl::digest(tenant, &secret(tenant)), operator()]
}

fn secret(tenant: &str) -> String {
    format!("secret of {tenant}")
}

async fn client_of(servers: &str, chroot: &str, user: &str) -> Client {
    let builder = Client::builder(format!("{servers}{chroot}"));
    builder
        .auth("digest", user.to_owned())
        .connect()
        .await
        .unwrap()
}

async fn tenant(servers: &str, name: &str) -> Client {
    let chroot = format!("/tenants/{name}");
    client_of(servers, &chroot, &format!("{name}:{}", secret(name))).await
}

/// Once per ensemble: nobody but the operator creates tenants or changes quotas.
async fn close(zk: &Client) {
    let shut = [operator(), Acl::open().with_perms(Permissions::READ)];
    zk.create("/tenants", "").acl(shut.clone()).await.unwrap();
    zk.set_acl(QUOTAS, shut.clone()).await.unwrap();
    zk.set_acl("/", shut).await.unwrap();
}

/// Once per tenant.
async fn admit(zk: &Client, name: &str) {
    let home = format!("/tenants/{name}");
    zk.create(&home, "").acl(own(name)).await.unwrap();
    let shut = [operator(), Acl::open().with_perms(Permissions::READ)];
    for folder in ["/tenants", &home] {
        let node = format!("{QUOTAS}{folder}");
        if zk.exists(&node).await.unwrap().is_none() {
            zk.create(&node, "").acl(shut.clone()).await.unwrap();
        }
    }
    let limits = format!("count=-1,bytes=-1=;byteHardLimit={BYTES};countHardLimit={NODES}");
    let node = format!("{QUOTAS}{home}/zookeeper_limits");
    zk.create(&node, limits).acl(shut.clone()).await.unwrap();
    let node = format!("{QUOTAS}{home}/zookeeper_stats");
    zk.create(&node, "count=0,bytes=0").acl(shut).await.unwrap();
}

fn kind<T>(result: Result<T, Error>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

/// The claim of the page.
pub async fn one_tenant_can_neither_read_nor_starve_the_other(servers: &str) {
    let admin = client_of(servers, "", OPERATOR).await;
    close(&admin).await;
    for name in ["ann", "bob"] {
        admit(&admin, name).await;
    }
    let (ann, bob) = (tenant(servers, "ann").await, tenant(servers, "bob").await);
    bob.create("/private", "bob's")
        .acl(own("bob"))
        .await
        .unwrap();
    cannot_read(servers).await;
    cannot_leave(servers).await;
    cannot_starve(&ann, &bob).await;
    for zk in [admin, ann, bob] {
        zk.close().await.unwrap();
    }
}

/// Ann knows all paths, and they do not help her.
async fn cannot_read(servers: &str) {
    let ann = client_of(servers, "", &format!("ann:{}", secret("ann")))
        .await
        .terse();
    let no = Some(ErrorKind::NoAuth);
    for node in ["/tenants/bob", "/tenants/bob/private"] {
        assert_eq!(kind(ann.get(node).await), no, "{node}");
        assert_eq!(kind(ann.children(node).await), no, "{node}");
        assert_eq!(kind(ann.acl(node).await), no, "{node}");
        assert_eq!(kind(ann.set(node, "ann's").await), no, "{node}");
        assert_eq!(kind(ann.set_acl(node, [Acl::open()]).await), no, "{node}");
        assert_eq!(
            kind(ann.create(&format!("{node}/x"), "").await),
            no,
            "{node}"
        );
    }
    assert_eq!(kind(ann.delete("/tenants/bob/private").await), no);
    assert_eq!(kind(ann.delete("/tenants/bob").await), no);
    ann.close().await.unwrap();
}

/// Nor can she make room for herself, in her quota or beside it.
async fn cannot_leave(servers: &str) {
    let ann = client_of(servers, "", &format!("ann:{}", secret("ann")))
        .await
        .terse();
    let no = Some(ErrorKind::NoAuth);
    let quota = format!("{QUOTAS}/tenants/ann");
    let limits = format!("{quota}/zookeeper_limits");
    assert_eq!(kind(ann.set(&limits, "count=-1,bytes=-1").await), no);
    assert_eq!(kind(ann.delete(&limits).await), no);
    assert_eq!(
        kind(
            ann.set(&format!("{quota}/zookeeper_stats"), "count=0,bytes=0")
                .await
        ),
        no
    );
    assert_eq!(kind(ann.create(&format!("{QUOTAS}/mine"), "").await), no);
    for node in ["/mine", "/tenants/mine"] {
        assert_eq!(kind(ann.create(node, "").await), no, "{node}");
    }
    ann.close().await.unwrap();
}

/// Ann takes all she can get, and Bob works on.
async fn cannot_starve(ann: &Client, bob: &Client) {
    let full = Some(ErrorKind::QuotaExceeded);
    let creates: Vec<_> = (0..8 * NODES)
        .map(|n| ann.create(&format!("/n{n}"), "").acl(own("ann")).submit())
        .collect();
    let begun = tokio::time::Instant::now();
    bob.set("/private", "while ann floods").await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5));
    let mut created = Vec::new();
    for create in creates {
        match create.await {
            Ok(node) => created.push(node.path),
            Err(error) => assert_eq!(error.kind(), ErrorKind::QuotaExceeded, "{error}"),
        }
    }
    // Her home counts, too. A real server compares with what is committed, so that what arrives together is let through
    // together, and how much that is depends on its speed.
    let room = NODES - 1;
    assert!(created.len() >= room, "{} nodes", created.len());
    assert_eq!(
        kind(ann.create("/one-more", "").acl(own("ann")).await),
        full
    );
    assert_eq!(kind(ann.set("/n0", vec![0; BYTES + 1]).await), full);
    ann.set("/n0", vec![0; BYTES / 2]).await.unwrap();
    assert_eq!(kind(ann.set("/n1", vec![0; BYTES / 2 + 1]).await), full);
    // Bob has all of his.
    bob.create("/large", vec![0; BYTES / 2])
        .acl(own("bob"))
        .await
        .unwrap();
    for n in 0..NODES - 3 {
        let node = format!("/n{n}");
        bob.create(&node, "").acl(own("bob")).await.unwrap();
    }
    assert_eq!(
        kind(bob.create("/one-too-many", "").acl(own("bob")).await),
        full
    );
    // Deleting makes room.
    for node in created.drain(room - 1..) {
        ann.delete(&node).await.unwrap();
    }
    ann.create("/one-more", "").acl(own("ann")).await.unwrap();
    assert_eq!(
        kind(ann.create("/two-more", "").acl(own("ann")).await),
        full
    );
}
