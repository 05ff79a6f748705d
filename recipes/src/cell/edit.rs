//! The optimistic loop: read, decide, write what was read under the condition that it is still there.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Mutex as LocalMutex;
use zk_client::{Acl, Client, Error, ErrorKind, OpKind, Stat, Zxid};

use super::home::Home;
use super::mark::Mark;
use super::pause::pause;
use super::write::{Expected, Writer, Written, validated};
use crate::Mutex;
use crate::renewal::renewed;

/// One node that is read and replaced. Clones share its mark and what is known of it.
#[derive(Clone)]
pub(crate) struct Cell {
    client: Client,
    path: String,
    acl: Vec<Acl>,
    marked: bool,
    attempts: u32,
    promotion: Option<Promotion>,
    state: Arc<LocalMutex<State>>,
}

/// The lock to take when others keep being faster.
#[derive(Debug, Clone)]
pub(crate) struct Promotion {
    pub(crate) mutex: Mutex,
    pub(crate) limit: Duration,
}

/// What was found in the cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) data: Bytes,
    pub(crate) stat: Stat,
}

/// How an edit ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edited {
    /// What was there.
    pub(crate) before: Option<Bytes>,
    /// What was written; `None` if it was left as it was.
    pub(crate) written: Option<Bytes>,
    /// The node's metadata after the write, as far as the answer told it.
    pub(crate) stat: Option<Stat>,
    /// How many attempts it took, those under a lock among them.
    pub(crate) attempts: u32,
}

#[derive(Default)]
struct State {
    mark: Option<Mark>,
    /// What this cell wrote last, unless it may have changed since for all that is known here.
    known: Option<Found>,
    /// Others write too: reading first is cheaper than losing a race for it.
    crowded: bool,
}

