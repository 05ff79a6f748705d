//! Creating a node.

use std::time::Duration;

use bytes::Bytes;
use zk_session::DutyId;
use zk_wire::{Acl, CreateMode, MultiOp, MultiResult, Request, Response};

use super::fence::{fenced, fenced_result};
use super::plan::{checked, checked_prefix, operation};
use crate::error::{Error, ErrorKind, OpKind};
use crate::node::{Created, Fence, Fenced};
use crate::pending::{Answer, Plan, Refusal};
use crate::shared::scope::Scope;

/// Creates a node. Made by [`Client::create`](crate::Client::create).
///
/// Without options: persistent, open to everybody (`world:anyone`), parent must exist.
///
/// # Errors
///
/// `NodeExists`, `NoNode` (the parent), `NoAuth`, `NoChildrenForEphemerals`, `InvalidAcl`, `InvalidPath`, and what every
/// operation can meet; with unknown fate the node may exist.
///
/// # Cancel safety
///
/// Uncertain: once written to the socket the node may be created. Use a [`Claim`](crate::Claim) for nodes that
/// must not be left behind.
///
/// # Ordering
///
/// Queued at first poll, or when submitted.
///
/// # On session events
///
/// Waits through a suspension while unsent; fails with unknown fate if its answer was lost.
#[derive(Debug)]
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct Create {
    scope: Scope,
    path: String,
    data: Option<Bytes>,
    acl: Option<Vec<Acl>>,
    mode: CreateMode,
    ttl: Option<Duration>,
    duty: Option<(u64, DutyId)>,
}

/// A [`Create`] that commits only while something is held; yields the created path.
///
/// # Errors
///
/// `LockLost` if the hold is over (nothing was created), else as [`Create`].
///
/// # Cancel safety
///
/// Uncertain, as [`Create`].
///
/// # Ordering
///
/// As [`Create`].
///
/// # On session events
///
/// As [`Create`].
#[derive(Debug)]
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct FencedCreate {
    pub(super) create: Create,
    pub(super) fence: Result<Fence, Error>,
}

impl Create {
    pub(crate) fn new(scope: Scope, path: &str, data: impl Into<Bytes>) -> Self {
        Self {
            scope,
            path: path.to_owned(),
            data: Some(data.into()),
            acl: None,
            mode: CreateMode::Persistent,
            ttl: None,
            duty: None,
        }
    }

    /// Sets what kind of node to create. Default: [`CreateMode::Persistent`].
    pub fn mode(mut self, mode: CreateMode) -> Self {
        self.mode = mode;
        self
    }

    /// Creates the node without data (`null`), which other clients tell from empty data, in place of the data given.
    pub fn null(mut self) -> Self {
        self.data = None;
        self
    }

    /// Sets the node's ACL. Default: open to everybody.
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.acl = Some(acl.into());
        self
    }

    /// Sets after how long without children and changes the server removes the node; needed for the TTL modes and
    /// refused for all others. In milliseconds on the wire, at least 1.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Commits only while `held` is held: sent as one multi that checks the holder's node.
    pub fn fenced_by(self, held: &impl Fenced) -> FencedCreate {
        FencedCreate {
            create: self,
            fence: fenced(held),
        }
    }

    /// Ties the node to a duty of the session.
    pub(crate) fn claimed(mut self, generation: u64, duty: DutyId) -> Self {
        self.duty = Some((generation, duty));
        self
    }

    /// What is created, and from where.
    pub(crate) fn target(&self) -> (Scope, String) {
        (self.scope.clone(), self.path.clone())
    }

    pub(crate) fn again(&self) -> Self {
        Self {
            scope: self.scope.clone(),
            path: self.path.clone(),
            data: self.data.clone(),
            acl: self.acl.clone(),
            mode: self.mode,
            ttl: self.ttl,
            duty: self.duty,
        }
    }

    pub(super) fn record(&self) -> Result<zk_wire::Create, Error> {
        let path = if self.mode.is_sequential() {
            checked_prefix(&self.scope, OpKind::Create, &self.path)?
        } else {
            checked(&self.scope, OpKind::Create, &self.path)?
        };
        let mut create = zk_wire::Create::new(path, Bytes::new(), self.mode);
        create.data.clone_from(&self.data);
        if let Some(acl) = &self.acl {
            create.acl.clone_from(acl);
        }
        match (self.mode.has_ttl(), self.ttl) {
            (true, Some(ttl)) => {
                create.ttl = Some(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX));
                Ok(create)
            }
            (false, None) => Ok(create),
            (true, None) => Err(self.misuse("a TTL mode needs .ttl()")),
            (false, Some(_)) => Err(self.misuse(".ttl() needs a TTL mode")),
        }
    }

    fn misuse(&self, what: &str) -> Error {
        Error::new(
            ErrorKind::Misuse,
            format!("cannot create {}: {what}", self.path),
        )
        .with_op(OpKind::Create, &self.path)
    }

    pub(super) fn plan(self) -> (Scope, Plan<Created>) {
        let request = self.record().map(Request::Create);
        let mut plan = Plan::write(OpKind::Create, self.path, request, created);
        plan.duty = self.duty;
        (self.scope, plan)
    }
}

impl FencedCreate {
    fn plan(self) -> (Scope, Plan<String>) {
        let Self { create, fence } = self;
        // Without Stat: servers before 3.7.2 and 3.8.2 answer a create2 of a multi without it (ZOOKEEPER-4026).
        let record = create.record().map(|record| zk_wire::Create {
            stat: false,
            ..record
        });
        let op = record.map(MultiOp::Create);
        let plan = Plan::fenced(OpKind::Create, create.path, fence, op, |answer| {
            let scope = answer.scope;
            match fenced_result(answer)? {
                MultiResult::Created { path, .. } => Ok(scope.relative(&path).into_owned()),
                _ => Err(Refusal::unexpected()),
            }
        });
        (create.scope, plan)
    }
}

operation!(Create => Created);
operation!(FencedCreate => String);

fn created(mut answer: Answer<'_>) -> Result<Created, Refusal> {
    match answer.response()? {
        Response::Created { path, stat } => Ok(Created {
            path: answer.scope.relative(&path).into_owned(),
            stat,
        }),
        _ => Err(Refusal::unexpected()),
    }
}
