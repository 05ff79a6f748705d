//! One write of a cell, settled: written, not written, or an error that says that it cannot be known.

use bytes::Bytes;
use zk_client::{Acl, Client, CreateMode, Error, ErrorKind, Fate, MultiResult, OpKind, Stat, Zxid};

use super::home::Home;
use super::mark::Mark;
use super::settle::{Seen, Verdict, by_node};
use super::settlement::Settlement;
use crate::contend::validate;
use crate::parents::make_parents;
use crate::renewal::renewed;

/// What the write is to replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// No node.
    Missing,
    /// This version of the data of the node created at this zxid.
    At { version: i32, czxid: Zxid },
    /// Whatever is there.
    Any,
}

/// How a write ended.
#[derive(Debug, Clone)]
pub(crate) enum Written {
    /// It took place. The node's metadata right after, if the answer to it arrived and had it.
    Yes(Option<Stat>),
    /// Something else is there than expected: nothing was written.
    Raced,
}

/// How one request for it ended.
enum Tried {
    Ended(Written),
    Again,
    NoParent(Error),
    /// An error that says all there is to say.
    Refused(Error),
}

/// Where and how to write.
pub(crate) struct Writer<'a> {
    pub(crate) client: &'a Client,
    pub(crate) path: &'a str,
    pub(crate) acl: &'a [Acl],
    /// False: without a mark; then some lost answers cannot be settled.
    pub(crate) marked: bool,
}

