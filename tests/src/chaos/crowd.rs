//! Who is still at it: last things are done when nobody writes any more, and when nobody watches.

use std::sync::Arc;

use tokio::sync::watch;

/// Counts those who are at something.
#[derive(Debug, Clone)]
pub(super) struct Crowd(Arc<watch::Sender<usize>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Present(Crowd);

impl Crowd {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    pub(super) fn enter(&self) -> Present {
        self.0.send_modify(|count| *count += 1);
        Present(self.clone())
    }
}

impl Present {
    /// Leaves, and waits until all others have.
    pub(super) async fn leave(self) {
        let mut count = self.0.0.subscribe();
        let crowd = self.0.clone();
        drop(self);
        let _ = count.wait_for(|count| *count == 0).await;
        drop(crowd);
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn whoever_leaves_waits_for_all_others() {
        let crowd = Crowd::new();
        let (one, other) = (crowd.enter(), crowd.enter());
        let mut leaves = pin!(one.leave());
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(leaves.as_mut().poll(&mut context), Poll::Pending);
        drop(other);
        assert_eq!(leaves.as_mut().poll(&mut context), Poll::Ready(()));
    }
}