impl Cell {
    pub(crate) fn new(client: &Client, path: &str, what: &str) -> Result<Self, Error> {
        Ok(Self {
            client: client.terse(),
            path: validated(path, what)?,
            acl: vec![Acl::open()],
            marked: true,
            attempts: ATTEMPTS,
            promotion: None,
            state: Arc::default(),
        })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn set_acl(&mut self, acl: Vec<Acl>) {
        self.acl = acl;
    }

    pub(crate) fn set_attempts(&mut self, attempts: u32) {
        self.attempts = attempts.max(1);
    }

    pub(crate) fn set_promotion(&mut self, promotion: Promotion) {
        self.promotion = Some(promotion);
    }

    pub(crate) fn set_unmarked(&mut self) {
        self.marked = false;
    }

    /// Reads what is there now.
    pub(crate) async fn read(&self) -> Result<Option<Found>, Error> {
        loop {
            let generation = self.client.generation();
            match self.client.get(&self.path).await {
                Ok(node) => {
                    let (data, stat) = (node.data, node.stat);
                    return Ok(Some(Found { data, stat }));
                }
                Err(error) if error.kind() == ErrorKind::NoNode => return Ok(None),
                Err(error) => match renewed(&self.client, generation, error) {
                    Ok(()) => {}
                    Err(error) => return Err(self.client.explain(error).await),
                },
            }
        }
    }

    /// Replaces what is there by what `step` makes of it, until no other write came between; `None` from it leaves
    /// everything as it is.
    ///
    /// What `step` refuses or leaves was read after the call began.
    pub(crate) async fn edit<F>(&self, mut step: F) -> Result<Edited, Error>
    where
        F: FnMut(Option<&Bytes>) -> Result<Option<Bytes>, Error>,
    {
        if let Some(edited) = self.edit_in(self.attempts, &mut step).await? {
            return Ok(edited);
        }
        let Some(Promotion { mutex, limit }) = &self.promotion else {
            return Err(self.contended());
        };
        let guard = mutex.acquire().timeout(*limit).await?;
        let edited = self.edit_in(self.attempts, &mut step).await?;
        // Dropped, it is released in the background: nobody has to wait for that.
        drop(guard);
        let mut edited = edited.ok_or_else(|| self.contended())?;
        edited.attempts += self.attempts;
        Ok(edited)
    }

    /// As [`edit`](Self::edit), with so many attempts and no lock; `None` if others were faster each time.
    pub(crate) async fn edit_in<F>(
        &self,
        attempts: u32,
        mut step: F,
    ) -> Result<Option<Edited>, Error>
    where
        F: FnMut(Option<&Bytes>) -> Result<Option<Bytes>, Error>,
    {
        let mut state = self.state.lock().await;
        for lost in 0..attempts {
            if lost > 0 {
                pause(&self.client, lost).await?;
            }
            if let Some(mut edited) = self.attempt(&mut state, &mut step).await? {
                edited.attempts = lost + 1;
                return Ok(Some(edited));
            }
        }
        Ok(None)
    }

    /// Replaces what is there, whatever it is, and creates what is missing.
    pub(crate) async fn put(&self, data: Bytes) -> Result<Option<Stat>, Error> {
        let mut state = self.state.lock().await;
        let marked = state.mark.as_ref();
        let makes_mark = self.marked && !marked.is_some_and(|mark| mark.is_current(&self.client));
        let mut seen = None;
        if makes_mark {
            let home = Home::look(&self.client, &self.path).await;
            seen = match home {
                Ok(home) => Some(home),
                Err(error) => return Err(self.client.explain(error).await),
            };
        }
        let mut expected = match seen {
            Some(Home::Missing) => Expected::Missing,
            _ => Expected::Any,
        };
        loop {
            state.known = None;
            match self.write(&mut state, expected, seen.take(), &data).await? {
                Written::Yes(stat) => {
                    state.known = stat.map(|stat| Found { data, stat });
                    return Ok(stat);
                }
                Written::Raced if expected == Expected::Any => expected = Expected::Missing,
                Written::Raced => expected = Expected::Any,
            }
        }
    }

    /// Replaces what is there if it is this version of the node created at `czxid`; false if it is not.
    pub(crate) async fn replace(
        &self,
        version: i32,
        czxid: Zxid,
        data: Bytes,
    ) -> Result<bool, Error> {
        let mut state = self.state.lock().await;
        state.known = None;
        let expected = Expected::At { version, czxid };
        let written = self.write(&mut state, expected, None, &data).await?;
        Ok(matches!(written, Written::Yes(_)))
    }

    async fn attempt<F>(&self, state: &mut State, step: &mut F) -> Result<Option<Edited>, Error>
    where
        F: FnMut(Option<&Bytes>) -> Result<Option<Bytes>, Error>,
    {
        let known = state.known.take();
        // While our mark is below it, the node was not deleted and made again, so that its version means what it meant.
        let marked = state.mark.as_ref();
        let same_node = marked.is_some_and(|mark| mark.is_current(&self.client));
        let trusted = known.clone().filter(|_| same_node && !state.crowded);
        // A verdict on what was known from before would be about the past.
        let from_memory = trusted.and_then(|found| match step(Some(&found.data)) {
            Ok(Some(new)) => Some((found, new)),
            _ => None,
        });
        let by_memory = from_memory.is_some();
        let (found, new) = match from_memory {
            Some((found, new)) => (Some(found), new),
            None => {
                let found = self.read().await?;
                let version = |found: &Found| (found.stat.czxid, found.stat.version);
                if known.is_some() && known.as_ref().map(version) == found.as_ref().map(version) {
                    state.crowded = false;
                }
                match step(found.as_ref().map(|found| &found.data))? {
                    Some(new) => (found, new),
                    None => {
                        let before = found.as_ref().map(|found| found.data.clone());
                        state.known = found;
                        return Ok(Some(Edited {
                            before,
                            written: None,
                            stat: None,
                            attempts: 1,
                        }));
                    }
                }
            }
        };
        let expected = found
            .as_ref()
            .map_or(Expected::Missing, |found| Expected::At {
                version: found.stat.version,
                czxid: found.stat.czxid,
            });
        let seen = Home::of(found.as_ref().map(|found| &found.stat));
        match self.write(state, expected, Some(seen), &new).await? {
            Written::Raced => {
                state.crowded |= by_memory;
                Ok(None)
            }
            Written::Yes(stat) => {
                state.known = stat.map(|stat| Found {
                    data: new.clone(),
                    stat,
                });
                Ok(Some(Edited {
                    before: found.map(|found| found.data),
                    written: Some(new),
                    stat,
                    attempts: 1,
                }))
            }
        }
    }

    async fn write(
        &self,
        state: &mut State,
        expected: Expected,
        seen: Option<Home>,
        data: &Bytes,
    ) -> Result<Written, Error> {
        let writer = Writer {
            client: &self.client,
            path: &self.path,
            acl: &self.acl,
            marked: self.marked,
        };
        writer.write(&mut state.mark, expected, seen, data).await
    }

    fn contended(&self) -> Error {
        let text = format!(
            "cannot write {}: others were faster {} times in a row",
            self.path, self.attempts
        );
        Error::new(ErrorKind::Contended, text)
            .with_op(OpKind::Set, &self.path)
            .with_hint("nothing was written; allow more attempts, or let .promote() take a lock")
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell")
            .field("path", &self.path)
            .field("marked", &self.marked)
            .finish_non_exhaustive()
    }
}

/// How often an edit is attempted. Each attempt that fails is a success of somebody else.
const ATTEMPTS: u32 = 64;
