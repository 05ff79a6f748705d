//! Each permission, in each scheme, for each operation: who has it may, and who has not may not.

use zk_recipes::{Acl, Client, CreateMode, Error, ErrorKind, Permissions};

/// A scheme to try: an entry, somebody whom it names, and somebody whom it does not.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "tests make it by its fields")]
pub struct Scheme {
    /// The entry, with whatever permissions.
    pub entry: Acl,
    /// Whom it names.
    pub holder: Client,
    /// Whom it does not name; `None` if it names everybody.
    pub stranger: Option<Client>,
}

/// Tries all of it below `place`, which `root` makes.
///
/// # Panics
///
/// If anything is allowed that should not be, or refused that should be allowed.
pub async fn check(root: &Client, place: &str, schemes: &[Scheme]) {
    root.create(place, "").await.expect("a place");
    let all = [
        Permissions::READ,
        Permissions::WRITE,
        Permissions::CREATE,
        Permissions::DELETE,
        Permissions::ADMIN,
    ];
    for (at, scheme) in schemes.iter().enumerate() {
        for perms in all {
            let entry = scheme.entry.clone().with_perms(perms);
            let node = format!("{place}/{at}-{perms}");
            make(root, &node, &entry).await;
            if let Some(stranger) = &scheme.stranger {
                let nothing = allowed(stranger, &node).await;
                assert_eq!(
                    nothing,
                    [false; OPERATIONS.len()],
                    "{entry}: {OPERATIONS:?}"
                );
            }
            let found = allowed(&scheme.holder, &node).await;
            assert_eq!(found, expected(perms), "{entry}: {OPERATIONS:?}");
        }
    }
}

const OPERATIONS: [&str; 13] = [
    "get",
    "children",
    "children with stat",
    "exists",
    "check in a multi",
    "set",
    "set in a multi",
    "create",
    "create in a multi",
    "delete",
    "delete in a multi",
    "acl",
    "set_acl",
];

async fn make(root: &Client, node: &str, entry: &Acl) {
    root.create(node, "").await.expect("a node");
    for child in ["old", "older"] {
        let child = format!("{node}/{child}");
        root.create(&child, "").await.expect("a child");
    }
    let acl = [entry.clone()];
    root.set_acl(node, acl)
        .await
        .expect("an ACL that the server takes");
}

/// What a client may do, in the order of [`OPERATIONS`]; the last one opens the node.
async fn allowed(zk: &Client, node: &str) -> [bool; OPERATIONS.len()] {
    let persistent = CreateMode::Persistent;
    let (new, newer) = (format!("{node}/new"), format!("{node}/newer"));
    let (old, older) = (format!("{node}/old"), format!("{node}/older"));
    [
        may(zk.get(node).await),
        may(zk.children(node).await),
        may(zk.children(node).with_stat().await),
        may(zk.exists(node).await),
        may(zk.multi().check(node, None).await),
        may(zk.set(node, "x").await),
        may(zk.multi().set(node, "x", None).await),
        may(zk.create(&new, "").await),
        may(zk.multi().create(&newer, "", persistent).await),
        may(zk.delete(&old).await),
        may(zk.multi().delete(&older, None).await),
        may(zk.acl(node).await),
        may(zk.set_acl(node, [Acl::open()]).await),
    ]
}

fn may<T>(result: Result<T, Error>) -> bool {
    match result {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NoAuth, "{error}");
            false
        }
    }
}

fn expected(perms: Permissions) -> [bool; OPERATIONS.len()] {
    let is = |other: Permissions| perms == other;
    let (read, write) = (is(Permissions::READ), is(Permissions::WRITE));
    let (create, delete) = (is(Permissions::CREATE), is(Permissions::DELETE));
    let admin = is(Permissions::ADMIN);
    [
        read,
        read,
        read,
        read,
        read,
        write,
        write,
        create,
        create,
        delete,
        delete,
        read || admin,
        admin,
    ]
}
