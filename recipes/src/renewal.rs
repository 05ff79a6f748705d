//! Going on in the next session.

use zk_client::{Client, Error, ErrorKind, State};

/// Lets a caller whose request failed with the end of its session start over in the next one: `Ok` if there is or will be
/// one, the error otherwise. Any other error is handed back.
pub(crate) fn renewed(client: &Client, generation: u64, error: Error) -> Result<(), Error> {
    if error.kind() != ErrorKind::SessionExpired {
        return Err(error);
    }
    let over = matches!(
        client.state(),
        State::Expired { .. } | State::AuthFailed | State::Closed
    );
    if over && client.generation() == generation {
        return Err(error);
    }
    Ok(())
}
