//! The errors of a connect: what became of each server.

use zk_session::{LinkFailure, ServerId, Stage};
use zk_wire::Moment;

use crate::error::{Error, ErrorKind, OpKind};
use crate::shared::handle::Shared;
use crate::shared::inner::Inner;

/// No server was reached since `started`.
pub(crate) fn unreachable(shared: &Shared, started: Moment) -> Error {
    let now = shared.clock.now();
    let inner = shared.lock();
    let fates = fates(&inner, now);
    let lines = lines(&inner, &fates);
    let tried = fates.iter().filter(|fate| fate.tried).count();
    let count = format!(
        "{tried} of {} servers in {:.1} s",
        fates.len(),
        (now - started).as_secs_f64()
    );
    let text = match lines.as_slice() {
        [line] => format!("cannot reach ZooKeeper: {line}. Tried {count}"),
        lines => format!(
            "cannot reach ZooKeeper. Tried {count}:\n  {}",
            lines.join("\n  ")
        ),
    };
    let insecure = tried > 0 && fates.iter().all(|fate| fate.tls || !fate.tried);
    let kind = if insecure {
        ErrorKind::Tls
    } else {
        ErrorKind::NoServerReachable
    };
    let error = Error::new(kind, text).with_op(OpKind::Connect, "/");
    // The reason alone, for whoever asked one server and has its name already.
    let error = match fates.as_slice() {
        [fate] => error.with_source(LinkFailure::new(fate.text.as_str())),
        _ => error,
    };
    if insecure {
        // Each of them runs, and says what to do.
        return error;
    }
    error.with_hint(
        "is it running? `zkctl ping` asks each server, `zkctl dev` starts one for development",
    )
}

/// Why a request had to wait until its time was over: what became of each server since the connection was lost. `None`
/// while there is one.
pub(crate) fn outage(shared: &Shared, inner: &Inner) -> Option<String> {
    if inner.core.state().is_connected() {
        return None;
    }
    let fates = fates(inner, shared.clock.now());
    Some(format!(
        "no connection: {}",
        lines(inner, &fates).join(", ")
    ))
}

fn fates(inner: &Inner, now: Moment) -> Vec<Fate> {
    (0..inner.servers.len())
        .map(|server| Fate::of(inner, ServerId::from_index(server), now))
        .collect()
}

fn lines(inner: &Inner, fates: &[Fate]) -> Vec<String> {
    let named = inner.servers.iter().zip(fates);
    named
        .map(|(name, fate)| format!("{name}: {}", fate.text))
        .collect()
}

/// What became of one server.
struct Fate {
    tried: bool,
    /// Whether it is about the encryption.
    tls: bool,
    text: String,
}

impl Fate {
    fn of(inner: &Inner, server: ServerId, now: Moment) -> Self {
        // What went wrong before tells more than that the next attempt is under way.
        if let Some(failure) = inner.core.server_failure(server) {
            return Self {
                tried: true,
                tls: failure.tls,
                text: failure.text.clone(),
            };
        }
        match inner
            .core
            .attempt()
            .filter(|attempt| attempt.server == server)
        {
            Some(attempt) => Self {
                tried: true,
                tls: attempt.stage == Stage::Securing,
                text: attempt.stage.overdue(now - attempt.since),
            },
            None => Self {
                tried: false,
                tls: false,
                text: "not tried yet".to_owned(),
            },
        }
    }
}

/// A server refused the credentials.
pub(crate) fn refused(shared: &Shared) -> Error {
    let inner = shared.lock();
    let server = shared.server_name(&inner);
    let why = inner.core.auth_failure();
    let refusal = shared.identity.refusal(why, server.as_deref());
    Error::new(ErrorKind::AuthFailed, refusal.text)
        .with_op(OpKind::Connect, "/")
        .with_hint(refusal.hint)
}
