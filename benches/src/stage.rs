//! The nodes that the workloads need, made before and removed after.

use zk_wire::{Create, CreateMode, ErrorCode, MultiOp, MultiResult, Request, Response, path};

use crate::contender::{Spread, Workload};
use crate::outcome::Outcome;
use crate::raw::RawConnection;

/// The contenders' lock paths, each its own.
const LOCKS: [&str; 6] = [
    "floor",
    "ours-current",
    "ours-multi",
    "ours-alone",
    "incumbent",
    "curator",
];

/// The tree to cache, as wide and deep as a tree of services.
const DIRECTORIES: usize = 200;
const LEAVES: usize = 100;

/// How many nodes are below the top of the tree.
pub(crate) const TREE_NODES: usize = DIRECTORIES * (1 + LEAVES);

/// Where the contenders meet.
#[derive(Clone)]
pub(crate) struct Stage {
    address: String,
    base: String,
}

impl Stage {
    /// Makes the nodes below `base` on the server at `address`.
    ///
    /// Parents are persistent: a container that is empty between two rounds may be reaped.
    pub(crate) fn set(address: &str, base: &str) -> Outcome<Self> {
        let stage = Self {
            address: address.to_owned(),
            base: base.to_owned(),
        };
        let mut connection = RawConnection::open(address)?;
        create(&mut connection, base, Vec::new())?;
        create(&mut connection, &stage.node(), vec![b'x'; 100])?;
        for workload in Workload::ALL {
            if let Workload::Read(bytes, Spread::NodeEach) = workload {
                for node in stage.nodes_of(bytes, Spread::NodeEach) {
                    create(&mut connection, &node, vec![b'x'; bytes])?;
                }
            }
        }
        stage.grow(&mut connection)?;
        for lock in LOCKS {
            create(&mut connection, &stage.lock(lock), Vec::new())?;
        }
        Ok(stage)
    }

    /// The server, as `host:port`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The node to read: 100 bytes.
    pub(crate) fn node(&self) -> String {
        path::join(&self.base, "node")
    }

    /// The nodes to read that have so many bytes.
    pub(crate) fn nodes_of(&self, bytes: usize, spread: Spread) -> Vec<String> {
        let nodes = 0..spread.nodes();
        nodes
            .map(|number| path::join(&self.base, &format!("node-{bytes}-{number}")))
            .collect()
    }

    /// The lock of one contender.
    pub(crate) fn lock(&self, whose: &str) -> String {
        path::join(&self.base, &format!("lock-{whose}"))
    }

    /// The tree to cache: [`DIRECTORIES`] nodes with [`LEAVES`] each.
    pub(crate) fn tree(&self) -> String {
        path::join(&self.base, "tree")
    }

    /// The nodes of one directory of the tree, itself first.
    fn directory(&self, number: usize) -> Vec<String> {
        let directory = path::join(&self.tree(), &format!("d{number:03}"));
        let leaves = (0..LEAVES).map(|leaf| path::join(&directory, &format!("n{leaf:03}")));
        std::iter::once(directory.clone()).chain(leaves).collect()
    }

    fn grow(&self, connection: &mut RawConnection) -> Outcome<()> {
        create(connection, &self.tree(), Vec::new())?;
        for number in 0..DIRECTORIES {
            let nodes = self.directory(number).into_iter();
            let create = |node| Create::new(node, vec![b'x'; 100], CreateMode::Persistent);
            let creates = nodes.map(|node| MultiOp::Create(create(node)));
            all(connection, creates.collect())?;
        }
        Ok(())
    }

    fn fell(&self, connection: &mut RawConnection) -> Outcome<()> {
        for number in 0..DIRECTORIES {
            let nodes = self.directory(number).into_iter().rev();
            let version = -1;
            let deletes = nodes.map(|path| MultiOp::Delete { path, version });
            all(connection, deletes.collect())?;
        }
        Ok(())
    }

    /// Removes the nodes.
    pub(crate) fn strike(self) -> Outcome<()> {
        self.fell(&mut RawConnection::open(&self.address)?)?;
        remove(&mut RawConnection::open(&self.address)?, &self.base)
    }
}

/// Operations that take place all or none.
fn all(connection: &mut RawConnection, operations: Vec<MultiOp>) -> Outcome<()> {
    match connection.call(&Request::Multi(operations))? {
        Ok(Response::Multi(results))
            if results
                .iter()
                .all(|it| !matches!(it, MultiResult::Failed(_))) =>
        {
            Ok(())
        }
        answer => Err(format!("a transaction on the tree was refused: {answer:?}").into()),
    }
}

fn create(connection: &mut RawConnection, path: &str, data: Vec<u8>) -> Outcome<()> {
    let request = Request::Create(Create::new(path, data, CreateMode::Persistent));
    match connection.call(&request)? {
        Ok(_) => Ok(()),
        Err(code) => Err(format!("cannot create {path}: {code:?}").into()),
    }
}

fn remove(connection: &mut RawConnection, path: &str) -> Outcome<()> {
    let list = Request::GetChildren {
        path: path.to_owned(),
        watch: false,
    };
    if let Ok(Response::Children(children)) = connection.call(&list)? {
        for child in children {
            remove(connection, &path::join(path, &child))?;
        }
    }
    let delete = Request::Delete {
        path: path.to_owned(),
        version: -1,
    };
    match connection.call(&delete)? {
        Ok(_) | Err(ErrorCode::NoNode) => Ok(()),
        Err(code) => Err(format!("cannot delete {path}: {code:?}").into()),
    }
}
