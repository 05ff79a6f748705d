//! Connecting to one server.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use zk_session::{ConnId, LinkFailure};

use crate::secure::{Secure, Securing, is_about_security};
use crate::transport::{BoxStream, ServerAddr, Transport};

/// One connection attempt.
pub(crate) struct Dial {
    pub(crate) conn: ConnId,
    polled: bool,
    server: ServerAddr,
    security: Option<Arc<dyn Secure>>,
    step: Step,
}

enum Step {
    Opening(Securing),
    Securing(Securing),
}

/// How far an attempt has come.
pub(crate) enum Progress {
    /// There is a connection, which is being encrypted now.
    Securing,
    /// It can be used.
    Done(BoxStream),
}

impl Dial {
    pub(crate) fn start(
        conn: ConnId,
        transport: Arc<dyn Transport>,
        security: Option<Arc<dyn Secure>>,
        server: ServerAddr,
    ) -> Self {
        let name = server.clone();
        Self {
            conn,
            polled: false,
            server,
            security,
            step: Step::Opening(Box::pin(async move { transport.dial(&name).await })),
        }
    }

    /// True until the first poll, before which nothing wakes the driver for it.
    pub(crate) fn is_new(&self) -> bool {
        !self.polled
    }

    /// To be polled again after [`Progress::Securing`].
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Progress, LinkFailure>> {
        self.polled = true;
        let (Step::Opening(step) | Step::Securing(step)) = &mut self.step;
        let stream = match std::task::ready!(step.as_mut().poll(cx)) {
            Ok(stream) => stream,
            Err(error) => return Poll::Ready(Err(failure(&error))),
        };
        let progress = match (&self.step, &self.security) {
            (Step::Opening(_), Some(security)) => {
                self.step = Step::Securing(security.secure(&self.server.host, stream));
                // Nothing wakes the driver for the new step yet.
                self.polled = false;
                Progress::Securing
            }
            _ => Progress::Done(stream),
        };
        Poll::Ready(Ok(progress))
    }
}

/// What the session core remembers about a broken link.
pub(crate) fn failure(error: &io::Error) -> LinkFailure {
    if is_about_security(error) {
        LinkFailure::of_tls(error.to_string())
    } else {
        LinkFailure::new(error.to_string())
    }
}
