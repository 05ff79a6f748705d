//! Freezes tasks, as a stopped process or a starved runtime does.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Open, or closed: then everything behind it stands still while time goes on.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Reasons to be closed that are in force; they may overlap.
    closed: usize,
    waiting: Vec<Waker>,
}

impl Gate {
    /// Closes, once more.
    pub fn close(&self) {
        self.lock().closed += 1;
    }

    /// Takes one reason to be closed away.
    pub fn open(&self) {
        let mut state = self.lock();
        state.closed = state.closed.saturating_sub(1);
        if state.closed == 0 {
            let waiting = std::mem::take(&mut state.waiting);
            drop(state);
            waiting.into_iter().for_each(Waker::wake);
        }
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.lock().closed > 0
    }

    /// Whether the task has to wait; it is woken when the gate opens.
    fn holds_back(&self, cx: &Context<'_>) -> bool {
        let mut state = self.lock();
        let closed = state.closed > 0;
        if closed
            && !state
                .waiting
                .iter()
                .any(|waker| waker.will_wake(cx.waker()))
        {
            state.waiting.push(cx.waker().clone());
        }
        closed
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task behind a gate.
#[derive(Debug)]
pub struct Gated<F> {
    gate: Gate,
    task: F,
}

impl<F> Gated<F> {
    /// `task` behind `gate`.
    pub const fn new(gate: Gate, task: F) -> Self {
        Self { gate, task }
    }
}

impl<F: Future + Unpin> Future for Gated<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if self.gate.holds_back(cx) {
            return Poll::Pending;
        }
        Pin::new(&mut self.task).poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_closed_gate_holds_a_task_until_every_reason_is_gone() {
        let gate = Gate::default();
        gate.close();
        gate.close();
        let start = tokio::time::Instant::now();
        let task = Gated::new(gate.clone(), Box::pin(async move { start.elapsed() }));
        let task = tokio::spawn(task);
        tokio::time::sleep(Duration::from_secs(1)).await;
        gate.open();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!task.is_finished());
        gate.open();
        assert_eq!(task.await.unwrap(), Duration::from_secs(2));
    }
}
