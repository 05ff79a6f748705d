//! Makes the error of a failed operation useful: which ancestor is missing, whose ACL forbids it.
//!
//! Runs only after a failure and asks a few cheap reads; if one of them fails the error stays as it is.

use zk_session::{Outcome, Submit};
use zk_wire::{Acl, ErrorCode, OpCode, Reader, Request, Response, Stat, path};

use crate::error::{Error, ErrorKind, OpKind};
use crate::shared::raw::RawCall;
use crate::shared::scope::Scope;

/// True if [`explain`] has something to add to errors of this kind.
pub(crate) fn is_explained(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::NoNode
            | ErrorKind::NoAuth
            | ErrorKind::BadVersion
            | ErrorKind::NotEmpty
            | ErrorKind::NoChildrenForEphemerals
    )
}

/// Adds to `error` what the tree says about it.
pub(crate) async fn explain(scope: Scope, error: Error) -> Error {
    let (Some(op), Some(at)) = (error.op(), error.path().map(ToOwned::to_owned)) else {
        return error;
    };
    // The error of a multi is about one of its operations, and a recipe's about the recipe; both say so already.
    if matches!(op, OpKind::Multi | OpKind::Acquire) {
        return error;
    }
    match error.kind() {
        ErrorKind::NoNode => missing(&scope, error, op, &at).await,
        ErrorKind::NoAuth => forbidden(&scope, error, op, &at).await,
        ErrorKind::BadVersion => match stat(&scope, &scope.absolute(&at)).await {
            Some(Some(stat)) => outdated(error, op, &at, &stat),
            _ => error,
        },
        ErrorKind::NoChildrenForEphemerals => {
            let parent = path::parent(&at).unwrap_or("/");
            match stat(&scope, &scope.absolute(parent)).await {
                Some(Some(stat)) if !stat.ephemeral_owner.is_none() => {
                    error.with_message(format!(
                        "cannot create {at}: its parent {parent} is ephemeral (owner: session {}) and cannot have \
                         children",
                        stat.ephemeral_owner
                    ))
                }
                _ => error,
            }
        }
        ErrorKind::NotEmpty => match stat(&scope, &scope.absolute(&at)).await {
            Some(Some(stat)) => {
                let (verb, count) = (op.verb(), stat.num_children);
                let children = if count == 1 { "child" } else { "children" };
                error
                    .with_message(format!("cannot {verb} {at}: it has {count} {children}"))
                    .with_hint("delete what is below it first")
            }
            _ => error,
        },
        _ => error,
    }
}

/// Both versions: the caller's and the server's.
fn outdated(error: Error, op: OpKind, at: &str, stat: &Stat) -> Error {
    let (what, version) = match op {
        OpKind::SetAcl => ("its ACL's version", stat.aversion),
        _ => ("its version", stat.version),
    };
    let Some(expected) = error.expected_version() else {
        return error;
    };
    error
        .with_message(format!(
            "cannot {} {at}: {what} is {version}, not {expected}",
            op.verb()
        ))
        .with_hint("somebody changed it since; read it again")
}

async fn missing(scope: &Scope, error: Error, op: OpKind, at: &str) -> Error {
    let absolute = scope.absolute(at);
    let Some(nearest) = nearest_existing(scope, &absolute).await else {
        return error;
    };
    let root = scope.absolute("/");
    if nearest.len() < root.len() {
        return error
            .with_message(format!(
                "chroot {root} does not exist on this ensemble (nearest existing: {nearest})"
            ))
            .with_hint(format!(
                "create it (without the chroot: zkctl create -p {root}), or drop it from the connect string"
            ));
    }
    let shown = scope.relative(&nearest);
    if op == OpKind::Create {
        let parent = path::parent(at).unwrap_or("/");
        return error
            .with_message(format!(
                "cannot create {at}: parent {parent} is missing (nearest existing: {shown})"
            ))
            .with_hint("use .parents(), or -p in zkctl, to create it too");
    }
    error.with_message(format!(
        "cannot {} {at}: it does not exist (nearest existing: {shown})",
        op.verb()
    ))
}

