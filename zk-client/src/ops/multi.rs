//! Several operations as one transaction.

use bytes::Bytes;
use zk_wire::{Acl, CreateMode, ErrorCode, MultiOp, MultiResult, Request, Response};

use super::fence::{fenced, lost, refused, unchecked};
use super::multi_part::MultiPart;
use super::plan::{checked, checked_prefix, operation};
use crate::error::{Error, ErrorKind, OpKind};
use crate::node::{Fence, Fenced};
use crate::pending::{Answer, Plan, Refusal};
use crate::shared::scope::Scope;

/// A transaction: all of its operations happen, at one zxid, or none. Made by
/// [`Client::multi`](crate::Client::multi).
///
/// Yields one result per operation, without those of [`fenced_by`](Self::fenced_by).
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # async fn run() -> Result<(), zk_client::Error> {
/// use std::time::Duration;
/// use zk_client::{CreateMode, MultiResult};
///
/// # let zk = zk_client::Client::dev().await?;
/// let ttl = zk.create("/run", "").mode(CreateMode::PersistentTtl).ttl(Duration::from_secs(60));
/// let results = zk.multi().with(ttl).create("/run/out", "", CreateMode::Persistent).check("/run", 0).await?;
/// let [MultiResult::Created { path, .. }, ..] = results.as_slice() else { unreachable!() };
/// assert_eq!(path, "/run");
/// # Ok(()) }
/// # #[cfg(feature = "dev-server")]
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run()).unwrap();
/// ```
///
/// # Errors
///
/// The error of the operation that failed, with its number and path in the text and the number from
/// [`Error::operation`]; `LockLost` if a fence was gone; what every operation can meet. Nothing is applied on an error
/// whose fate is `NotApplied`.
///
/// # Cancel safety
///
/// Uncertain: once written to the socket the transaction may commit.
///
/// # Ordering
///
/// Queued at first poll, or when submitted.
///
/// # On session events
///
/// Waits through a suspension while unsent; fails with unknown fate if its answer was lost.
#[derive(Debug, Clone)]
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct Multi {
    scope: Scope,
    fences: Vec<Fence>,
    ops: Vec<MultiOp>,
    invalid: Option<Error>,
    generation: Option<u64>,
}

impl Multi {
    pub(crate) fn new(scope: Scope) -> Self {
        Self {
            scope,
            fences: Vec::new(),
            ops: Vec::new(),
            invalid: None,
            generation: None,
        }
    }

    /// Adds a create, write or delete with all its options, made by any client of the same ensemble.
    ///
    /// The result of such a create has the node's metadata where the servers send it (not before 3.7.2 and 3.8.2,
    /// ZOOKEEPER-4026). A TTL needs servers from 3.5.3 with `zookeeper.extendedTypesEnabled`.
    pub fn with(mut self, part: impl Into<MultiPart>) -> Self {
        let MultiPart { op, fence } = part.into();
        if let Some(fence) = fence {
            self.fence(fence);
        }
        self.push(op, |op| op)
    }

    /// Adds a create, open to everybody. Its result has no metadata; [`with`](Self::with) a
    /// [`Client::create`](crate::Client::create) for that, and for a TTL.
    pub fn create(self, path: &str, data: impl Into<Bytes>, mode: CreateMode) -> Self {
        self.create_with_acl(path, data, mode, vec![Acl::open()])
    }

    /// Adds a create with an ACL.
    pub fn create_with_acl(
        self,
        path: &str,
        data: impl Into<Bytes>,
        mode: CreateMode,
        acl: impl Into<Vec<Acl>>,
    ) -> Self {
        let absolute = if mode.is_sequential() {
            checked_prefix(&self.scope, OpKind::Multi, path)
        } else {
            checked(&self.scope, OpKind::Multi, path)
        };
        let absolute = absolute.and_then(|absolute| match mode.has_ttl() {
            false => Ok(absolute),
            true => Err(Error::new(
                ErrorKind::Misuse,
                "a TTL mode needs a time to live; use .with(client.create(…).mode(…).ttl(…))",
            )),
        });
        let (data, acl) = (data.into(), acl.into());
        self.push(absolute, |path| {
            let create = zk_wire::Create::new(path, data, mode);
            MultiOp::Create(zk_wire::Create {
                acl,
                stat: false,
                ..create
            })
        })
    }

    /// Adds a delete; `None` is any version.
    pub fn delete(self, path: &str, version: impl Into<Option<i32>>) -> Self {
        let version = version.into().unwrap_or(-1);
        let absolute = checked(&self.scope, OpKind::Multi, path);
        self.push(absolute, |path| MultiOp::Delete { path, version })
    }

