//! The texts of failed operations: what, where, why, and what to do next.

use zk_session::{FailCause, Fate, Rejected, SessionState};
use zk_wire::{DecodeError, ErrorCode, MultiOp, OpCode, Request};

use crate::error::{Error, ErrorKind, OpKind};
use crate::expiry::{Expiry, LostHold};

/// What was asked, as far as an error tells of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// The request's type on the wire.
    pub(crate) code: OpCode,
    /// The size of its frame, in bytes.
    pub(crate) len: usize,
    /// The version that it is conditional on.
    expected: Option<i32>,
}

impl Asked {
    /// An unconditional request of this type, as part of another one.
    pub(crate) fn of(code: OpCode) -> Self {
        Self {
            code,
            len: 0,
            expected: None,
        }
    }

    pub(crate) fn new(request: &Request) -> Self {
        Self {
            code: request.op_code(),
            len: 0,
            expected: expected(request).filter(|version| *version != ANY_VERSION),
        }
    }
}

/// The version of a conditional write; in a fenced one it comes behind the check of the fence.
fn expected(request: &Request) -> Option<i32> {
    match request {
        Request::SetData { version, .. }
        | Request::Delete { version, .. }
        | Request::SetAcl { version, .. } => Some(*version),
        Request::Multi(ops) => match ops.as_slice() {
            [
                MultiOp::Check { .. },
                MultiOp::SetData { version, .. } | MultiOp::Delete { version, .. },
            ] => Some(*version),
            _ => None,
        },
        _ => None,
    }
}

impl Error {
    /// The server answered with `code`.
    pub(crate) fn from_code(code: ErrorCode, op: OpKind, path: &str, asked: Asked) -> Self {
        let kind = ErrorKind::from_code(code);
        let mut error = Self::new(kind, answer(code, kind, op, path, asked)).with_op(op, path);
        error.0.expected = asked.expected;
        error
    }

    /// The error of the operation at `at` of a failed multi.
    pub(crate) fn in_multi(code: ErrorCode, at: usize, part: Option<&(OpCode, String)>) -> Self {
        let kind = ErrorKind::from_code(code);
        let Some((op, path)) = part else {
            let text = format!("operation {at} of the multi failed: {code}; nothing was applied");
            return Self::new(kind, text);
        };
        let text = format!(
            "operation {at} of the multi ({} {path}) failed: {code}; nothing was applied",
            op.name()
        );
        let mut error = Self::new(kind, text).with_op(OpKind::Multi, path);
        error.0.operation = Some(at);
        if kind == ErrorKind::Unimplemented {
            error.with_hint(format!("it needs ZooKeeper {}", first_with(*op)))
        } else {
            error
        }
    }

    pub(crate) fn malformed(error: DecodeError, op: OpKind, path: &str) -> Self {
        Self::new(
            ErrorKind::Protocol,
            format!(
                "cannot {} {path}: the server's answer is malformed: {error}",
                op.verb()
            ),
        )
        .with_fate(Fate::Unknown)
        .with_op(op, path)
        .with_source(error)
    }

    /// There is no answer.
    pub(crate) fn from_failure(
        cause: &FailCause,
        fate: Fate,
        op: OpKind,
        path: &str,
        asked: Asked,
    ) -> Self {
        let kind = ErrorKind::from_cause(cause);
        let text = format!("cannot {} {path}: {cause}{}", op.verb(), tail(fate, op));
        let error = Self::new(kind, text).with_fate(fate).with_op(op, path);
        match cause {
            FailCause::FrameTooLarge { .. } => {
                error.with_hint("raise .max_reply() here (zkctl: --max-buffer), or keep less in one node")
            }
            FailCause::ConnectionLost if asked.len >= SUSPICIOUS => error.with_hint(format!(
                "the request has {} bytes, and servers hang up on more than their jute.maxbuffer (1048575 unless set)",
                asked.len
            )),
            _ => error,
        }
    }

    /// The request was not even queued.
    pub(crate) fn from_rejection(rejected: &Rejected, op: OpKind, path: &str) -> Self {
        let kind = match rejected {
            Rejected::Full { .. } => ErrorKind::QueueFull,
            Rejected::TooLarge { .. } => ErrorKind::FrameTooLarge,
            Rejected::Terminal(SessionState::Expired) => ErrorKind::SessionExpired,
            Rejected::Terminal(SessionState::AuthFailed) => ErrorKind::AuthFailed,
            Rejected::Terminal(_) | Rejected::Closing => ErrorKind::Closed,
            _ => ErrorKind::Misuse,
        };
        let why = match kind {
            ErrorKind::SessionExpired => "the session expired".to_owned(),
            ErrorKind::AuthFailed => "a server refused the credentials".to_owned(),
            ErrorKind::Closed => "the client is closed".to_owned(),
            _ => rejected.to_string(),
        };
        let text = format!("cannot {} {path}: {why}; it was not sent", op.verb());
        let error = Self::new(kind, text).with_op(op, path);
        match rejected {
            Rejected::TooLarge { .. } => error.with_hint(
                "keep less in one node, or raise jute.maxbuffer on every server and .max_request() here (zkctl: \
                 --max-buffer)",
            ),
            Rejected::Full { .. } => {
                error.with_hint("await some answers before asking for more")
            }
            _ => error,
        }
    }

    /// The same error with the cause of the session's end in its text.
    pub(crate) fn because_expired(self, expiry: &Expiry) -> Self {
        self.because(&expiry.to_string())
    }

