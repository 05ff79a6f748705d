//! Reading and writing a node's ACL.

use zk_wire::{Acl, Request, Response, Stat};

use super::plan::{checked, operation};
use crate::error::OpKind;
use crate::pending::{Answer, Plan, Refusal};
use crate::shared::scope::Scope;

/// Reads a node's ACL. Made by [`Client::acl`](crate::Client::acl).
///
/// # Errors
///
/// `NoNode`, `NoAuth`, and what every operation can meet.
///
/// # Cancel safety
///
/// Inert.
///
/// # Ordering
///
/// Queued at first poll, or when submitted.
///
/// # On session events
///
/// Waits through a suspension and is asked again if its answer was lost; fails at expiry.
#[derive(Debug)]
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct GetAcl {
    scope: Scope,
    path: String,
}

impl GetAcl {
    pub(crate) fn new(scope: Scope, path: &str) -> Self {
        Self {
            scope,
            path: path.to_owned(),
        }
    }

    fn plan(self) -> (Scope, Plan<(Vec<Acl>, Stat)>) {
        let request =
            checked(&self.scope, OpKind::GetAcl, &self.path).map(|path| Request::GetAcl { path });
        (
            self.scope,
            Plan::read(OpKind::GetAcl, self.path, request, acl),
        )
    }
}

/// Replaces a node's ACL; yields its new metadata. Made by [`Client::set_acl`](crate::Client::set_acl).
///
/// # Errors
///
/// `NoNode`, `BadVersion`, `NoAuth`, `InvalidAcl`, and what every operation can meet.
///
/// # Cancel safety
///
/// Uncertain: once written to the socket the ACL may be replaced.
///
/// # Ordering
///
/// Queued at first poll, or when submitted. In an ensemble writes are judged by the leader, which goes by the old ACL until it
/// has replaced it itself: what is sent right after the answer of another server may still be allowed, or refused, by that
/// (`PrepRequestProcessor` notes the new version of an ACL that is under way, but not the ACL).
///
/// # On session events
///
/// Waits through a suspension while unsent; fails with unknown fate if its answer was lost.
#[derive(Debug)]
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct SetAcl {
    scope: Scope,
    path: String,
    acl: Vec<Acl>,
    version: i32,
}

impl SetAcl {
    pub(crate) fn new(scope: Scope, path: &str, acl: impl Into<Vec<Acl>>) -> Self {
        Self {
            scope,
            path: path.to_owned(),
            acl: acl.into(),
            version: -1,
        }
    }

    /// Writes only over an ACL of this version (`stat.aversion`). Default: any.
    pub fn version(mut self, version: i32) -> Self {
        self.version = version;
        self
    }

    fn plan(self) -> (Scope, Plan<Stat>) {
        let (acl, version) = (self.acl, self.version);
        let request = checked(&self.scope, OpKind::SetAcl, &self.path)
            .map(|path| Request::SetAcl { path, acl, version });
        (
            self.scope,
            Plan::write(OpKind::SetAcl, self.path, request, stat),
        )
    }
}

operation!(GetAcl => (Vec<Acl>, Stat));
operation!(SetAcl => Stat);

fn acl(mut answer: Answer<'_>) -> Result<(Vec<Acl>, Stat), Refusal> {
    match answer.response()? {
        Response::Acl { acl, stat } => Ok((acl, stat)),
        _ => Err(Refusal::unexpected()),
    }
}

fn stat(mut answer: Answer<'_>) -> Result<Stat, Refusal> {
    match answer.response()? {
        Response::Stat(stat) => Ok(stat),
        _ => Err(Refusal::unexpected()),
    }
}
