//! What all operations share: checked paths, and the macro that makes a builder awaitable.

use zk_wire::{MultiOp, Request, path};

use super::fence::behind;
use crate::error::{Error, ErrorKind, OpKind};
use crate::node::Fence;
use crate::pending::{Answer, Plan, Refusal};
use crate::shared::scope::Scope;

/// The server's path of `at`, or the error that names what is wrong with it.
pub(crate) fn checked(scope: &Scope, op: OpKind, at: &str) -> Result<String, Error> {
    path::validate(at).map_err(|e| invalid(e, op, at))?;
    Ok(scope.absolute(at))
}

/// As [`checked`], for the prefix of a sequential node, which may end in a slash.
pub(crate) fn checked_prefix(scope: &Scope, op: OpKind, at: &str) -> Result<String, Error> {
    path::validate_sequential(at).map_err(|e| invalid(e, op, at))?;
    Ok(scope.absolute(at))
}

fn invalid(error: path::PathError, op: OpKind, at: &str) -> Error {
    let hint = if at.starts_with('/') || at.is_empty() {
        None
    } else {
        Some(format!("paths are absolute; did you mean /{at}?"))
    };
    let error = Error::new(
        ErrorKind::InvalidPath,
        format!("cannot {} {at:?}: {error}", op.verb()),
    )
    .with_op(op, at)
    .with_source(error);
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

impl<T> Plan<T> {
    /// A request that changes nothing and may be asked again.
    pub(crate) fn read(
        op: OpKind,
        path: String,
        request: Result<Request, Error>,
        decode: fn(Answer<'_>) -> Result<T, Refusal>,
    ) -> Self {
        Self {
            op,
            path,
            request,
            watch: None,
            duty: None,
            generation: None,
            repeatable: true,
            fences: Vec::new(),
            parts: Vec::new(),
            decode,
        }
    }

    /// A request that changes something: never sent twice.
    pub(crate) fn write(
        op: OpKind,
        path: String,
        request: Result<Request, Error>,
        decode: fn(Answer<'_>) -> Result<T, Refusal>,
    ) -> Self {
        // What is wrong with a fence was found without knowing for what it stands.
        let request = request.map_err(|error| error.about(op, &path));
        Self {
            op,
            path,
            request,
            watch: None,
            duty: None,
            generation: None,
            #[cfg(feature = "__seeded-bugs")]
            repeatable: zk_session::seeded::is_on("write-sent-again-after-unknown"),
            #[cfg(not(feature = "__seeded-bugs"))]
            repeatable: false,
            fences: Vec::new(),
            parts: Vec::new(),
            decode,
        }
    }

    /// A write behind one check of a hold.
    pub(crate) fn fenced(
        op: OpKind,
        path: String,
        fence: Result<Fence, Error>,
        write: Result<MultiOp, Error>,
        decode: fn(Answer<'_>) -> Result<T, Refusal>,
    ) -> Self {
        let (fences, request) = match fence {
            Ok(fence) => {
                let request = behind(&fence, write);
                (vec![fence], request)
            }
            Err(error) => (Vec::new(), Err(error)),
        };
        Self {
            fences,
            ..Self::write(op, path, request, decode)
        }
    }
}

/// Gives a builder with `fn plan(self) -> (Scope, Plan<T>)` its two ends.
macro_rules! operation {
    ($builder:ty => $output:ty) => {
        impl $builder {
            /// Queues the request now and returns the future of its answer.
            ///
            /// The requests of a client reach the server in the order of these calls.
            pub fn submit(self) -> $crate::pending::Pending<$output> {
                let (scope, plan) = self.plan();
                $crate::pending::Pending::new(scope, plan).submit()
            }

            /// Sets how long the request may take from being queued to its answer, instead of the client's request
            /// timeout. If it passes the error is `TimedOut`, and its fate tells whether the request had left.
            /// Comes last: await the result or submit it.
            pub fn timeout(self, limit: std::time::Duration) -> $crate::pending::Pending<$output> {
                let (scope, plan) = self.plan();
                $crate::pending::Pending::new(scope, plan).timeout(limit)
            }
        }

        impl std::future::IntoFuture for $builder {
            type Output = Result<$output, $crate::error::Error>;
            type IntoFuture = $crate::pending::Pending<$output>;

            fn into_future(self) -> Self::IntoFuture {
                let (scope, plan) = self.plan();
                $crate::pending::Pending::new(scope, plan)
            }
        }
    };
}

pub(crate) use operation;