impl Writer<'_> {
    /// Writes `data` at most once. `seen`: what is known of the node, if anything; a write that makes its mark has to know,
    /// and looks otherwise.
    pub(crate) async fn write(
        &self,
        mark: &mut Option<Mark>,
        expected: Expected,
        mut seen: Option<Home>,
        data: &Bytes,
    ) -> Result<Written, Error> {
        if matches!(expected, Expected::At { version: -1, .. }) {
            return Err(self.unconditional());
        }
        // One of a write that was dropped before it was settled says nothing of this one.
        if mark.as_ref().is_some_and(|mark| mark.open) {
            *mark = None;
        }
        loop {
            let tried = if self.marked {
                self.with_mark(mark, expected, seen, data).await
            } else {
                self.alone(expected, data).await
            };
            let made = match tried {
                Ok(Tried::Ended(written)) => return Ok(written),
                Ok(Tried::Again) => {
                    seen = None;
                    Ok(())
                }
                Ok(Tried::NoParent(error)) => {
                    let container = CreateMode::Container;
                    make_parents(self.client, self.path, container, self.acl, error).await
                }
                Ok(Tried::Refused(error)) => return Err(error),
                Err(error) => Err(error),
            };
            if let Err(error) = made {
                return Err(self.client.explain(error).await);
            }
        }
    }

    async fn with_mark(
        &self,
        held: &mut Option<Mark>,
        expected: Expected,
        seen: Option<Home>,
        data: &Bytes,
    ) -> Result<Tried, Error> {
        // Taken out until the outcome is known; one that has to be made goes with this future, wherever it is dropped.
        let mut mark = match held.take() {
            Some(mark) if mark.is_current(self.client) => mark,
            Some(mark) if mark.open => return Err(self.settlement().expired()),
            _ => {
                let before = match seen {
                    Some(seen) => seen,
                    None => Home::look(self.client, self.path).await?,
                };
                Mark::new(self.client, self.path, before)?
            }
        };
        if !mark.open {
            mark.number += 1;
        }
        let generation = self.client.generation();
        let multi = self.client.multi();
        let multi = match expected {
            Expected::Missing => {
                let persistent = CreateMode::Persistent;
                multi.create_with_acl(self.path, data.clone(), persistent, self.acl)
            }
            Expected::At { version, .. } => multi.set(self.path, data.clone(), version),
            Expected::Any => multi.set(self.path, data.clone(), None),
        };
        let multi = if mark.made {
            multi.set(&mark.path, mark.data(), mark.version)
        } else {
            multi.create_with_acl(&mark.path, mark.data(), CreateMode::Ephemeral, self.acl)
        };
        let error = match multi.await {
            Ok(results) => {
                (mark.made, mark.open) = (true, false);
                if let Some(MultiResult::Set(stat)) = results.get(1) {
                    mark.seen(*stat);
                }
                *held = Some(mark);
                return Ok(Tried::Ended(Written::Yes(metadata(&results))));
            }
            Err(error) => error,
        };
        if error.fate() == Fate::NotApplied {
            let of_mark = error.operation() == Some(1);
            let mark_is_gone = of_mark && error.kind() == ErrorKind::NoNode;
            if mark.open {
                let settlement = self.settlement();
                match settlement.by_mark(&mut mark, generation).await?.0 {
                    Verdict::Applied => {
                        *held = Some(mark);
                        return Ok(Tried::Ended(Written::Yes(None)));
                    }
                    Verdict::NotApplied => {}
                    Verdict::Unknown => return Err(settlement.mark_deleted()),
                }
            } else if of_mark && error.kind() == ErrorKind::BadVersion {
                // Somebody wrote the mark: the next one is made anew.
                return Ok(Tried::Again);
            }
            if !mark.made && !mark.open {
                mark.absent();
            } else if !mark_is_gone {
                *held = Some(mark);
            }
            return match error.kind() {
                // Whoever took the mark may have taken the node and made it again, with the same version: read it.
                _ if mark_is_gone => Ok(Tried::Ended(Written::Raced)),
                ErrorKind::NoAuth | ErrorKind::NoChildrenForEphemerals if of_mark => {
                    Ok(Tried::Refused(self.unmarkable(error)))
                }
                _ => self.refused(error, expected, generation),
            };
        }
        // Another kind of error is the caller's; the mark goes on to count, and the next write shows whether it is there.
        if error.kind() != ErrorKind::ConnectionLost {
            if mark.made {
                *held = Some(mark);
            }
            return Err(error);
        }
        #[cfg(feature = "__seeded-bugs")]
        if zk_client::seeded::is_on("lost-answer-taken-for-a-race") {
            return Ok(Tried::Ended(Written::Raced));
        }
        let settlement = self.settlement();
        let (told, _) = settlement.by_mark(&mut mark, generation).await?;
        let verdict = match told {
            Verdict::Unknown => self.node_tells(expected, data, generation).await?,
            verdict => verdict,
        };
        if verdict == Verdict::Unknown {
            return Err(settlement.mark_deleted());
        }
        if verdict == Verdict::Applied {
            mark.made = true;
            *held = Some(mark);
            #[cfg(feature = "__seeded-bugs")]
            if zk_client::seeded::is_on("lost-set-told-as-refused") {
                return Ok(Tried::Ended(Written::Raced));
            }
            return Ok(Tried::Ended(Written::Yes(None)));
        }
        // Made or not: the next try with it and this one exclude each other.
        *held = Some(mark);
        Ok(Tried::Again)
    }

    async fn alone(&self, expected: Expected, data: &Bytes) -> Result<Tried, Error> {
        let generation = self.client.generation();
        let sent = match expected {
            Expected::Missing => {
                let create = self.client.create(self.path, data.clone());
                let created = create.acl(self.acl).await;
                created.map(|created| created.stat)
            }
            Expected::At { version, .. } => {
                let set = self.client.set(self.path, data.clone());
                set.version(version).await
            }
            Expected::Any => self.client.set(self.path, data.clone()).await,
        };
        let error = match sent {
            Ok(stat) => return Ok(Tried::Ended(Written::Yes(Some(stat)))),
            Err(error) if error.fate() == Fate::NotApplied => {
                return self.refused(error, expected, generation);
            }
            Err(error) => error,
        };
        if error.kind() != ErrorKind::ConnectionLost || !matches!(expected, Expected::At { .. }) {
            return Err(error);
        }
        let settlement = self.settlement();
        settlement.decided(generation).await?;
        match self.node_tells(expected, data, generation).await? {
            Verdict::NotApplied => Ok(Tried::Again),
            _ => {
                Err(settlement.unmarked("others wrote meanwhile, and it is written without a mark"))
            }
        }
    }

    /// What the node itself tells of a write that cannot take place any more.
    async fn node_tells(
        &self,
        expected: Expected,
        data: &Bytes,
        generation: u64,
    ) -> Result<Verdict, Error> {
        let Expected::At { version, czxid } = expected else {
            return Ok(Verdict::Unknown);
        };
        let settlement = self.settlement();
        let seen = match self.client.get(self.path).await {
            Ok(node) => Some(Seen {
                czxid: node.stat.czxid,
                version: node.stat.version,
                data: node.data,
            }),
            Err(error) if error.kind() == ErrorKind::NoNode => None,
            Err(error) => return Err(settlement.undecided(&error)),
        };
        if self.client.generation() != generation {
            return Err(settlement.expired());
        }
        Ok(by_node(seen.as_ref(), czxid, version, data))
    }

    /// A write that did not take place.
    fn refused(&self, error: Error, expected: Expected, generation: u64) -> Result<Tried, Error> {
        match (error.kind(), expected) {
            (ErrorKind::NoNode, Expected::Missing) => Ok(Tried::NoParent(error)),
            (ErrorKind::NodeExists | ErrorKind::BadVersion | ErrorKind::NoNode, _) => {
                Ok(Tried::Ended(Written::Raced))
            }
            (ErrorKind::ConnectionLost, _) => Ok(Tried::Again),
            _ => renewed(self.client, generation, error).map(|()| Tried::Again),
        }
    }

    fn settlement(&self) -> Settlement<'_> {
        Settlement {
            client: self.client,
            op: OpKind::Set,
            path: self.path,
            what: format!("{} was written", self.path),
            acl: self.acl,
            makes_home: false,
        }
    }

    fn unmarkable(&self, error: Error) -> Error {
        let text = format!(
            "cannot write {} so that a lost answer can be settled: its ACL or mode allows no child",
            self.path
        );
        Error::new(error.kind(), text)
            .with_op(OpKind::Set, self.path)
            .with_origin(self.client.server(), self.client.session_id())
            .with_hint("give CREATE on it, or use .unmarked()")
            .with_source(error)
    }

    /// The server takes version −1 for "any".
    fn unconditional(&self) -> Error {
        let text = format!(
            "cannot write {} under a condition: its version counter is at -1, which means any version",
            self.path
        );
        Error::new(ErrorKind::BadVersion, text)
            .with_op(OpKind::Set, self.path)
            .with_hint("write it once without a condition, while nobody else does")
    }
}

/// The cell's metadata in the answer to a transaction.
fn metadata(results: &[MultiResult]) -> Option<Stat> {
    match results.first() {
        Some(MultiResult::Set(stat)) => Some(*stat),
        _ => None,
    }
}

/// Refuses a path that cannot be a recipe's node.
pub(crate) fn validated(at: &str, what: &str) -> Result<String, Error> {
    validate(at, what, OpKind::Get)?;
    Ok(at.to_owned())
}