    /// The same error for a holder in the session that is over.
    pub(crate) fn of_lost_hold(mut self, hold: Option<LostHold>) -> Self {
        self.0.kind = ErrorKind::LockLost;
        let message = &self.0.message;
        self.0.message = match &hold {
            Some(LostHold { path, token, .. }) => {
                format!("the hold of {path} (token {token}) is over: {message}")
            }
            None => format!("the hold is over: {message}"),
        };
        self.0.hold = hold;
        self
    }

    /// The same error with another cause in its text.
    pub(crate) fn because(self, cause: &str) -> Self {
        let (Some(op), Some(path)) = (self.op(), self.path()) else {
            return self;
        };
        let text = format!(
            "cannot {} {path}: {cause}{}",
            op.verb(),
            tail(self.fate(), op)
        );
        self.with_message(text)
    }

    /// The same error, which tells which operation it is about if it did not yet.
    pub(crate) fn about(self, op: OpKind, path: &str) -> Self {
        if self.op().is_some() {
            return self;
        }
        let text = format!("cannot {} {path}: {}", op.verb(), self.message());
        let is_lock_lost = self.kind() == ErrorKind::LockLost;
        let error = self.with_op(op, path);
        if is_lock_lost {
            error.with_message(text)
        } else {
            error
        }
    }
}

/// Who a client is, for a reader.
pub(crate) fn or_nobody(identities: &str) -> &str {
    if identities.is_empty() {
        "nobody"
    } else {
        identities
    }
}

/// What became of the request; of one that changes nothing that is no news.
fn tail(fate: Fate, op: OpKind) -> &'static str {
    match (op, fate) {
        (
            OpKind::Exists
            | OpKind::Get
            | OpKind::Children
            | OpKind::GetAcl
            | OpKind::Sync
            | OpKind::Ephemerals
            | OpKind::AllChildrenCount
            | OpKind::WhoAmI
            | OpKind::MultiRead
            | OpKind::Config
            | OpKind::Watch,
            _,
        ) => "",
        (_, Fate::NotApplied) => "; it was not applied",
        (_, Fate::Unknown) => "; whether it was applied is unknown",
    }
}

fn answer(code: ErrorCode, kind: ErrorKind, op: OpKind, path: &str, asked: Asked) -> String {
    let verb = op.verb();
    let why = match kind {
        ErrorKind::NoNode => "it does not exist".to_owned(),
        ErrorKind::NodeExists => "it exists already".to_owned(),
        ErrorKind::BadVersion => match asked.expected {
            Some(expected) => format!("its version is not {expected}"),
            None => "its version is not the expected one".to_owned(),
        },
        ErrorKind::NotEmpty => "it has children".to_owned(),
        ErrorKind::NoChildrenForEphemerals => {
            "its parent is ephemeral and cannot have children".to_owned()
        }
        ErrorKind::NoAuth => return format!("no permission to {verb} {path}"),
        ErrorKind::InvalidAcl => "its ACL is empty or malformed".to_owned(),
        ErrorKind::QuotaExceeded => "a quota would be exceeded".to_owned(),
        ErrorKind::ReadOnlyServer => "the server is read-only".to_owned(),
        ErrorKind::Unimplemented => format!(
            "the server does not know {}, which needs ZooKeeper {}",
            asked.code.name(),
            first_with(asked.code)
        ),
        ErrorKind::AuthFailed if code == ErrorCode::SessionClosedRequireSaslAuth => {
            "the server serves only clients that authenticate by SASL, as this one did not"
                .to_owned()
        }
        _ => refusal(code),
    };
    format!("cannot {verb} {path}: {why}")
}

/// What a rarer code of a server means, and what there is to do.
fn refusal(code: ErrorCode) -> String {
    let why = match code {
        ErrorCode::ReconfigDisabled => {
            "reconfiguration is off; set reconfigEnabled=true on every server and restart it"
        }
        ErrorCode::ReconfigInProgress => "another reconfiguration is under way; wait for its end",
        ErrorCode::NewConfigNoQuorum => {
            "no quorum of the new members is connected to the leader and up to date; start them first"
        }
        ErrorCode::EphemeralOnLocalSession => {
            "the servers keep sessions local, and those have no ephemeral nodes; set \
             localSessionsUpgradingEnabled=true on every server and restart it"
        }
        _ => return format!("the server answered {code}"),
    };
    format!("{why} ({} {})", code.name(), code.raw())
}

/// The first release whose servers know the operation.
fn first_with(code: OpCode) -> &'static str {
    match code {
        OpCode::CreateTtl => "3.5.3 with zookeeper.extendedTypesEnabled=true",
        OpCode::Create2
        | OpCode::CreateContainer
        | OpCode::CheckWatches
        | OpCode::RemoveWatches => "3.5; this client supports no older one",
        OpCode::GetEphemerals
        | OpCode::AddWatch
        | OpCode::SetWatches2
        | OpCode::MultiRead
        | OpCode::GetAllChildrenNumber => "3.6 or later",
        OpCode::WhoAmI => "3.7 or later",
        OpCode::Reconfig => "3.5 or later, and an ensemble instead of a standalone server",
        _ => "3.4 or later",
    }
}

/// Far below the limit of any server: smaller requests are not why one hangs up.
const SUSPICIOUS: usize = 256 * 1024;

/// What asks for no version in particular.
const ANY_VERSION: i32 = -1;
