//! What tower's balancers want to know of services that come and go.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tower::discover::Change;

use super::instance::Instance;
use super::view::{ServiceChange, ServiceChanges, ServiceView};

/// The instances of a [view](ServiceView) that want to be called, as `tower::discover::Discover`: each a service that is made
/// of it, under its id. Made by [`ServiceView::discover`].
///
/// An instance that says something else of itself is a new service under the same id; one that is drained goes. Nothing goes
/// while the view is stale. When the view's driver has ended, the stream ends.
#[must_use = "streams do nothing unless polled"]
pub struct Discover<M> {
    next: Pin<Box<dyn Future<Output = (ServiceChanges, Option<ServiceChange>)> + Send>>,
    make: M,
    /// Those that were told and not taken back.
    told: BTreeSet<String>,
    ended: bool,
}

impl ServiceView {
    /// Makes a service of each instance, for a balancer. An instance of which `make` makes none is left out.
    pub fn discover<S, M: FnMut(&Instance) -> Option<S>>(&self, make: M) -> Discover<M> {
        Discover {
            next: next(self.changes()),
            make,
            told: BTreeSet::new(),
            ended: false,
        }
    }
}

fn next(
    mut changes: ServiceChanges,
) -> Pin<Box<dyn Future<Output = (ServiceChanges, Option<ServiceChange>)> + Send>> {
    Box::pin(async move {
        let change = changes.next().await;
        (changes, change)
    })
}

impl<S, M: FnMut(&Instance) -> Option<S> + Unpin> Stream for Discover<M> {
    type Item = Result<Change<String, S>, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while !self.ended {
            let (changes, change) = ready!(self.next.as_mut().poll(cx));
            self.next = next(changes);
            let (id, service) = match change {
                None => {
                    self.ended = true;
                    break;
                }
                Some(ServiceChange::Added(one) | ServiceChange::Changed(one)) => {
                    let service = if one.enabled { (self.make)(&one) } else { None };
                    (one.id.clone(), service)
                }
                Some(ServiceChange::Removed(id)) => (id, None),
                Some(ServiceChange::Stale | ServiceChange::Fresh) => continue,
            };
            if let Some(service) = service {
                self.told.insert(id.clone());
                return Poll::Ready(Some(Ok(Change::Insert(id, service))));
            }
            if self.told.remove(&id) {
                return Poll::Ready(Some(Ok(Change::Remove(id))));
            }
        }
        Poll::Ready(None)
    }
}

impl<M> fmt::Debug for Discover<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Discover")
            .field("told", &self.told)
            .finish_non_exhaustive()
    }
}
