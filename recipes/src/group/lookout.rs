//! Looks again whenever something below a node changed, and tells when nobody would tell.

use std::future::{Future, ready};

use zk_client::{AddWatchMode, Client, Error, ErrorKind, State, StateStream, Watch, WatchEvent};

use crate::renewal::renewed;

/// One persistent watch, and whether what was seen last may be outdated.
#[derive(Debug)]
pub(crate) struct Lookout {
    client: Client,
    path: String,
    mode: AddWatchMode,
    watch: Option<Watch>,
    /// `None` when the client tells no more.
    states: Option<StateStream>,
    is_due: bool,
    /// Whether what was told last is the truth as far as anybody knows.
    is_fresh: bool,
}

/// What there is to tell.
#[derive(Debug)]
pub(crate) enum Sight<T> {
    /// What the last look found.
    Fresh(T),
    /// From now on nobody tells what changes.
    Stale,
}

impl Lookout {
    /// For changes of a node's children, or with [`AddWatchMode::PersistentRecursive`] of what is in them as well.
    pub(crate) fn new(client: &Client, path: &str, mode: AddWatchMode) -> Self {
        Self {
            client: client.clone(),
            path: path.to_owned(),
            mode,
            watch: None,
            states: Some(client.watch_state()),
            is_due: true,
            is_fresh: false,
        }
    }

    /// Waits until there is something to tell. A call that is dropped loses nothing.
    pub(crate) async fn next<T, F>(&mut self, look: impl Fn() -> F) -> Result<Sight<T>, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        loop {
            let generation = self.client.generation();
            let changed = async {
                match &mut self.states {
                    Some(states) => states.changed().await,
                    None => std::future::pending().await,
                }
            };
            let seen = tokio::select! {
                biased;
                state = changed => {
                    if state.is_none() {
                        self.states = None;
                    }
                    let is_cut = state.is_some_and(|state| !matches!(state, State::Connected { .. }));
                    if is_cut && self.is_fresh {
                        self.is_fresh = false;
                        return Ok(Sight::Stale);
                    }
                    continue;
                }
                seen = see(&self.client, &self.path, self.mode, &mut self.watch, &mut self.is_due, &look) => seen,
            };
            match seen {
                Ok(seen) => {
                    self.is_fresh = true;
                    return Ok(Sight::Fresh(seen));
                }
                Err(error) => {
                    self.is_due = true;
                    if error.kind() == ErrorKind::ConnectionLost {
                        continue;
                    }
                    self.watch = None;
                    if let Err(error) = renewed(&self.client, generation, error) {
                        return Err(self.client.explain(error).await);
                    }
                }
            }
        }
    }
}

/// Waits until a look is due, and looks. Changes during the look make the next one due.
async fn see<T, F>(
    client: &Client,
    at: &str,
    mode: AddWatchMode,
    watch: &mut Option<Watch>,
    is_due: &mut bool,
    look: &impl Fn() -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    loop {
        let watching = match watch {
            Some(watching) => watching,
            None => {
                *is_due = true;
                watch.insert(client.watch(at, mode).await?)
            }
        };
        if *is_due {
            let seen = look().await?;
            *is_due = false;
            return Ok(seen);
        }
        let mut is_over = matches!(
            watching.next().await,
            None | Some(WatchEvent::Ended(_) | WatchEvent::Removed)
        );
        *is_due = true;
        // One look for all that is known to have happened.
        while !is_over {
            tokio::select! {
                biased;
                event = watching.next() => {
                    is_over = matches!(event, None | Some(WatchEvent::Ended(_) | WatchEvent::Removed));
                }
                () = ready(()) => break,
            }
        }
        if is_over {
            *watch = None;
        }
    }
}
