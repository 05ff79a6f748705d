//! A lock, the value that stands for a hold, and a view on it.

use std::future::Future;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::UNIX_EPOCH;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyType};
use zk_recipes::{
    Acl, Acquire, Client, Contender, Error, ErrorKind, Family, Layout, LockGuard, LockLost,
};

use crate::error::Failure;
use crate::owned::Owned;
use crate::reply::Reply;
use crate::shield::shield;
use crate::values::{class, maybe_span};
use crate::work::Work;

/// A lock on a path.
#[pyclass(frozen)]
pub(crate) struct Lock {
    lock: Owned<zk_recipes::Mutex>,
    contender: Option<String>,
}

impl Lock {
    pub(crate) fn new(
        client: &Client,
        path: &str,
        contender: Option<String>,
        acl: Option<Vec<Acl>>,
        layout: &str,
    ) -> Result<Self, Failure> {
        let mut lock = zk_recipes::Mutex::new(client, path)?.layout(layout_of(layout)?);
        if let Some(acl) = acl {
            lock = lock.acl(acl);
        }
        Ok(Self {
            lock: Owned::new(lock),
            contender,
        })
    }

    fn acquisition(&self) -> Result<Acquire, Failure> {
        let acquire = self.lock.get()?.acquire();
        Ok(match &self.contender {
            Some(text) => acquire.contender(text.as_str()),
            None => acquire,
        })
    }
}

#[pymethods]
impl Lock {
    /// Waits until the lock is held.
    fn acquire(&self, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Work> {
        let mut acquire = self.acquisition()?;
        if let Some(limit) = maybe_span("timeout", timeout)? {
            acquire = acquire.timeout(limit);
        }
        Ok(Work::new(async move {
            let guard = acquire.await?;
            Ok(Reply::new(|py| Guard::new(guard).into_object(py)))
        }))
    }

    /// Acquires the lock if it is free.
    fn try_acquire(&self) -> PyResult<Work> {
        let acquire = self.acquisition()?;
        Ok(Work::new(async move {
            Ok(match acquire.if_free().await? {
                Some(guard) => Reply::new(|py| Guard::new(guard).into_object(py)),
                None => Reply::none(),
            })
        }))
    }

    /// Lists who holds the lock and who waits.
    fn contenders(&self) -> PyResult<Work> {
        let lock = self.lock.get()?.clone();
        Ok(Work::new(async move {
            let all = lock.contenders().await?;
            Ok(Reply::new(move |py| {
                let all: PyResult<Vec<_>> = all.iter().map(|one| contender(py, one)).collect();
                Ok(PyList::new(py, all?)?.into_any())
            }))
        }))
    }

    /// The lock's path.
    #[getter]
    fn path(&self) -> PyResult<String> {
        Ok(self.lock.get()?.path().to_owned())
    }
}

fn layout_of(name: &str) -> Result<Layout, Failure> {
    match name {
        "curator" => Ok(Layout::Curator),
        "kazoo" => Ok(Layout::Kazoo),
        _ => Err(Failure::new(
            ErrorKind::InvalidConfig,
            format!("layout is \"curator\" or \"kazoo\", not {name:?}"),
        )),
    }
}

fn contender<'py>(py: Python<'py>, one: &Contender) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let family = match one.family {
        Family::Mutex => "mutex",
        Family::Kazoo => "kazoo",
        Family::OtherKazoo => "other_kazoo",
        _ => "other_curator",
    };
    let since = one.since.duration_since(UNIX_EPOCH).unwrap_or_default();
    class(py, &CLASS, "Contender")?.call1((
        one.node.as_str(),
        family,
        one.text.as_str(),
        one.session.as_raw(),
        one.token,
        since.as_secs_f64(),
        one.holds,
    ))
}

/// A held lock. Dropping it releases the lock in the background.
#[pyclass(frozen)]
pub(crate) struct Guard {
    /// None once it was released.
    guard: Mutex<Option<Owned<LockGuard>>>,
    held: Owned<zk_recipes::Held>,
}

impl Guard {
    fn new(guard: LockGuard) -> Self {
        Self {
            held: Owned::new(guard.held()),
            guard: Mutex::new(Some(Owned::new(guard))),
        }
    }

    fn into_object(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Ok(Bound::new(py, self)?.into_any())
    }

