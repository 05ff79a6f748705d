//! Going on: in the next session, and once there is room again.

use std::time::Duration;

use zk_client::{Client, Error, ErrorKind, State};

/// Why no session comes after the one of this generation: the kind of error that tells it, and in words. `None` if one will
/// come, or has.
pub(crate) fn last_end(client: &Client, generation: u64) -> Option<(ErrorKind, &'static str)> {
    let end = match client.state() {
        State::Expired { .. } => (ErrorKind::SessionExpired, "the session is over"),
        State::AuthFailed => (ErrorKind::AuthFailed, "a server refused the credentials"),
        State::Closed => (ErrorKind::Closed, "the client was closed"),
        _ => return None,
    };
    (client.generation() == generation).then_some(end)
}

/// Lets a caller whose request failed with the end of its session start over in the next one: `Ok` if there is or will be
/// one, the error otherwise. Any other error is handed back.
pub(crate) fn renewed(client: &Client, generation: u64, error: Error) -> Result<(), Error> {
    if error.kind() == ErrorKind::SessionExpired && last_end(client, generation).is_none() {
        return Ok(());
    }
    Err(error)
}

/// Lets a caller whose request had no room try again, after a pause: somebody else fills the queue, or the server is
/// overloaded. Any other error is handed back.
pub(crate) async fn crowded_out(error: Error) -> Result<(), Error> {
    if matches!(error.kind(), ErrorKind::QueueFull | ErrorKind::Throttled) {
        tokio::time::sleep(PAUSE).await;
        return Ok(());
    }
    Err(error)
}

/// Before the next attempt where there was no room for the last one.
const PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_had_no_room_is_worth_another_attempt_after_a_pause_and_nothing_else_is() {
        for kind in [ErrorKind::QueueFull, ErrorKind::Throttled] {
            let start = tokio::time::Instant::now();
            crowded_out(Error::new(kind, "")).await.unwrap();
            assert_eq!(start.elapsed(), PAUSE);
        }
        for kind in [
            ErrorKind::ConnectionLost,
            ErrorKind::NoAuth,
            ErrorKind::Closed,
        ] {
            let error = crowded_out(Error::new(kind, "")).await.unwrap_err();
            assert_eq!(error.kind(), kind);
        }
    }
}
