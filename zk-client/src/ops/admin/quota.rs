//! Reading and changing quotas.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use zk_wire::{Acl, CreateMode, path};

use super::quota_limits::{Quota, QuotaLimits};
use super::quota_place::{PLACE, QuotaPlace};
use crate::error::{Error, ErrorKind, OpKind};
use crate::ops::create::Create;
use crate::ops::delete::Delete;
use crate::ops::exists::Exists;
use crate::ops::multi::Multi;
use crate::ops::parents::create_parents;
use crate::ops::set::Set;
use crate::shared::scope::Scope;

/// Reads the quota of a node and how much of it is used; `None` if it has none. Made by
/// [`Client::quota`](crate::Client::quota).
///
/// # Errors
///
/// `Misuse` for the root, which can have none; `NoAuth` if the servers' tree of quotas is closed; what every operation
/// can meet.
///
/// # Cancel safety
///
/// Inert.
///
/// # Ordering
///
/// Queued at first poll.
///
/// # On session events
///
/// As [`Get`](crate::Get).
#[must_use = "an operation does nothing until it is awaited"]
pub struct GetQuota {
    scope: Scope,
    path: String,
}

/// Lists the quotas of a node and of all nodes below it, by path. Made by [`Client::quotas`](crate::Client::quotas).
///
/// # Errors
///
/// `NoAuth` if the servers' tree of quotas is closed; what every operation can meet.
///
/// # Cancel safety
///
/// Inert.
///
/// # Ordering
///
/// Sends one request after the other; no snapshot.
///
/// # On session events
///
/// As [`Get`](crate::Get).
#[must_use = "an operation does nothing until it is awaited"]
pub struct ListQuotas {
    scope: Scope,
    path: String,
}

/// Gives a node a quota, in place of the one it has. Made by [`Client::set_quota`](crate::Client::set_quota).
///
/// The quota is kept in `/zookeeper/quota`, where the servers look for it. The node need not be writable, but that tree
/// has to be.
///
/// # Errors
///
/// `NoNode` if the node does not exist; `Misuse` for the root, and if a node above or below has a quota already: the
/// servers only look at the nearest; `NoAuth`; what every operation can meet.
///
/// # Cancel safety
///
/// Uncertain: the quota is set or not.
///
/// # Ordering
///
/// Sends one request after the other, each queued when the one before was answered.
///
/// # On session events
///
/// Waits through a suspension while unsent; fails with unknown fate if the answer to a write was lost. Setting it again
/// is harmless.
#[must_use = "an operation does nothing until it is awaited"]
pub struct SetQuota {
    scope: Scope,
    path: String,
    limits: QuotaLimits,
}

/// Takes a node's quota away; yields whether it had one. Made by
/// [`Client::delete_quota`](crate::Client::delete_quota).
///
/// # Errors
///
/// `Misuse` for the root, which can have none; `NoAuth`; what every operation can meet.
///
/// # Cancel safety
///
/// Uncertain: the quota is gone or not.
///
/// # Ordering
///
/// Sends one request after the other, each queued when the one before was answered.
///
/// # On session events
///
/// Waits through a suspension while unsent; fails with unknown fate if its answer was lost. Deleting it again is
/// harmless.
#[must_use = "an operation does nothing until it is awaited"]
pub struct DeleteQuota {
    scope: Scope,
    path: String,
}

impl GetQuota {
    pub(crate) fn new(scope: Scope, path: &str) -> Self {
        let path = path.to_owned();
        Self { scope, path }
    }

    async fn run(self) -> Result<Option<Quota>, Error> {
        QuotaPlace::new(&self.scope, &self.path)?.read().await
    }
}

impl ListQuotas {
    pub(crate) fn new(scope: Scope, path: &str) -> Self {
        let path = path.to_owned();
        Self { scope, path }
    }

    async fn run(self) -> Result<Vec<Quota>, Error> {
        QuotaPlace::all(&self.scope, &self.path)?.list().await
    }
}

impl SetQuota {
    pub(crate) fn new(scope: Scope, path: &str, limits: QuotaLimits) -> Self {
        let path = path.to_owned();
        Self {
            scope,
            path,
            limits,
        }
    }

    async fn run(self) -> Result<(), Error> {
        let place = QuotaPlace::new(&self.scope, &self.path)?;
        if Exists::new(self.scope.clone(), &self.path).await?.is_none() {
            let text = format!("cannot set the quota of {}: it does not exist", self.path);
            return Err(Error::new(ErrorKind::NoNode, text).with_op(OpKind::Quota, &self.path));
        }
        let above = place.above().await?;
        let below = place.list().await?.into_iter();
        let below = below.filter(|quota| self.scope.absolute(&quota.path) != place.absolute());
        if let Some(other) = above.into_iter().chain(below).next() {
            return Err(self.nested(&other));
        }
        let (limits, text) = (place.limits(), self.limits.to_string());
        create_parents(&place.root, &limits, CreateMode::Persistent, &[Acl::open()]).await?;
        let made = Multi::new(place.root.clone())
            .with(Create::new(place.root.clone(), &limits, text.clone()))
            .with(Create::new(place.root.clone(), &place.stats(), UNCOUNTED))
            .await;
        match made {
            Err(error) if error.kind() == ErrorKind::NodeExists => {
                Set::new(place.root, &limits, text).await?;
                Ok(())
            }
            made => made.map(|_| ()),
        }
    }

    fn nested(&self, other: &Quota) -> Error {
        let text = format!(
            "cannot set the quota of {}: {} has one, and quotas do not nest",
            self.path, other.path
        );
        Error::new(ErrorKind::Misuse, text)
            .with_op(OpKind::Quota, &self.path)
            .with_hint(format!("delete that of {} first", other.path))
    }
}

impl DeleteQuota {
    pub(crate) fn new(scope: Scope, path: &str) -> Self {
        let path = path.to_owned();
        Self { scope, path }
    }

    async fn run(self) -> Result<bool, Error> {
        let place = QuotaPlace::new(&self.scope, &self.path)?;
        // Separately: a quota that somebody made by hand may lack its statistics.
        let delete = |path: &str| Delete::new(place.root.clone(), path).submit();
        let (limits, stats) = (delete(&place.limits()), delete(&place.stats()));
        let had_one = gone(limits.await)?;
        gone(stats.await)?;
        // What is empty now serves nobody; other quotas keep their part of the way.
        let mut dir = place.dir();
        while dir.len() > PLACE.len() {
            match delete(&dir).await {
                Err(error) if error.kind() == ErrorKind::NotEmpty => break,
                result => gone(result)?,
            };
            dir = path::parent(&dir).unwrap_or("/").to_owned();
        }
        Ok(had_one)
    }
}

/// Whether it was there.
fn gone(deleted: Result<(), Error>) -> Result<bool, Error> {
    match deleted {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NoNode => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes a builder with `async fn run(self)` awaitable.
macro_rules! steps {
    ($builder:ident => $output:ty) => {
        impl IntoFuture for $builder {
            type Output = Result<$output, Error>;
            type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.run())
            }
        }

        impl fmt::Debug for $builder {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($builder))
                    .field("path", &self.path)
                    .finish_non_exhaustive()
            }
        }
    };
}

steps!(GetQuota => Option<Quota>);
steps!(ListQuotas => Vec<Quota>);
steps!(SetQuota => ());
steps!(DeleteQuota => bool);

/// The server counts by itself as soon as the node is there.
const UNCOUNTED: &str = "count=0,bytes=0";
