//! The server for tests, and what tests may do to it.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use zk_embedded::{EmbeddedServer, Hooks, Match, Reaction, RuleId, ServerTls};
use zk_recipes::{ErrorKind, SessionId};
use zk_wire::{ErrorCode, OpCode};

use crate::error::Failure;
use crate::owned::Owned;
use crate::reply::Reply;
use crate::runtime;
use crate::shield::shield;
use crate::values::{maybe_span, span};
use crate::work::Work;

/// A server in memory, on a port of 127.0.0.1.
#[pyclass(frozen)]
pub(crate) struct Server {
    /// None once it was stopped.
    server: Mutex<Option<Owned<EmbeddedServer>>>,
    hooks: Owned<Hooks>,
    address: String,
}

/// Starts a server.
#[pyfunction]
#[pyo3(signature = (port, tick, tls, tls_client_ca, sasl_users))]
pub(crate) fn start_server(
    port: u16,
    tick: &Bound<'_, PyAny>,
    tls: Option<(Vec<u8>, Vec<u8>)>,
    tls_client_ca: Option<Vec<u8>>,
    sasl_users: Vec<(String, String)>,
) -> PyResult<Work> {
    let mut builder = EmbeddedServer::builder()
        .port(port)
        .tick(span("tick", tick)?)
        .configure(|config| {
            for (user, password) in &sasl_users {
                config.sasl_users.add(user, password);
            }
        });
    match (tls, tls_client_ca) {
        (Some((certificate, key)), None) => {
            builder = builder.tls(ServerTls::new(certificate, key));
        }
        (Some((certificate, key)), Some(authority)) => {
            builder = builder.tls(ServerTls::new(certificate, key).client_ca(authority));
        }
        (None, None) => {}
        (None, Some(_)) => {
            let text = "tls_client_ca is for servers that speak TLS; give tls, too";
            return Err(Failure::new(ErrorKind::InvalidConfig, text).into());
        }
    }
    Ok(Work::new(async move {
        let started = builder.start().await.map_err(|error| {
            let text = format!("cannot start the server for tests: {error}");
            Failure::new(ErrorKind::InvalidConfig, text)
        })?;
        Ok(Reply::new(move |py| {
            let server = Server {
                hooks: Owned::new(started.hooks()),
                address: started.connect_string(),
                server: Mutex::new(Some(Owned::new(started))),
            };
            Ok(Bound::new(py, server)?.into_any())
        }))
    }))
}

/// A fault that was set up.
#[pyclass(frozen)]
pub(crate) struct Fault {
    hooks: Owned<Hooks>,
    rule: RuleId,
}

impl Server {
    /// Inside the runtime, whose clock is the server's.
    fn act<T>(&self, py: Python<'_>, act: impl FnOnce(&Hooks) -> T) -> PyResult<T> {
        shield(|| {
            let hooks = self.hooks.get()?;
            let runtime = runtime::handle(py)?;
            let _inside = runtime.enter();
            Ok(act(hooks))
        })
    }
}

#[pymethods]
impl Server {
    /// Where it listens.
    #[getter]
    fn connect_string(&self) -> &str {
        &self.address
    }

    /// Stops it, and waits until its port is free.
    fn stop(&self) -> PyResult<Work> {
        self.hooks.get()?;
        let server = self
            .server
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let server = server.map(Owned::into_inner).transpose()?;
        Ok(Work::new(async move {
            if let Some(server) = server {
                server.shutdown().await;
            }
            Ok(Reply::none())
        }))
    }

    /// Closes the connection of a session, or all.
    fn cut(&self, py: Python<'_>, session: Option<i64>) -> PyResult<bool> {
        self.act(py, |hooks| match session {
            Some(session) => hooks.cut_session(SessionId::from_raw(session)),
            None => {
                let any = hooks.connection_count() > 0;
                hooks.cut_all();
                any
            }
        })
    }

    /// Ends a session as if its time had come.
    fn expire(&self, py: Python<'_>, session: i64) -> PyResult<bool> {
        self.act(py, |hooks| hooks.expire(SessionId::from_raw(session)))
    }

    /// While on, nothing is committed.
    fn hold_commits(&self, py: Python<'_>, on: bool) -> PyResult<()> {
        self.act(py, |hooks| hooks.hold_commits(on))
    }

    /// While on, nothing that clients send keeps their sessions alive.
    fn hold_touches(&self, py: Python<'_>, on: bool) -> PyResult<()> {
        self.act(py, |hooks| hooks.hold_touches(on))
    }

