//! Listing everything below a node.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use zk_wire::path;

use super::children::Children;
use crate::error::{Error, ErrorKind};
use crate::pending::Pending;
use crate::shared::scope::Scope;

/// Lists the paths of all nodes below a node, each after its parent, without the node itself. Made by
/// [`Client::descendants`](crate::Client::descendants).
///
/// It asks for one list of children per node, many at a time. The whole is no snapshot: nodes that come or go meanwhile
/// may be in it or not. [`all_children_count`](crate::Client::all_children_count) tells how many there are in one request.
///
/// # Errors
///
/// As [`Children`], for any of the nodes, but that a descendant which is gone is left out.
///
/// # Cancel safety
///
/// Inert.
///
/// # Ordering
///
/// Lists of children in the order of the result, up to 256 of them queued at a time, the first at first poll.
///
/// # On session events
///
/// As [`Children`].
#[must_use = "an operation does nothing until it is awaited"]
pub struct Descendants {
    scope: Scope,
    top: String,
}

impl Descendants {
    pub(crate) fn new(scope: Scope, top: &str) -> Self {
        Self {
            scope,
            top: top.to_owned(),
        }
    }

    async fn run(self) -> Result<Vec<String>, Error> {
        let mut found = tree(&self.scope, &self.top).await?;
        found.remove(0);
        Ok(found)
    }
}

impl IntoFuture for Descendants {
    type Output = Result<Vec<String>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Descendants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Descendants")
            .field("top", &self.top)
            .finish_non_exhaustive()
    }
}

/// The node and everything below it, each after its parent.
pub(super) async fn tree(scope: &Scope, top: &str) -> Result<Vec<String>, Error> {
    let mut found = vec![top.to_owned()];
    let mut listed = 0;
    while listed < found.len() {
        let ask = |node: &String| Children::new(scope.clone(), node).submit();
        let asked = found.iter().skip(listed).take(LISTS);
        let answers: Vec<Pending<Vec<String>>> = asked.map(ask).collect();
        for answer in answers {
            let children = match answer.await {
                Err(error) if vanished(&error) && listed > 0 => Vec::new(),
                answer => answer?,
            };
            if let Some(node) = found.get(listed).filter(|_| !children.is_empty()).cloned() {
                found.extend(children.iter().map(|name| path::join(&node, name)));
            }
            listed += 1;
        }
    }
    Ok(found)
}

pub(super) fn vanished(error: &Error) -> bool {
    error.kind() == ErrorKind::NoNode
}

/// Lists of children under way at a time.
const LISTS: usize = 256;