    fn take(&self) -> Option<Owned<LockGuard>> {
        self.guard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

#[pymethods]
impl Guard {
    /// A view on the hold.
    #[getter]
    fn held(&self) -> PyResult<Held> {
        Ok(Held::new(self.held.get()?.clone()))
    }

    /// Releases the lock; yields whether it was held to the end.
    fn release(&self) -> PyResult<Work> {
        self.held.get()?;
        let Some(guard) = self.take() else {
            let text = "this hold was released already";
            return Err(Failure::misuse(text).into());
        };
        let guard = guard.into_inner()?;
        Ok(Work::new(async move {
            let released = guard.release().await?;
            Ok(Reply::new(move |py| {
                Ok(released.was_held.into_pyobject(py)?.to_owned().into_any())
            }))
        }))
    }

    /// Releases the lock in the background.
    fn abandon(&self) {
        drop(self.take());
    }
}

/// What a holder can know about its hold.
#[pyclass(frozen)]
pub(crate) struct Held {
    held: Owned<zk_recipes::Held>,
    path: String,
    node: String,
    token: u64,
}

impl Held {
    fn new(held: zk_recipes::Held) -> Self {
        Self {
            path: held.path().to_owned(),
            node: held.node().to_owned(),
            token: held.token(),
            held: Owned::new(held),
        }
    }

    /// Another handle on the same hold.
    pub(crate) fn share(&self) -> Result<zk_recipes::Held, Failure> {
        Ok(self.held.get()?.clone())
    }

    /// Why a write that `held` fenced was refused.
    pub(crate) fn refused(error: Error, held: &zk_recipes::Held) -> Failure {
        Failure::of_fenced(error, held.token(), loss(held))
    }
}

#[pymethods]
impl Held {
    /// The lock's path.
    #[getter]
    fn path(&self) -> &str {
        &self.path
    }

    /// The path of the holder's own node.
    #[getter]
    fn node(&self) -> &str {
        &self.node
    }

    /// The fencing token.
    #[getter]
    fn token(&self) -> u64 {
        self.token
    }

    /// True until the hold was released or is known to be lost.
    #[getter]
    fn is_held(&self) -> PyResult<bool> {
        shield(|| Ok(self.held.get()?.is_held()))
    }

    /// True while it is proven that the hold lasts.
    #[getter]
    fn is_safe(&self) -> PyResult<bool> {
        shield(|| Ok(self.held.get()?.is_safe()))
    }

    /// True while it is held and no longer certain.
    #[getter]
    fn in_doubt(&self) -> PyResult<bool> {
        shield(|| Ok(in_doubt(self.held.get()?)))
    }

    /// For how many more seconds the hold is certainly safe.
    #[getter]
    fn safe_for(&self) -> PyResult<Option<f64>> {
        let safe = shield(|| Ok::<_, PyErr>(self.held.get()?.safe_for()))?;
        Ok(safe.map(|left| left.as_secs_f64()))
    }

    /// Why the hold was lost, if it was.
    #[getter]
    fn why(&self) -> PyResult<Option<String>> {
        shield(|| Ok(loss(self.held.get()?).map(|lost| lost.reason())))
    }

    /// The `LockLost` of the hold, if it was lost.
    fn loss<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let lost = shield(|| Ok::<_, PyErr>(loss(self.held.get()?)))?;
        lost.map(|lost| Failure::from(lost).into_exception(py))
            .transpose()
    }

    /// The `LockDoubt` of the hold.
    fn doubt<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Failure::doubt(&self.path, self.token).into_exception(py)
    }

    /// Waits for the loss and yields it as an exception; `None` after the timeout.
    fn until_lost(&self, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Work> {
        let lost = self.held.get()?.lost();
        let limit = maybe_span("timeout", timeout)?;
        Ok(Work::new(async move {
            let lost = match limit {
                None => lost.await,
                Some(limit) => match tokio::time::timeout(limit, lost).await {
                    Ok(lost) => lost,
                    Err(_) => return Ok(Reply::none()),
                },
            };
            Ok(Reply::new(|py| Failure::from(lost).into_exception(py)))
        }))
    }

    /// Waits for the loss, or for doubt if that ends the work; yields either as an exception.
    fn until_over(&self, doubt_ends: bool) -> PyResult<Work> {
        let held = self.share()?;
        Ok(Work::new(async move {
            // A loss and a release end the loop; doubt that has passed by now is none.
            while doubt_ends && held.is_held() {
                held.doubted().await;
                if in_doubt(&held) {
                    let failure = Failure::doubt(held.path(), held.token());
                    return Ok(Reply::new(|py| failure.into_exception(py)));
                }
            }
            let lost = held.lost().await;
            Ok(Reply::new(|py| Failure::from(lost).into_exception(py)))
        }))
    }
}

fn loss(held: &zk_recipes::Held) -> Option<LockLost> {
    now(held.lost())
}

fn in_doubt(held: &zk_recipes::Held) -> bool {
    now(held.doubted()).is_some() && held.is_held()
}

/// What a future yields at its first poll.
fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
