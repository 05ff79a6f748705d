//! Signals that ask `zkctl` to end.

use std::fs;
use std::io;

use rustix::process::Signal;
use tokio::signal::unix::{self, SignalKind, signal};

use crate::exit::{Failure, code};

/// SIGINT, SIGTERM and SIGHUP, from when this was made. None of them ends the process any more.
pub(crate) struct Signals {
    interrupt: Option<unix::Signal>,
    terminate: Option<unix::Signal>,
    hang_up: Option<unix::Signal>,
}

impl Signals {
    /// Listens, except for signals that whoever started the process had it ignore (`nohup`, `&` in a script).
    pub(crate) fn new() -> Result<Self, Failure> {
        let ignored = ignored();
        let listen = |which: Signal| -> io::Result<Option<unix::Signal>> {
            if ignored >> (which.as_raw() - 1) & 1 == 1 {
                return Ok(None);
            }
            signal(SignalKind::from_raw(which.as_raw())).map(Some)
        };
        let listen = |which| {
            listen(which).map_err(|e| {
                Failure::new(code::INTERNAL, format!("cannot listen for signals: {e}"))
            })
        };
        Ok(Self {
            interrupt: listen(Signal::INT)?,
            terminate: listen(Signal::TERM)?,
            hang_up: listen(Signal::HUP)?,
        })
    }

    /// Waits for the next signal. Dropped, it loses none.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            () = receive(&mut self.terminate) => Signal::TERM,
            () = receive(&mut self.interrupt) => Signal::INT,
            () = receive(&mut self.hang_up) => Signal::HUP,
        }
    }
}

/// Waits for one; for ever, if there is nothing to wait for.
pub(crate) async fn receive(signal: &mut Option<unix::Signal>) {
    let received = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if received.is_none() {
        std::future::pending().await
    }
}

/// The set of ignored signals, bit n−1 for signal n; empty where `/proc` does not tell.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok())
        .unwrap_or(0)
}
