//! A client: one session.

use std::time::Duration;

use pyo3::prelude::*;
use zk_recipes::{CreateMode, OnExpiry};

use crate::error::Failure;
use crate::lock::{Held, Lock};
use crate::owned::Owned;
use crate::reply::Reply;
use crate::security::Security;
use crate::shield::shield;
use crate::values::{acls, created, maybe_span, node, payload, span, stat};
use crate::work::Work;

/// A session, seen from its chroot.
#[pyclass(frozen, weakref)]
pub(crate) struct Client {
    client: Owned<zk_recipes::Client>,
}

/// Connects to an ensemble.
#[pyfunction]
#[pyo3(signature = (
    hosts, *, chroot, session_timeout, connect_timeout, request_timeout, auth, on_expiry, tls_ca, tls_crl, tls_cert,
    tls_key, sasl, dangerous_accept_any_host_name, dangerous_accept_any_certificate
))]
#[expect(clippy::too_many_arguments, reason = "the package names them all")]
pub(crate) fn connect(
    hosts: &str,
    chroot: Option<String>,
    session_timeout: &Bound<'_, PyAny>,
    connect_timeout: Option<&Bound<'_, PyAny>>,
    request_timeout: Option<&Bound<'_, PyAny>>,
    auth: Vec<(String, Vec<u8>)>,
    on_expiry: &str,
    tls_ca: Option<&Bound<'_, PyAny>>,
    tls_crl: Option<&Bound<'_, PyAny>>,
    tls_cert: Option<&Bound<'_, PyAny>>,
    tls_key: Option<&Bound<'_, PyAny>>,
    sasl: Option<(String, String)>,
    dangerous_accept_any_host_name: bool,
    dangerous_accept_any_certificate: bool,
) -> PyResult<Work> {
    let security = Security::new(
        [tls_ca, tls_crl, tls_cert, tls_key],
        sasl,
        dangerous_accept_any_host_name,
        dangerous_accept_any_certificate,
    )?;
    let mut builder = zk_recipes::Client::builder(hosts)
        .session_timeout(span("session_timeout", session_timeout)?)
        .on_expiry(policy(on_expiry)?);
    if let Some(limit) = maybe_span("connect_timeout", connect_timeout)? {
        builder = builder.connect_timeout(limit);
    }
    if let Some(limit) = maybe_span("request_timeout", request_timeout)? {
        builder = builder.request_timeout(limit);
    }
    for (scheme, secret) in auth {
        builder = builder.auth(scheme, secret);
    }
    builder = security.protect(builder);
    Ok(Work::new(async move {
        let mut client = builder.connect().await?;
        if let Some(chroot) = chroot {
            client = client.chroot(&chroot)?;
        }
        Ok(Reply::new(|py| Client::new(client).into_object(py)))
    }))
}

fn policy(on_expiry: &str) -> Result<OnExpiry, Failure> {
    match on_expiry {
        "new_session" => Ok(OnExpiry::NewSession),
        "stop" => Ok(OnExpiry::Stop),
        other => Err(Failure::misuse(format!(
            "on_expiry is \"new_session\" or \"stop\", not {other:?}"
        ))),
    }
}

impl Client {
    fn new(client: zk_recipes::Client) -> Self {
        Self {
            client: Owned::new(client),
        }
    }

    fn into_object(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Ok(Bound::new(py, self)?.into_any())
    }
}

#[pymethods]
impl Client {
    /// Reads a node.
    fn get(&self, path: &str) -> PyResult<Work> {
        let get = self.client.get()?.get(path);
        Ok(Work::new(async move {
            let found = get.await?;
            Ok(Reply::new(move |py| node(py, &found)))
        }))
    }

    /// Reads a node's metadata.
    fn exists(&self, path: &str) -> PyResult<Work> {
        let exists = self.client.get()?.exists(path);
        Ok(Work::new(async move {
            Ok(match exists.await? {
                Some(found) => Reply::new(move |py| stat(py, &found)),
                None => Reply::none(),
            })
        }))
    }

    /// Lists a node's children.
    fn children(&self, path: &str) -> PyResult<Work> {
        let children = self.client.get()?.children(path);
        Ok(Work::new(async move {
            let mut names = children.await?;
            // The server lists them in no order.
            names.sort_unstable();
            Ok(Reply::new(move |py| names.into_pyobject(py)))
        }))
    }

    /// Writes a node.
    fn set(
        &self,
        path: &str,
        data: &Bound<'_, PyAny>,
        version: Option<i32>,
        fence: Option<&Held>,
    ) -> PyResult<Work> {
        let mut set = self.client.get()?.set(path, payload(data)?);
        if let Some(version) = version {
            set = set.version(version);
        }
        let fence = fence.map(Held::share).transpose()?;
        Ok(Work::new(async move {
            let written = match fence {
                None => set.await?,
                Some(held) => {
                    let answer = set.fenced_by(&held).await;
                    answer.map_err(|error| Held::refused(error, &held))?
                }
            };
            Ok(Reply::new(move |py| stat(py, &written)))
        }))
    }

