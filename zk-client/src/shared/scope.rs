//! Where an operation works: a client's session, seen from a chroot.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use zk_wire::{Chroot, Moment};

use crate::shared::handle::Shared;

/// A handle on the session plus a chroot. The session is closed when the last scope is dropped.
#[derive(Clone)]
pub(crate) struct Scope {
    handle: Arc<Handle>,
    chroot: Chroot,
    explains: bool,
    patient: bool,
}

struct Handle {
    shared: Arc<Shared>,
    /// Whether the session ends with it.
    closes: bool,
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.closes {
            self.shared.with(|inner, now| inner.core.close(now));
        }
    }
}

impl Scope {
    pub(crate) fn new(shared: Arc<Shared>, chroot: Chroot) -> Self {
        Self::on(shared, chroot, true)
    }

    /// For the client's own use: no chroot, and nobody's reason to keep the session.
    pub(crate) fn observer(shared: Arc<Shared>) -> Self {
        Self::on(shared, Chroot::root(), false)
    }

    fn on(shared: Arc<Shared>, chroot: Chroot, closes: bool) -> Self {
        Self {
            handle: Arc::new(Handle { shared, closes }),
            chroot,
            explains: true,
            patient: false,
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }

    pub(crate) fn chroot(&self) -> &Chroot {
        &self.chroot
    }

    /// True if failed operations may ask the server for what would help the reader of the error.
    pub(crate) fn explains(&self) -> bool {
        self.explains
    }

    pub(crate) fn terse(&self) -> Self {
        Self {
            explains: false,
            ..self.clone()
        }
    }

    pub(crate) fn talkative(&self) -> Self {
        Self {
            explains: true,
            ..self.clone()
        }
    }

    pub(crate) fn patient(&self) -> Self {
        Self {
            patient: true,
            ..self.clone()
        }
    }

    /// By when a request that is queued now has to be answered.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        if self.patient {
            None
        } else {
            self.shared().deadline()
        }
    }

    pub(crate) fn with_chroot(&self, chroot: Chroot) -> Self {
        Self {
            chroot,
            ..self.clone()
        }
    }

    /// The server's path of the caller's `path`.
    pub(crate) fn absolute(&self, path: &str) -> String {
        self.chroot.absolute(path).into_owned()
    }

    /// The caller's path of a server's path. A path outside the chroot is passed through.
    pub(crate) fn relative<'a>(&self, path: &'a str) -> Cow<'a, str> {
        self.chroot
            .strip(path)
            .map_or(Cow::Borrowed(path), |inside| Cow::Owned(inside.to_owned()))
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("chroot", &self.chroot)
            .finish_non_exhaustive()
    }
}
