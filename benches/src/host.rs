//! A tokio runtime that keeps running between the rounds, so that sessions stay alive.

use std::future::Future;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::contender::Run;
use crate::outcome::Outcome;

/// One of tokio's two schedulers, each with its default settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    CurrentThread,
    MultiThread,
}

/// A runtime with a thread of its own that drives it.
pub(crate) struct Host {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    pub(crate) fn start(flavour: Flavour) -> Outcome<Self> {
        let mut builder = match flavour {
            Flavour::CurrentThread => Builder::new_current_thread(),
            Flavour::MultiThread => Builder::new_multi_thread(),
        };
        let runtime = builder.enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let _ = runtime.block_on(stopped);
        });
        Ok(Self {
            handle,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Runs a future as a task and waits for its result.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Outcome<T>> + Send + 'static,
    ) -> Outcome<T> {
        let (give, take) = mpsc::channel();
        self.handle.spawn(async move {
            let _ = give.send(work.await);
        });
        take.recv().map_err(|_| "the work panicked")?
    }

    /// Runs `callers` tasks that each count what they did until the time is up.
    pub(crate) fn run<F>(
        &self,
        callers: usize,
        time: Duration,
        mut caller: impl FnMut(Instant) -> F + Send + 'static,
    ) -> Outcome<Run>
    where
        F: Future<Output = Outcome<u64>> + Send + 'static,
    {
        self.wait(async move {
            let begun = Instant::now();
            let tasks: Vec<_> = (0..callers)
                .map(|_| tokio::spawn(caller(begun + time)))
                .collect();
            let mut operations = 0;
            for task in tasks {
                operations += task.await??;
            }
            Ok(Run {
                operations,
                elapsed: begun.elapsed(),
            })
        })
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
