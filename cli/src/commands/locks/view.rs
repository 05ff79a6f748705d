//! `zkctl locks --watch`: a lock as it changes.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use serde_json::json;
use tokio::time::{sleep, timeout};
use zk_recipes::{Client, Contender, Error, ErrorKind, Mutex, State, StateStream, Watch};

use super::picture::{check_chroot, list, show};
use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::output;
use crate::until;

pub(super) async fn run(path: &str, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let view = View {
        path,
        redraws: !json && io::stdout().is_terminal(),
    };
    until::told(
        connection,
        |client| async move { view.follow(&client).await },
    )
    .await
}

struct View<'a> {
    path: &'a str,
    /// Draws on a terminal; prints a line per change elsewhere.
    redraws: bool,
}

impl View<'_> {
    async fn follow(&self, client: &Client) -> Result<u8, Failure> {
        check_chroot(client).await?;
        let mutex = Mutex::new(client, self.path)?;
        let mut states = client.watch_state();
        // The one that is known: connected.
        states.changed().await;
        let mut last: Option<Vec<Contender>> = None;
        loop {
            // Listens first, so that nothing changes unseen between the list and the wait.
            let seen = async {
                let watch = changes(client, self.path).await?;
                Ok((watch, mutex.contenders().await?))
            };
            tokio::pin!(seen);
            // Without a connection the answer may take its time, which is news as well.
            let seen = loop {
                tokio::select! {
                    biased;
                    seen = &mut seen => break seen,
                    result = self.state(&mut states) => if result? {
                        self.note(last.as_deref(), client)?;
                    },
                }
            };
            let (mut watch, contenders) = match seen {
                Ok(seen) => seen,
                Err(error) if passes(&error) => {
                    // At its next news or soon.
                    if let Ok(told) = timeout(SECOND, self.state(&mut states)).await {
                        told?;
                    }
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if self.redraws || last.as_ref() != Some(&contenders) {
                self.contenders(&contenders, "")?;
            }
            loop {
                tokio::select! {
                    _ = watch.next() => break,
                    result = self.state(&mut states) => {
                        if result? {
                            self.note(Some(&contenders), client)?;
                        }
                    }
                    // The ages grow.
                    () = sleep(SECOND), if self.redraws && client.state().is_connected() => {
                        self.contenders(&contenders, "")?;
                    }
                }
            }
            last = Some(contenders);
        }
    }

    /// Shows the state of the session above what was seen last.
    fn note(&self, contenders: Option<&[Contender]>, client: &Client) -> Result<(), Failure> {
        match contenders.filter(|_| self.redraws) {
            Some(contenders) => self.contenders(contenders, &format!(" ({})", client.state())),
            None => Ok(()),
        }
    }

    fn contenders(&self, contenders: &[Contender], note: &str) -> Result<(), Failure> {
        if self.redraws {
            let text = show(self.path, contenders);
            output::text(&format!(
                "{CLEAR}{}{note}, Ctrl-C ends\n\n{text}",
                self.path
            ))?;
        } else {
            output::json(&list(self.path, contenders))?;
        }
        Ok(())
    }

    /// Waits for the session's next state and tells it; false if it is nothing to tell.
    async fn state(&self, states: &mut StateStream) -> Result<bool, Failure> {
        let event = match states.changed().await {
            Some(State::Connected { .. }) => "connected",
            Some(State::Suspended { .. }) => "suspended",
            Some(State::Expired { .. }) => "expired",
            Some(State::AuthFailed | State::Closed) | None => {
                return Err(Failure::new(
                    code::NO_PERMISSION,
                    "a server refused the credentials when the connection was made again",
                ));
            }
            Some(_) => return Ok(false),
        };
        if !self.redraws {
            output::json(&json!({ "path": self.path, "event": event }))?;
        }
        Ok(true)
    }
}

/// A watch that fires when the list of contenders may have changed.
async fn changes(client: &Client, path: &str) -> Result<Watch, Error> {
    let terse = client.terse();
    loop {
        match terse.children(path).watch().await {
            Ok((_, watch)) => return Ok(watch),
            Err(error) if error.kind() == ErrorKind::NoNode => {}
            Err(error) => return Err(client.explain(error).await),
        }
        let (stat, watch) = terse.exists(path).watch().await?;
        if stat.is_none() {
            return Ok(watch);
        }
    }
}

/// Whether the next session or connection will do better.
fn passes(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::SessionExpired | ErrorKind::ConnectionLost | ErrorKind::TimedOut
    )
}

/// Home, and everything below and behind is blank.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J";

const SECOND: Duration = Duration::from_secs(1);
