//! Leaving a session to another process.

use zk_session::SessionTicket;

use crate::client::Client;
use crate::error::{Error, ErrorKind, OpKind};
use crate::state::State;

impl Client {
    /// Ends this client but not its session, and returns what another process needs to
    /// [resume](crate::ClientBuilder::resume) it within the session timeout: ephemeral nodes stay, watches go.
    ///
    /// What is queued, and what was promised to be cleaned up, is done first, within the grace period of a
    /// [close](Self::close). Guards of this process count as lost; their nodes stay with the session.
    ///
    /// # Errors
    ///
    /// `Closed` if there is no session to leave, or something could not be cleaned up in time; the session is left to
    /// expire then. `SessionExpired` if it expired.
    ///
    /// # Cancel safety
    ///
    /// Resumable: once it was polled it goes on in the background, and the next call returns the ticket. If nobody takes
    /// it, the session expires.
    ///
    /// # Ordering
    ///
    /// Comes behind everything that was queued before. Later requests fail with `Closed`.
    ///
    /// # On session events
    ///
    /// While suspended it waits for a connection if anything is queued, for at most the grace period.
    pub async fn detach(&self) -> Result<SessionTicket, Error> {
        let shared = self.scope().shared();
        let mut states = shared.state.subscribe();
        shared.with(|inner, now| inner.core.detach(now));
        let over = |state: State| {
            matches!(
                state,
                State::Closed | State::AuthFailed | State::Expired { .. }
            )
        };
        let state = states.wait_for(over).await;
        if let Some(ticket) = shared.lock().core.detached() {
            return Ok(ticket.clone());
        }
        let (kind, why) = match state {
            Some(State::Expired { .. }) => (ErrorKind::SessionExpired, "it has expired"),
            Some(State::AuthFailed) => (ErrorKind::AuthFailed, "its credentials were refused"),
            _ => (
                ErrorKind::Closed,
                "it was closed, no writable server has made it yet, or something was still to be cleaned up at the end of \
                 the grace period",
            ),
        };
        let text = format!("cannot leave the session to another process: {why}");
        Err(Error::new(kind, text).with_op(OpKind::Close, "/"))
    }
}
