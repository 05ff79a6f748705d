//! Creating a node with the parents it needs.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use zk_wire::{Acl, CreateMode, path};

use super::create::Create;
use crate::error::{Error, ErrorKind};
use crate::node::Created;
use crate::shared::scope::Scope;

/// Creates a node and its missing parents. Made by [`Create::parents`].
///
/// # Errors
///
/// As [`Create`], for the node or for one of its parents. Parents that were created stay.
///
/// # Cancel safety
///
/// Uncertain: parents and node may be created.
///
/// # Ordering
///
/// Sends one request after the other, each queued when the one before was answered.
///
/// # On session events
///
/// As [`Create`].
#[must_use = "an operation does nothing until it is awaited"]
pub struct CreateAll {
    scope: Scope,
    path: String,
    create: Create,
    parents: CreateMode,
}

impl Create {
    /// Also creates missing parents, as persistent nodes that are open to everybody. The node of the client's chroot is not created.
    pub fn parents(self) -> CreateAll {
        let (scope, path) = self.target();
        CreateAll {
            scope,
            path,
            create: self,
            parents: CreateMode::Persistent,
        }
    }
}

impl CreateAll {
    /// Creates the parents as containers, which the server removes some time after their last child.
    pub fn as_containers(mut self) -> Self {
        self.parents = CreateMode::Container;
        self
    }

    async fn run(self) -> Result<Created, Error> {
        match self.create.again().await {
            Err(error) if error.kind() == ErrorKind::NoNode => {
                let open = [Acl::open()];
                if !create_parents(&self.scope, &self.path, self.parents, &open).await? {
                    return Err(error);
                }
                self.create.await
            }
            result => result,
        }
    }
}

impl IntoFuture for CreateAll {
    type Output = Result<Created, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for CreateAll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateAll")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Creates the missing ancestors of `at`, nearest first. False if even the root (the chroot) is missing, which
/// is a mistake of configuration and not ours to mend.
pub(crate) async fn create_parents(
    scope: &Scope,
    at: &str,
    mode: CreateMode,
    acl: &[Acl],
) -> Result<bool, Error> {
    let scope = scope.terse();
    let create = |at| Create::new(scope.clone(), at, "").mode(mode).acl(acl);
    let mut missing = Vec::new();
    let mut next = path::parent(at);
    while let Some(ancestor) = next {
        if ancestor == "/" {
            return Ok(false);
        }
        match create(ancestor).await {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::NodeExists => break,
            Err(error) if error.kind() == ErrorKind::NoNode => missing.push(ancestor),
            Err(error) => return Err(error),
        }
        next = path::parent(ancestor);
    }
    for ancestor in missing.into_iter().rev() {
        match create(ancestor).await {
            Err(error) if error.kind() != ErrorKind::NodeExists => return Err(error),
            _ => {}
        }
    }
    Ok(true)
}
