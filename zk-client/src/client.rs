//! The client: a cheap handle on one session.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use zk_session::SessionStats;
use zk_wire::{Acl, AddWatchMode, CreateMode, Moment, SessionId};

use crate::claim::Claim;
use crate::error::{Error, ErrorKind, OpKind};
use crate::expiry::Expiry;
use crate::explain::explain;
use crate::node::Node;
use crate::ops::{
    AllChildrenCount, Barrier, Children, Config, Create, Delete, DeleteQuota, Descendants,
    Ephemerals, Exists, Get, GetAcl, GetQuota, ListQuotas, Multi, MultiRead, QuotaLimits, Reconfig,
    Set, SetAcl, SetQuota, Sync, WatchNode, WhoAmI, create_parents,
};
use crate::pending::Pending;
use crate::shared::entropy::draw;
use crate::shared::queues::WatchTag;
use crate::shared::scope::Scope;
use crate::state::{State, StateStream};
use crate::unreachable::outage;
use crate::watch::WatchSet;

/// A client of a ZooKeeper ensemble: one session, and a new one after an expiry unless told otherwise.
///
/// Clones share the session and are cheap. The session is closed when [`close`](Self::close) is called or the
/// last clone (and the last guard or claim made from one) is dropped.
#[derive(Clone)]
pub struct Client {
    scope: Scope,
}