    /// Deletes a node.
    fn delete(&self, path: &str, version: Option<i32>, fence: Option<&Held>) -> PyResult<Work> {
        let mut delete = self.client.get()?.delete(path);
        if let Some(version) = version {
            delete = delete.version(version);
        }
        let fence = fence.map(Held::share).transpose()?;
        Ok(Work::new(async move {
            match fence {
                None => delete.await?,
                Some(held) => {
                    let answer = delete.fenced_by(&held).await;
                    answer.map_err(|error| Held::refused(error, &held))?;
                }
            }
            Ok(Reply::none())
        }))
    }

    /// Creates a node.
    #[expect(clippy::too_many_arguments, reason = "the package names them all")]
    fn create(
        &self,
        path: &str,
        data: &Bound<'_, PyAny>,
        mode: &str,
        ttl: Option<&Bound<'_, PyAny>>,
        acl: Option<Vec<String>>,
        parents: bool,
        fence: Option<&Held>,
    ) -> PyResult<Work> {
        let mut create = self.client.get()?.create(path, payload(data)?);
        let ttl = maybe_span("ttl", ttl)?;
        create = create.mode(create_mode(mode, ttl)?);
        if let Some(ttl) = ttl {
            create = create.ttl(ttl);
        }
        if let Some(acl) = acl {
            create = create.acl(acls(&acl)?);
        }
        let fence = fence.map(Held::share).transpose()?;
        if parents && fence.is_some() {
            let text = "a fenced create is one transaction and cannot create parents: \
                        leave out parents=True or fenced_by=";
            return Err(Failure::misuse(text).into());
        }
        Ok(Work::new(async move {
            if let Some(held) = fence {
                let answer = create.fenced_by(&held).await;
                let path = answer.map_err(|error| Held::refused(error, &held))?;
                return Ok(Reply::new(move |py| created(py, &path, None)));
            }
            let made = if parents {
                create.parents().await?
            } else {
                create.await?
            };
            Ok(Reply::new(move |py| {
                created(py, &made.path, Some(&made.stat))
            }))
        }))
    }

    /// The lock at a path.
    fn lock(
        &self,
        path: &str,
        contender: Option<String>,
        acl: Option<Vec<String>>,
        layout: &str,
    ) -> PyResult<Lock> {
        let acl = acl.map(|acl| acls(&acl)).transpose()?;
        Ok(Lock::new(self.client.get()?, path, contender, acl, layout)?)
    }

    /// The same session seen from a path.
    fn chroot(&self, path: &str) -> PyResult<Self> {
        let client = self.client.get()?.chroot(path);
        Ok(Self::new(client.map_err(Failure::from)?))
    }

    /// Ends the session.
    fn close(&self) -> PyResult<Work> {
        let client = self.client.get()?.clone();
        Ok(Work::new(async move {
            client.close().await?;
            Ok(Reply::none())
        }))
    }

    /// The state of the session.
    #[getter]
    fn state(&self) -> PyResult<String> {
        shield(|| Ok(self.client.get()?.state().to_string()))
    }

    /// The number of sessions that this client has had.
    #[getter]
    fn generation(&self) -> PyResult<u64> {
        shield(|| Ok(self.client.get()?.generation()))
    }

    /// The current session.
    #[getter]
    fn session_id(&self) -> PyResult<Option<i64>> {
        shield(|| Ok(self.client.get()?.session_id().map(|id| id.as_raw())))
    }

    /// The granted session timeout in seconds.
    #[getter]
    fn session_timeout(&self) -> PyResult<f64> {
        let timeout: Duration = shield(|| Ok::<_, PyErr>(self.client.get()?.session_timeout()))?;
        Ok(timeout.as_secs_f64())
    }

    /// The server that the session is or was last connected to.
    #[getter]
    fn server(&self) -> PyResult<Option<String>> {
        shield(|| Ok(self.client.get()?.server()))
    }
}

fn create_mode(mode: &str, ttl: Option<Duration>) -> Result<CreateMode, Failure> {
    Ok(match (mode, ttl) {
        ("persistent", None) => CreateMode::Persistent,
        ("persistent", Some(_)) => CreateMode::PersistentTtl,
        ("sequential", None) => CreateMode::PersistentSequential,
        ("sequential", Some(_)) => CreateMode::PersistentSequentialTtl,
        ("ephemeral", None) => CreateMode::Ephemeral,
        ("ephemeral_sequential", None) => CreateMode::EphemeralSequential,
        ("container", None) => CreateMode::Container,
        (_, ttl) => {
            let tail = if ttl.is_some() { " with a ttl" } else { "" };
            return Err(Failure::misuse(format!("no node can be {mode}{tail}")));
        }
    })
}