async fn forbidden(scope: &Scope, error: Error, op: OpKind, at: &str) -> Error {
    // CREATE and DELETE are permissions of the parent.
    let (guarded, preposition) = match op {
        OpKind::Create | OpKind::Delete => (path::parent(at).unwrap_or("/"), "under "),
        _ => (at, ""),
    };
    let message = format!("no permission to {} {preposition}{guarded}", op.verb());
    let you = scope.shared().identity.names();
    match acl(scope, &scope.absolute(guarded)).await {
        Some(acl) => {
            let acl: Vec<String> = acl.iter().map(shown).collect();
            error.with_message(format!(
                "{message}: the ACL there is {}; you are authenticated as {you}",
                acl.join(", ")
            ))
        }
        None => error.with_message(format!(
            "{message}: its ACL cannot be read either; you are authenticated as {you}"
        )),
    }
    .with_hint(format!(
        "connect with credentials that {} (.auth(), or zkctl --auth digest:USER:PASSWORD)",
        needed(op)
    ))
}

/// What credentials need for an operation.
fn needed(op: OpKind) -> &'static str {
    match op {
        OpKind::Create => "have CREATE there",
        OpKind::Delete => "have DELETE there",
        OpKind::Exists
        | OpKind::Get
        | OpKind::Children
        | OpKind::AllChildrenCount
        | OpKind::Config
        | OpKind::Watch => "have READ there",
        OpKind::Set | OpKind::Reconfig => "have WRITE there",
        OpKind::SetAcl => "have ADMIN there",
        OpKind::GetAcl => "have READ or ADMIN there",
        OpKind::Connect
        | OpKind::Sync
        | OpKind::Multi
        | OpKind::Ephemerals
        | OpKind::WhoAmI
        | OpKind::MultiRead
        | OpKind::Quota
        | OpKind::Acquire
        | OpKind::Release
        | OpKind::Contenders
        | OpKind::Wait
        | OpKind::Close => "the ACL names",
    }
}

/// An entry without the hash of a digest's password, which the server shows to administrators.
fn shown(acl: &Acl) -> String {
    match acl.id.split_once(':') {
        Some((user, _)) if acl.scheme == "digest" => format!("digest:{user}:{}", acl.perms),
        _ => acl.to_string(),
    }
}

async fn nearest_existing(scope: &Scope, absolute: &str) -> Option<String> {
    let mut at = absolute;
    loop {
        if stat(scope, at).await?.is_some() {
            return Some(at.to_owned());
        }
        at = path::parent(at)?;
    }
}

/// `None` if the question failed, `Some(None)` if the node does not exist.
async fn stat(scope: &Scope, absolute: &str) -> Option<Option<Stat>> {
    match ask(
        scope,
        Request::Exists {
            path: absolute.to_owned(),
            watch: false,
        },
    )
    .await?
    {
        Ok(Response::Stat(stat)) => Some(Some(stat)),
        Ok(_) => None,
        Err(ErrorCode::NoNode) => Some(None),
        // It exists, but may not be read (servers from 3.9.2).
        Err(ErrorCode::NoAuth) => Some(Some(Stat::default())),
        Err(_) => None,
    }
}

async fn acl(scope: &Scope, absolute: &str) -> Option<Vec<Acl>> {
    match ask(
        scope,
        Request::GetAcl {
            path: absolute.to_owned(),
        },
    )
    .await?
    {
        Ok(Response::Acl { acl, .. }) => Some(acl),
        _ => None,
    }
}

async fn ask(scope: &Scope, request: Request) -> Option<Result<Response, ErrorCode>> {
    let op: OpCode = request.op_code();
    let mut options = Submit::new();
    options.deadline = scope.shared().deadline();
    match RawCall::submit(scope.shared(), request, options)
        .ok()?
        .await
    {
        Outcome::Reply {
            result: Ok(body), ..
        } => Some(Ok(Response::decode(op, &mut Reader::new(body)).ok()?)),
        Outcome::Reply {
            result: Err(code), ..
        } => Some(Err(code)),
        Outcome::Failed { .. } => None,
    }
}