impl Client {
    pub(crate) fn new(scope: Scope) -> Self {
        Self { scope }
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The same session seen from `path`: all paths of the returned client are below it. The node need not exist.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if `path` is malformed.
    pub fn chroot(&self, path: &str) -> Result<Self, Error> {
        let chroot = self.scope.chroot().join(path).map_err(|e| {
            Error::new(
                ErrorKind::InvalidPath,
                format!("cannot use {path:?} as a chroot: {e}"),
            )
            .with_op(OpKind::Connect, path)
        })?;
        Ok(Self {
            scope: self.scope.with_chroot(chroot),
        })
    }

    /// The same session, whose errors do not ask the server for what would explain them.
    ///
    /// For code that expects failures (optimistic loops, recipes) and does not want to pay for their texts.
    #[must_use]
    pub fn terse(&self) -> Self {
        Self {
            scope: self.scope.terse(),
        }
    }

    /// The same session, whose errors are explained: the opposite of [`terse`](Self::terse).
    #[must_use]
    pub fn talkative(&self) -> Self {
        Self {
            scope: self.scope.talkative(),
        }
    }

    /// The same session, whose requests wait for their answer for as long as the session lasts.
    ///
    /// For code that has a deadline of its own around several requests (recipes).
    #[must_use]
    pub fn patient(&self) -> Self {
        Self {
            scope: self.scope.patient(),
        }
    }

    /// Creates a node; see [`Create`] for its options.
    pub fn create(&self, path: &str, data: impl Into<Bytes>) -> Create {
        Create::new(self.scope.clone(), path, data)
    }

    /// Deletes a node without children.
    pub fn delete(&self, path: &str) -> Delete {
        Delete::new(self.scope.clone(), path)
    }

    /// Reads a node's metadata, `None` if there is no node.
    pub fn exists(&self, path: &str) -> Exists {
        Exists::new(self.scope.clone(), path)
    }

    /// Reads a node's data and metadata.
    pub fn get(&self, path: &str) -> Get {
        Get::new(self.scope.clone(), path)
    }

    /// Replaces a node's data.
    pub fn set(&self, path: &str, data: impl Into<Bytes>) -> Set {
        Set::new(self.scope.clone(), path, data)
    }

    /// Lists the names of a node's children.
    pub fn children(&self, path: &str) -> Children {
        Children::new(self.scope.clone(), path)
    }

    /// Reads a node's ACL.
    pub fn acl(&self, path: &str) -> GetAcl {
        GetAcl::new(self.scope.clone(), path)
    }

    /// Replaces a node's ACL.
    pub fn set_acl(&self, path: &str, acl: impl Into<Vec<Acl>>) -> SetAcl {
        SetAcl::new(self.scope.clone(), path, acl)
    }

    /// Lets the server catch up with the leader.
    pub fn sync(&self, path: &str) -> Sync {
        Sync::new(self.scope.clone(), path)
    }

    /// Commits an empty transaction: a quorum write that decides the fate of everything sent before.
    pub fn barrier(&self) -> Barrier {
        Barrier::new(self.scope.clone())
    }

    /// Starts a transaction.
    pub fn multi(&self) -> Multi {
        Multi::new(self.scope.clone())
    }

    /// Starts several independent reads in one request.
    pub fn multi_read(&self) -> MultiRead {
        MultiRead::new(self.scope.clone())
    }

    /// Lists the paths of everything below a node.
    pub fn descendants(&self, path: &str) -> Descendants {
        Descendants::new(self.scope.clone(), path)
    }

    /// Counts all nodes below a node, at any depth.
    pub fn all_children_count(&self, path: &str) -> AllChildrenCount {
        AllChildrenCount::new(self.scope.clone(), path)
    }

    /// Lists the identities of this connection.
    pub fn whoami(&self) -> WhoAmI {
        WhoAmI::new(self.scope.clone())
    }

    /// Reads the ensemble's configuration.
    pub fn config(&self) -> Config {
        Config::new(self.scope.clone())
    }

    /// Starts a change of the ensemble's configuration.
    pub fn reconfig(&self) -> Reconfig {
        Reconfig::new(self.scope.clone())
    }

    /// Reads the quota of a node.
    pub fn quota(&self, path: &str) -> GetQuota {
        GetQuota::new(self.scope.clone(), path)
    }

    /// Lists the quotas of a node and of all nodes below it.
    pub fn quotas(&self, path: &str) -> ListQuotas {
        ListQuotas::new(self.scope.clone(), path)
    }

    /// Gives a node a quota.
    pub fn set_quota(&self, path: &str, limits: QuotaLimits) -> SetQuota {
        SetQuota::new(self.scope.clone(), path, limits)
    }

    /// Takes a node's quota away.
    pub fn delete_quota(&self, path: &str) -> DeleteQuota {
        DeleteQuota::new(self.scope.clone(), path)
    }

    /// Lists the ephemeral nodes of this session whose path starts with `prefix`.
    pub fn ephemerals(&self, prefix: &str) -> Ephemerals {
        Ephemerals::new(self.scope.clone(), prefix)
    }

    /// Sets a persistent watch on a node, or on a node and all its descendants.
    pub fn watch(&self, path: &str, mode: AddWatchMode) -> WatchNode {
        WatchNode::new(self.scope.clone(), path, mode)
    }

    /// An empty set of watches with one queue of events.
    #[must_use]
    pub fn watch_set(&self) -> WatchSet {
        WatchSet::new(self.scope.shared().clone(), self.scope.chroot().clone())
    }

    /// As [`get`](Self::get) with a watch whose event goes to `set`. Queues the request now.
    ///
    /// # Cancel safety
    ///
    /// Inert: the watch goes with the set.
    pub fn get_in(&self, path: &str, set: &WatchSet) -> Pending<(Node, WatchTag)> {
        self.get(path).watch_in(set)
    }

    /// Claims an ephemeral node to be created under `parent` with a name that contains `mark`.
    pub fn claim(&self, parent: &str, mark: &str) -> Claim {
        Claim::new(self.scope.clone(), parent, mark)
    }

    /// Claims the ephemeral node at `path`, which has to be created under exactly this name. When the claim goes it is
    /// looked at first, and deleted only if it is this session's: others may have made a node of the same name since. Servers
    /// know no condition on the owner, so that one which is made between the look and the delete is deleted with it.
    pub fn claim_node(&self, path: &str) -> Claim {
        Claim::of_node(self.scope.clone(), path)
    }

    /// Creates the missing ancestors of `path` as nodes of `mode` with this ACL; false if the chroot itself is missing.
    ///
    /// # Errors
    ///
    /// As [`Create`].
    ///
    /// # Cancel safety
    ///
    /// Uncertain: ancestors that were created stay.
    ///
    /// # Ordering
    ///
    /// One request after the other.
    ///
    /// # On session events
    ///
    /// As [`Create`].
    pub async fn create_parents(
        &self,
        path: &str,
        mode: CreateMode,
        acl: &[Acl],
    ) -> Result<bool, Error> {
        create_parents(&self.scope, path, mode, acl).await
    }

    /// The session's state now.
    #[must_use]
    pub fn state(&self) -> State {
        self.scope.shared().state.current()
    }

    /// Follows the session's state.
    #[must_use]
    pub fn watch_state(&self) -> StateStream {
        let shared = self.scope.shared();
        StateStream::new(shared.state.subscribe(), shared.stops_at_expiry)
    }

    /// The current session's id; `None` before the first connection.
    #[must_use]
    pub fn session_id(&self) -> Option<SessionId> {
        self.scope.shared().lock().core.session_id()
    }

    /// How many sessions this client has had, from 1.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.scope.shared().lock().generation
    }

