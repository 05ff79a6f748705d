//! Where quotas are kept.

use zk_wire::{Chroot, path};

use crate::error::{Error, ErrorKind, OpKind};
use crate::ops::children::Children;
use crate::ops::get::Get;
use crate::ops::plan::checked;
use crate::pending::Pending;
use crate::shared::scope::Scope;

use super::quota_limits::{Quota, QuotaLimits, QuotaUsage};

/// The place of all quotas on the server, whatever the client's chroot.
pub(super) const PLACE: &str = "/zookeeper/quota";
const LIMITS: &str = "zookeeper_limits";
const STATS: &str = "zookeeper_stats";

/// The quota of one node, as paths.
#[derive(Debug)]
pub(super) struct QuotaPlace {
    /// The client's view, for texts.
    scope: Scope,
    /// The server's own view, which never explains: explanations would speak of the nodes of quotas.
    pub(super) root: Scope,
    /// The server's path of the node.
    absolute: String,
}

impl QuotaPlace {
    /// The place of the quota of `at`, which may not be the server's root.
    pub(super) fn new(scope: &Scope, at: &str) -> Result<Self, Error> {
        let place = Self::all(scope, at)?;
        if place.absolute == "/" {
            let text = "the servers keep no quota for /, only for nodes below it";
            return Err(Error::new(ErrorKind::Misuse, text).about(OpKind::Quota, at));
        }
        Ok(place)
    }

    /// The place of the quotas of `at` and of what is below it.
    pub(super) fn all(scope: &Scope, at: &str) -> Result<Self, Error> {
        Ok(Self {
            absolute: checked(scope, OpKind::Quota, at)?,
            root: scope.with_chroot(Chroot::root()).terse(),
            scope: scope.clone(),
        })
    }

    pub(super) fn absolute(&self) -> &str {
        &self.absolute
    }

    pub(super) fn dir(&self) -> String {
        dir_of(&self.absolute)
    }

    pub(super) fn limits(&self) -> String {
        path::join(&self.dir(), LIMITS)
    }

    pub(super) fn stats(&self) -> String {
        path::join(&self.dir(), STATS)
    }

    /// The node's quota, if it has one.
    pub(super) async fn read(&self) -> Result<Option<Quota>, Error> {
        self.read_at(&self.absolute).await
    }

    /// The nearest quota above the node: quotas do not nest.
    pub(super) async fn above(&self) -> Result<Option<Quota>, Error> {
        let mut next = path::parent(&self.absolute);
        while let Some(ancestor) = next.filter(|ancestor| *ancestor != "/") {
            if let Some(quota) = self.read_at(ancestor).await? {
                return Ok(Some(quota));
            }
            next = path::parent(ancestor);
        }
        Ok(None)
    }

    /// The quotas of the node and of everything below it, by path.
    pub(super) async fn list(&self) -> Result<Vec<Quota>, Error> {
        let mut quotas = Vec::new();
        let mut nodes = vec![self.absolute.clone()];
        let mut listed = 0;
        while let Some(node) = nodes.get(listed).cloned() {
            listed += 1;
            let children = match Children::new(self.root.clone(), &dir_of(&node)).await {
                Err(error) if error.kind() == ErrorKind::NoNode => Vec::new(),
                children => children?,
            };
            for name in children {
                match name.as_str() {
                    STATS => {}
                    LIMITS => quotas.extend(self.read_at(&node).await?),
                    _ => nodes.push(path::join(&node, &name)),
                }
            }
        }
        quotas.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(quotas)
    }

    async fn read_at(&self, absolute: &str) -> Result<Option<Quota>, Error> {
        let dir = dir_of(absolute);
        let ask = |name| Get::new(self.root.clone(), &path::join(&dir, name)).submit();
        let (limits, stats) = (ask(LIMITS), ask(STATS));
        let Some(limits) = text(limits).await? else {
            return Ok(None);
        };
        let usage = text(stats).await?.unwrap_or_default();
        Ok(Some(Quota {
            path: self.scope.relative(absolute).into_owned(),
            limits: QuotaLimits::parse(&limits),
            usage: QuotaUsage::parse(&usage),
        }))
    }
}

/// The node's text; `None` if it does not exist.
async fn text(read: Pending<crate::node::Node>) -> Result<Option<String>, Error> {
    match read.await {
        Ok(node) => Ok(Some(String::from_utf8_lossy(&node.data).into_owned())),
        Err(error) if error.kind() == ErrorKind::NoNode => Ok(None),
        Err(error) => Err(error),
    }
}

fn dir_of(absolute: &str) -> String {
    if absolute == "/" {
        PLACE.to_owned()
    } else {
        format!("{PLACE}{absolute}")
    }
}