    /// Adds a write; `None` is any version.
    pub fn set(self, path: &str, data: impl Into<Bytes>, version: impl Into<Option<i32>>) -> Self {
        let (data, version) = (Some(data.into()), version.into().unwrap_or(-1));
        let absolute = checked(&self.scope, OpKind::Multi, path);
        self.push(absolute, |path| MultiOp::SetData {
            path,
            data,
            version,
        })
    }

    /// Adds the condition that a node exists; with a version, that its data has that version.
    pub fn check(self, path: &str, version: impl Into<Option<i32>>) -> Self {
        let version = version.into().unwrap_or(-1);
        let absolute = checked(&self.scope, OpKind::Multi, path);
        self.push(absolute, |path| MultiOp::Check { path, version })
    }

    /// Adds the operations of another transaction behind those of this one, and its fences.
    pub fn and(mut self, other: Self) -> Self {
        for fence in other.fences {
            self.fence(Ok(fence));
        }
        self.ops.extend(other.ops);
        self.invalid = self.invalid.or(other.invalid);
        self.generation = self.generation.or(other.generation);
        self
    }

    /// Is sent in the session of this [generation](crate::Client::generation) of the client alone. In any later one it fails
    /// with `SessionExpired`, and was not applied: for what is meant by a node of that session, which servers may keep for
    /// longer than the client knows itself alive.
    pub fn in_generation(mut self, generation: u64) -> Self {
        self.generation = Some(generation);
        self
    }

    /// Commits only while `held` is held. May be called for any number of holds.
    pub fn fenced_by(mut self, held: &impl Fenced) -> Self {
        self.fence(fenced(held));
        self
    }

    fn fence(&mut self, fence: Result<Fence, Error>) {
        match fence {
            Ok(fence) if self.fences.contains(&fence) => {}
            Ok(fence) => self.fences.push(fence),
            Err(error) => self.invalid = self.invalid.take().or(Some(error)),
        }
    }

    fn push<T>(mut self, part: Result<T, Error>, op: impl FnOnce(T) -> MultiOp) -> Self {
        match part {
            Ok(part) => self.ops.push(op(part)),
            Err(error) => self.invalid = self.invalid.or(Some(error)),
        }
        self
    }

    fn plan(self) -> (Scope, Plan<Vec<MultiResult>>) {
        let path = self.ops.first().map_or("/", MultiOp::path);
        let path = self.scope.relative(path).into_owned();
        let parts = self.ops.iter().map(|op| {
            let path = self.scope.relative(op.path()).into_owned();
            (op.op_code(), path)
        });
        let parts = parts.collect();
        let ops: Vec<MultiOp> = self
            .fences
            .iter()
            .map(|fence| MultiOp::Check {
                path: fence.path.clone(),
                version: -1,
            })
            .chain(self.ops)
            .collect();
        let request = match self.invalid {
            Some(error) => Err(error),
            None => Ok(Request::Multi(ops)),
        };
        let mut plan = Plan::write(OpKind::Multi, path, request, results);
        plan.fences = self.fences;
        plan.generation = self.generation;
        plan.parts = parts;
        (self.scope, plan)
    }
}

operation!(Multi => Vec<MultiResult>);

fn results(mut answer: Answer<'_>) -> Result<Vec<MultiResult>, Refusal> {
    let fences = answer.fences;
    let Response::Multi(results) = answer.response()? else {
        return Err(Refusal::unexpected());
    };
    // Every result of a failed multi is an error; the one that is neither 0 nor RuntimeInconsistency (−2, "not
    // reached") is the cause (protocol: multi failure).
    let failed = results
        .iter()
        .enumerate()
        .find_map(|(at, result)| match result {
            MultiResult::Failed(code)
                if *code != 0 && *code != ErrorCode::RuntimeInconsistency.raw() =>
            {
                Some((at, *code))
            }
            _ => None,
        });
    match failed {
        None if results.iter().any(|r| matches!(r, MultiResult::Failed(_))) => {
            Err(Refusal::unexpected())
        }
        None => {
            let scope = answer.scope;
            Ok(results
                .into_iter()
                .skip(fences.len())
                .map(|result| relative(scope, result))
                .collect())
        }
        Some((at, code)) => match (fences.get(at), refused(code)) {
            (Some(fence), Refusal::Code(ErrorCode::NoNode)) => Err(Refusal::Error(lost(fence))),
            // READ on the fence's node is what a check needs: the caller's operations are not to blame.
            (Some(_), _) => Err(Refusal::Error(unchecked(code))),
            (None, Refusal::Code(code)) => {
                let at = at - fences.len();
                Err(Refusal::Error(Error::in_multi(
                    code,
                    at,
                    answer.parts.get(at),
                )))
            }
            (None, other) => Err(other),
        },
    }
}

fn relative(scope: &Scope, result: MultiResult) -> MultiResult {
    match result {
        MultiResult::Created { path, stat } => MultiResult::Created {
            path: scope.relative(&path).into_owned(),
            stat,
        },
        other => other,
    }
}