    /// The session timeout that the server granted; zero before the first connection.
    #[must_use]
    pub fn session_timeout(&self) -> Duration {
        self.scope.shared().lock().core.negotiated_timeout()
    }

    /// The name of the server that the session is or was last connected to.
    #[must_use]
    pub fn server(&self) -> Option<String> {
        let shared = self.scope.shared();
        shared.server_name(&shared.lock())
    }

    /// Until when the session certainly lives, in the client's clock (see [`now`](Self::now)). `None` as long as nothing
    /// is proven: only committed writes prove it, and the session makes them by itself while something is held.
    #[must_use]
    pub fn safe_until(&self) -> Option<Moment> {
        self.scope.shared().lock().core.safe_until()
    }

    /// The client's clock now.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.scope.shared().clock.now()
    }

    /// Draws `N` random bytes from the client's [entropy](crate::ClientBuilder::entropy).
    ///
    /// # Errors
    ///
    /// `InvalidConfig` if the system has no randomness.
    pub fn random<const N: usize>(&self) -> Result<[u8; N], Error> {
        draw(&*self.scope.shared().entropy)
    }

    /// Counters of all sessions of this client, and gauges of the current one.
    #[must_use]
    pub fn stats(&self) -> SessionStats {
        self.scope.shared().lock().stats()
    }

    /// How the last of this client's sessions that expired came to its end; `None` if none did.
    #[must_use]
    pub fn last_expiry(&self) -> Option<Arc<Expiry>> {
        self.scope.shared().lock().expiry.clone()
    }

    /// The longest time since a server was last heard in which the client's task should have run and did not, because
    /// the process was paused or its runtime blocked. A lower bound; zero in a healthy process.
    #[must_use]
    pub fn longest_stall(&self) -> Duration {
        self.scope.shared().lock().longest_stall()
    }

    /// Why there is no connection: each server with what became of it. `None` while there is one.
    #[must_use]
    pub fn outage(&self) -> Option<String> {
        let shared = self.scope.shared();
        outage(shared, &shared.lock())
    }

    /// The server's path of `path`: with the chroot in front.
    #[must_use]
    pub fn absolute(&self, path: &str) -> String {
        self.scope.absolute(path)
    }

    /// Adds to an error of a [terse](Self::terse) client what its own would have said: which ancestor is missing, whose
    /// ACL forbids it.
    ///
    /// # Errors
    ///
    /// None; if the tree cannot be asked, the error stays as it is.
    ///
    /// # Cancel safety
    ///
    /// Inert: only reads.
    ///
    /// # Ordering
    ///
    /// Tells what the tree is like now, not what it was like when the operation failed.
    ///
    /// # On session events
    ///
    /// The error stays as it is.
    pub async fn explain(&self, error: Error) -> Error {
        explain(self.scope.clone(), error).await
    }

    /// Ends the session: works off what was promised to be cleaned up, then closes the session on the server,
    /// which deletes its ephemeral nodes.
    ///
    /// # Errors
    ///
    /// None; a session that cannot be closed in time is left to expire.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: the close goes on in the background.
    ///
    /// # Ordering
    ///
    /// The close is queued behind everything that was queued before. Later requests fail with `Closed`.
    ///
    /// # On session events
    ///
    /// While suspended it waits for a connection, for at most the grace period. A client that
    /// [stopped](crate::OnExpiry::Stop) at an expiry has nothing left to close, and stays as it is.
    pub async fn close(&self) -> Result<(), Error> {
        let shared = self.scope.shared();
        let mut states = shared.state.subscribe();
        shared.with(|inner, now| inner.core.close(now));
        let _ = states.wait_for(|state| shared.is_last(state)).await;
        Ok(())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.scope.shared().lock().open();
        f.debug_struct("Client")
            .field("state", &self.state())
            .field("chroot", self.scope.chroot())
            .field("open", &open)
            .finish_non_exhaustive()
    }
}
