//! The latest value of something, told to all who follow it in the order in which they came to wait.
//!
//! Tokio's `watch` wakes those who wait in an order that it draws for each runtime. Of two tasks of one client that
//! both wait for its end either might be first then, and a simulated run would not be the same a second time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

#[derive(Debug)]
struct Told<T> {
    value: T,
    /// How often a value was told.
    times: u64,
    /// Nothing will be told any more.
    over: bool,
}

#[derive(Debug)]
struct Board<T> {
    told: Mutex<Told<T>>,
    changed: Notify,
}

impl<T> Board<T> {
    /// Locks what is told, which is whole between any two statements.
    fn lock(&self) -> MutexGuard<'_, Told<T>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells values; the last one stays told when it is dropped.
#[derive(Debug)]
pub(crate) struct Sender<T>(Arc<Board<T>>);

impl<T: Copy> Sender<T> {
    pub(crate) fn new(value: T) -> Self {
        let told = Told {
            value,
            times: 0,
            over: false,
        };
        Self(Arc::new(Board {
            told: Mutex::new(told),
            changed: Notify::new(),
        }))
    }

    pub(crate) fn current(&self) -> T {
        self.0.lock().value
    }

    pub(crate) fn send(&self, value: T) {
        let mut told = self.0.lock();
        told.value = value;
        told.times += 1;
        drop(told);
        self.0.changed.notify_waiters();
    }

    /// Who follows from now on: the value now counts as known.
    pub(crate) fn subscribe(&self) -> Receiver<T> {
        let known = self.0.lock().times;
        Receiver {
            board: Arc::clone(&self.0),
            known: Some(known),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.lock().over = true;
        self.0.changed.notify_waiters();
    }
}

/// Follows the values.
#[derive(Debug, Clone)]
pub(crate) struct Receiver<T> {
    board: Arc<Board<T>>,
    /// How often a value was told when it was last taken from here; `None` if none was.
    known: Option<u64>,
}

impl<T: Copy> Receiver<T> {
    pub(crate) fn current(&self) -> T {
        self.board.lock().value
    }

    /// Takes the value now for one that is not known yet.
    pub(crate) fn forget(&mut self) {
        self.known = None;
    }

    /// The value now, which is known from here on.
    pub(crate) fn take(&mut self) -> T {
        let told = self.board.lock();
        self.known = Some(told.times);
        told.value
    }

    /// Waits until there is a value that is not known, and takes it; `None` if there never will be. A dropped call has
    /// taken nothing.
    pub(crate) async fn changed(&mut self) -> Option<T> {
        loop {
            // Made before the look: whatever is told after it wakes it.
            let changed = self.board.changed.notified();
            {
                let told = self.board.lock();
                if self.known != Some(told.times) {
                    self.known = Some(told.times);
                    return Some(told.value);
                }
                if told.over {
                    return None;
                }
            }
            changed.await;
        }
    }

    /// Waits for such a value, which may be the one now; `None` if there never will be.
    pub(crate) async fn wait_for(&mut self, is_it: impl Fn(T) -> bool) -> Option<T> {
        self.forget();
        loop {
            let value = self.changed().await?;
            if is_it(value) {
                return Some(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn those_who_wait_are_woken_in_the_order_in_which_they_came() {
        let sender = Sender::new(0);
        let (woken, order) = mpsc::channel();
        for number in 0..40 {
            let mut receiver = sender.subscribe();
            let woken = woken.clone();
            tokio::spawn(async move {
                receiver.changed().await;
                woken.send(number).unwrap();
            });
            yield_now().await;
        }
        sender.send(1);
        for _ in 0..3 {
            yield_now().await;
        }
        let order: Vec<u32> = order.try_iter().collect();
        assert_eq!(order, (0..40).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_value_is_taken_once_and_the_last_one_also_after_the_end() {
        let sender = Sender::new(0);
        let mut follower = sender.subscribe();
        let mut late = follower.clone();
        sender.send(1);
        assert_eq!(follower.changed().await, Some(1));
        sender.send(2);
        drop(sender);
        assert_eq!(follower.changed().await, Some(2));
        assert_eq!(follower.changed().await, None);
        assert_eq!(late.changed().await, Some(2), "1 and 2 are one change");
        assert_eq!(late.wait_for(|value| value == 1).await, None);
        assert_eq!(late.wait_for(|value| value == 2).await, Some(2));
        assert_eq!(late.current(), 2);
    }

    #[tokio::test]
    async fn a_wait_that_is_dropped_takes_nothing() {
        let sender = Sender::new(0);
        let mut follower = sender.subscribe();
        tokio::select! {
            biased;
            told = follower.changed() => panic!("nothing was told, and {told:?} heard"),
            () = yield_now() => {}
        }
        sender.send(1);
        assert_eq!(follower.changed().await, Some(1));
        follower.forget();
        assert_eq!(follower.take(), 1);
    }
}
