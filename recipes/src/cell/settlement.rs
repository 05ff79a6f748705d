//! Finding out what became of a write whose answer was lost.

use zk_client::{Acl, Client, CreateMode, Error, ErrorKind, Fate, OpKind, Stat};

use super::home::{Home, make_home};
use super::mark::Mark;
use super::settle::{Verdict, by_mark};
use crate::decided::decided;

/// A write, as its errors tell of it.
pub(crate) struct Settlement<'a> {
    pub(crate) client: &'a Client,
    pub(crate) op: OpKind,
    pub(crate) path: &'a str,
    /// What is not known, such as `/a was written`.
    pub(crate) what: String,
    /// The ACL of marks.
    pub(crate) acl: &'a [Acl],
    /// Whether the node that marks stand below is made where it is missing, as it is not if it is what was to be written.
    pub(crate) makes_home: bool,
}

/// Whether the servers will make the write no more, if they have not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outdone {
    Yes,
    /// There is no node for the mark to stand below: for all that can be done, nothing that was sent is under way behind a barrier.
    NoHome,
}

impl Settlement<'_> {
    /// Whether the write that was to leave its number in `mark` took place, and the mark's metadata as they are now, if it is
    /// there. `generation` is that of the session that sent it.
    ///
    /// The mark is made, or written at the version that the write was bound to: if that succeeds the write can take place no
    /// more. A barrier alone would not show that. Where a handshake was given up on the way to another server, the server that
    /// takes it up late has the session moved to itself, and with it what it holds of older connections.
    pub(crate) async fn by_mark(
        &self,
        mark: &mut Mark,
        generation: u64,
    ) -> Result<(Verdict, Option<Stat>), Error> {
        let outdone = match mark.made {
            #[cfg(feature = "__seeded-bugs")]
            _ if zk_client::seeded::is_on("settled-by-a-barrier-alone") => Outdone::NoHome,
            true => self.written(mark).await?,
            false => self.made(mark, generation).await?,
        };
        mark.open = outdone == Outdone::NoHome;
        if mark.open {
            self.decided(generation).await?;
        }
        let found = match self.client.get(&mark.path).await {
            Ok(node) => Some(node),
            Err(error) if error.kind() == ErrorKind::NoNode => None,
            Err(error) => return Err(self.undecided(&error)),
        };
        // A mark that somebody deleted could be made again.
        let never_made = self.never_made(mark).await?;
        if self.client.generation() != generation {
            return Err(self.expired());
        }
        let number = found.as_ref().and_then(|node| Mark::number_in(&node.data));
        let is_ours = number == Some(mark.number.wrapping_sub(1));
        let verdict = match number {
            Some(_) if is_ours && !mark.made && !never_made => Verdict::Unknown,
            _ => by_mark(number, mark.number, never_made),
        };
        if let Some(node) = &found {
            mark.seen(node.stat);
        }
        Ok((verdict, found.map(|node| node.stat)))
    }

    /// Writes the mark at the version that the write was bound to, so that one of both can take place.
    async fn written(&self, mark: &Mark) -> Result<Outdone, Error> {
        loop {
            let outdo = self.client.set(&mark.path, mark.data_before());
            match outdo.version(mark.version).await {
                Ok(_) => return Ok(Outdone::Yes),
                Err(error) => match error.kind() {
                    ErrorKind::ConnectionLost => {}
                    ErrorKind::BadVersion | ErrorKind::NoNode => return Ok(Outdone::Yes),
                    _ => return Err(self.undecided(&error)),
                },
            }
        }
    }

    /// Makes the mark in the place of the write, so that one of both can take place.
    async fn made(&self, mark: &Mark, generation: u64) -> Result<Outdone, Error> {
        loop {
            let multi = self.client.multi().in_generation(generation);
            let data = mark.data_before();
            let outdo = multi.create_with_acl(&mark.path, data, CreateMode::Ephemeral, self.acl);
            match outdo.await {
                Ok(_) => return Ok(Outdone::Yes),
                Err(error) => match error.kind() {
                    ErrorKind::ConnectionLost => {}
                    ErrorKind::NodeExists => return Ok(Outdone::Yes),
                    ErrorKind::NoNode if self.makes_home => {
                        let made = make_home(self.client, &mark.path, self.acl, error);
                        made.await.map_err(|error| self.undecided(&error))?;
                    }
                    ErrorKind::NoNode => return Ok(Outdone::NoHome),
                    _ => return Err(self.undecided(&error)),
                },
            }
        }
    }

    /// Whether a mark that is missing was not made: it was to be, and nothing was deleted beside it since.
    async fn never_made(&self, mark: &Mark) -> Result<bool, Error> {
        if mark.made {
            return Ok(false);
        }
        let now = Home::look(self.client, &mark.parent).await;
        let now = now.map_err(|error| self.undecided(&error))?;
        Ok(mark.before.kept_every_child_until(now))
    }

    /// Waits until nothing that this session sent before can still take place.
    pub(super) async fn decided(&self, generation: u64) -> Result<(), Error> {
        if let Err(error) = decided(self.client).await {
            return Err(self.undecided(&error));
        }
        // An answer to another session's barrier proves nothing about this one's writes.
        if self.client.generation() == generation {
            Ok(())
        } else {
            Err(self.expired())
        }
    }

    /// The outcome could not be found out: the original fate stands.
    pub(super) fn undecided(&self, why: &Error) -> Error {
        if why.kind() == ErrorKind::SessionExpired {
            return self.expired();
        }
        let text = format!(
            "cannot tell whether {}: the answer was lost, and then {why}",
            self.what
        );
        self.unknown(why.kind(), text).with_source(why.clone())
    }

    pub(super) fn expired(&self) -> Error {
        let text = format!(
            "cannot tell whether {}: the answer was lost, and the session expired before it was found out",
            self.what
        );
        self.unknown(ErrorKind::SessionExpired, text)
    }

    /// Its mark is missing, and nothing else tells.
    pub(crate) fn mark_deleted(&self) -> Error {
        self.unmarked("its mark is not there: somebody deleted it, or may have")
    }

    pub(super) fn unmarked(&self, why: &str) -> Error {
        let text = format!(
            "cannot tell whether {}: the answer was lost, and {why}",
            self.what
        );
        self.unknown(ErrorKind::ConnectionLost, text)
    }

    fn unknown(&self, kind: ErrorKind, text: String) -> Error {
        Error::new(kind, text)
            .with_fate(Fate::Unknown)
            .with_op(self.op, self.path)
            .with_origin(self.client.server(), self.client.session_id())
            .with_hint("read it: it was written once or not at all, and will not be any more")
    }
}
