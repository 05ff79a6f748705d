//! Work that goes on until somebody ends it.

use rustix::process::Signal;
use zk_recipes::Client;

use crate::connect::{Connection, SESSION_TIMEOUT};
use crate::exit::{Failure, code};
use crate::signals::Signals;

/// Connects, runs `work` until it ends or a signal comes, and closes the session. Ctrl-C is how such work ends: a success.
pub(crate) async fn told<F>(
    connection: &Connection,
    work: impl FnOnce(Client) -> F,
) -> Result<u8, Failure>
where
    F: Future<Output = Result<u8, Failure>>,
{
    let mut signals = Signals::new()?;
    let client = tokio::select! {
        client = connection.connect(SESSION_TIMEOUT) => client?,
        signal = signals.next() => return Ok(ended_by(signal)),
    };
    let result = tokio::select! {
        result = work(client.clone()) => result,
        signal = signals.next() => Ok(ended_by(signal)),
    };
    tokio::select! {
        closed = client.close() => closed?,
        // Whoever asks again does not want to wait for servers that do not answer.
        _ = signals.next() => {}
    }
    result
}

fn ended_by(signal: Signal) -> u8 {
    match signal {
        Signal::INT => code::OK,
        signal => code::of_signal(signal.as_raw()),
    }
}
