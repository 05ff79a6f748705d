//! Asking who one is for the server.

use zk_wire::{ClientInfo, Request, Response};

use crate::error::OpKind;
use crate::ops::plan::operation;
use crate::pending::{Answer, Plan, Refusal};
use crate::shared::scope::Scope;

/// Lists the identities of this connection, which ACLs are checked against (servers from 3.7). Made by
/// [`Client::whoami`](crate::Client::whoami).
///
/// Every connection has one of the scheme `ip`. Secrets are not among them.
///
/// # Errors
///
/// `Unimplemented` before 3.7, which then closes the connection; what every operation can meet.
///
/// # Cancel safety
///
/// Inert.
///
/// # Ordering
///
/// Queued at first poll, or when submitted.
///
/// # On session events
///
/// Waits through a suspension and is asked again if its answer was lost; fails at expiry.
#[derive(Debug)]
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct WhoAmI {
    scope: Scope,
}

impl WhoAmI {
    pub(crate) fn new(scope: Scope) -> Self {
        Self { scope }
    }

    fn plan(self) -> (Scope, Plan<Vec<ClientInfo>>) {
        let request = Ok(Request::WhoAmI);
        let plan = Plan::read(OpKind::WhoAmI, "/".to_owned(), request, identities);
        (self.scope, plan)
    }
}

operation!(WhoAmI => Vec<ClientInfo>);

fn identities(mut answer: Answer<'_>) -> Result<Vec<ClientInfo>, Refusal> {
    match answer.response()? {
        Response::WhoAmI(identities) => Ok(identities),
        _ => Err(Refusal::unexpected()),
    }
}