    /// While on, new connections are closed at once.
    fn refuse_connections(&self, py: Python<'_>, on: bool) -> PyResult<()> {
        self.act(py, |hooks| hooks.refuse_connections(on))
    }

    /// Lets held and delayed replies go.
    fn release_replies(&self, py: Python<'_>) -> PyResult<()> {
        self.act(py, Hooks::release_replies)
    }

    /// Removes all faults.
    fn clear(&self, py: Python<'_>) -> PyResult<()> {
        self.act(py, Hooks::clear)
    }

    /// Sets up a fault for requests that fit.
    #[expect(clippy::too_many_arguments, reason = "the package names them all")]
    fn fault(
        &self,
        py: Python<'_>,
        reaction: &str,
        op: Option<&str>,
        path: Option<String>,
        session: Option<i64>,
        nth: u64,
        times: u64,
        delay: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Fault> {
        let reaction = match (reaction, maybe_span("delay", delay)?) {
            ("cut_before", None) => Reaction::CutBeforeApply,
            ("cut_after", None) => Reaction::CutAfterApply,
            ("hold_replies", None) => Reaction::HoldReplies,
            ("throttle", None) => Reaction::Error(ErrorCode::ThrottledOp),
            ("delay", Some(delay)) => Reaction::DelayReply(delay),
            (other, _) => return Err(Failure::misuse(format!("no fault is called {other}")).into()),
        };
        let mut when = Match::ops(ops(op)?).nth(nth).times(times);
        if let Some(path) = path {
            when = when.path(path);
        }
        if let Some(session) = session {
            when = when.session(SessionId::from_raw(session));
        }
        let rule = self.act(py, |hooks| hooks.on(when).react(reaction))?;
        let hooks = Owned::new(self.hooks.get()?.clone());
        Ok(Fault { hooks, rule })
    }

    /// How often an operation was asked for.
    fn count(&self, py: Python<'_>, op: &str) -> PyResult<u64> {
        let ops = ops(Some(op))?;
        self.act(py, |hooks| ops.into_iter().map(|op| hooks.count(op)).sum())
    }

    /// The paths of all nodes.
    fn paths(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.act(py, Hooks::paths)
    }

    /// A node's data, without asking any ACL.
    fn data<'py>(&self, py: Python<'py>, path: &str) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let node = self.act(py, |hooks| hooks.node(path))?;
        let data = node.map(|node| node.data.unwrap_or_default());
        Ok(data.map(|data| PyBytes::new(py, &data)))
    }

    /// The ids of all sessions.
    fn sessions(&self, py: Python<'_>) -> PyResult<Vec<i64>> {
        let sessions = self.act(py, Hooks::sessions)?;
        Ok(sessions.iter().map(|one| one.id.as_raw()).collect())
    }

    /// How many requests wait for commits to go on.
    fn held_commits(&self, py: Python<'_>) -> PyResult<usize> {
        self.act(py, Hooks::held_commits)
    }

    /// How many watches there are.
    fn watch_count(&self, py: Python<'_>) -> PyResult<usize> {
        self.act(py, Hooks::watch_count)
    }

    /// How many connections are open.
    fn connection_count(&self, py: Python<'_>) -> PyResult<usize> {
        self.act(py, Hooks::connection_count)
    }
}

#[pymethods]
impl Fault {
    /// How many requests it has hit.
    #[getter]
    fn fired(&self) -> PyResult<u64> {
        shield(|| Ok(self.hooks.get()?.fired(self.rule)))
    }

    /// Takes it away.
    fn remove(&self, py: Python<'_>) -> PyResult<()> {
        shield(|| {
            let hooks = self.hooks.get()?;
            let runtime = runtime::handle(py)?;
            let _inside = runtime.enter();
            hooks.remove(self.rule);
            Ok(())
        })
    }
}

/// The requests that Python calls by one name.
fn ops(name: Option<&str>) -> Result<Vec<OpCode>, Failure> {
    let Some(name) = name else {
        return Ok(Vec::new());
    };
    Ok(match name {
        "connect" => vec![OpCode::CreateSession],
        "close" => vec![OpCode::CloseSession],
        "create" => OpCode::ALL
            .iter()
            .copied()
            .filter(|op| op.is_create())
            .collect(),
        "get" => vec![OpCode::GetData],
        "set" => vec![OpCode::SetData],
        "children" => vec![OpCode::GetChildren, OpCode::GetChildren2],
        "event" => vec![OpCode::Notification],
        other => match OpCode::ALL.iter().find(|op| op.name() == other) {
            Some(op) => vec![*op],
            None => return Err(Failure::misuse(format!("no operation is called {other:?}"))),
        },
    })
}
