//! A transaction that is made at most once: it writes a mark besides, which tells after a lost answer whether it took place.

use zk_client::{
    Acl, Client, CreateMode, Error, ErrorKind, Fate, Multi, MultiResult, OpKind, Stat, path,
};

use super::home::{Home, make_home};
use super::mark::Mark;
use super::marks::Marks;
use super::settle::Verdict;
use super::settlement::Settlement;
use crate::renewal::renewed;

/// Who makes it, and where the marks stand.
pub(crate) struct Marked<'a> {
    pub(crate) client: &'a Client,
    pub(crate) home: &'a str,
    pub(crate) acl: &'a [Acl],
    pub(crate) marks: &'a Marks,
    /// What it is about, and what is not known after a lost answer, such as `/a was taken`.
    pub(crate) op: OpKind,
    pub(crate) path: &'a str,
    pub(crate) what: &'a str,
}

/// How one request for it ended.
pub(crate) enum Sent {
    Yes(Applied),
    /// It did not take place, because of the part with this number or, if none, for what the error says.
    No(Error, Option<usize>),
    /// It did not take place, and another try may fare better.
    Again,
}

/// A transaction that took place.
pub(crate) struct Applied {
    /// The mark right after: its last change is this transaction, at the time of the servers' leader.
    pub(crate) mark: Stat,
    /// What the parts came to; `None` if the answer was lost.
    pub(crate) results: Option<Vec<MultiResult>>,
}

impl Marked<'_> {
    /// Makes the transaction, as often as it has to be tried. What it is refused for is returned with the number of the part.
    pub(crate) async fn commit(
        &self,
        parts: &Multi,
    ) -> Result<Result<Applied, (Error, Option<usize>)>, Error> {
        loop {
            let generation = self.client.generation();
            match self.attempt(parts.clone()).await? {
                Sent::Yes(applied) => return Ok(Ok(applied)),
                Sent::Again => {}
                Sent::No(error, None) => renewed(self.client, generation, error)?,
                Sent::No(error, at) => return Ok(Err((error, at))),
            }
        }
    }

    /// Sends it once.
    pub(crate) async fn attempt(&self, parts: Multi) -> Result<Sent, Error> {
        let mut mark = match self.marks.take(self.client) {
            Some(mark) => mark,
            None => {
                let before = Home::look(self.client, self.home).await?;
                Mark::new(self.client, self.home, before)?
            }
        };
        mark.number += 1;
        let generation = self.client.generation();
        let multi = self.client.multi();
        let multi = if mark.made {
            multi
        } else {
            // Made and then written, so that the answer always tells of the mark.
            multi.create_with_acl(&mark.path, "", CreateMode::Ephemeral, self.acl)
        };
        let multi = multi.set(&mark.path, mark.data(), mark.version);
        let ahead = if mark.made { 1 } else { 2 };
        let error = match multi.and(parts).await {
            Ok(mut results) => {
                let parts = results.split_off(ahead.min(results.len()));
                let Some(MultiResult::Set(stat)) = results.last() else {
                    return Err(self.misread());
                };
                let applied = Applied {
                    mark: *stat,
                    results: Some(parts),
                };
                mark.seen(*stat);
                self.marks.put_back(mark);
                return Ok(Sent::Yes(applied));
            }
            Err(error) => error,
        };
        if error.fate() == Fate::NotApplied {
            let at = error.operation();
            let of_mark = at.is_some_and(|at| at < ahead);
            let (was_made, kind) = (mark.made, error.kind());
            let is_lost = matches!(kind, ErrorKind::NoNode | ErrorKind::BadVersion);
            if !was_made {
                mark.absent();
            } else if !(of_mark && is_lost) {
                self.marks.put_back(mark);
            }
            return match (of_mark, kind) {
                // Somebody deleted the mark, or wrote it: the next one is made anew.
                (true, ErrorKind::NoNode | ErrorKind::BadVersion) if was_made => Ok(Sent::Again),
                (true, ErrorKind::NoNode) => {
                    let below = path::join(self.home, "mark");
                    make_home(self.client, &below, self.acl, error).await?;
                    Ok(Sent::Again)
                }
                (true, _) => Err(self.unmarkable(error)),
                (false, ErrorKind::ConnectionLost) => Ok(Sent::Again),
                (false, _) => Ok(Sent::No(error, at.map(|at| at - ahead))),
            };
        }
        // Another kind of error is the caller's, such as a request timeout; the next one shows whether the mark is there.
        if error.kind() != ErrorKind::ConnectionLost {
            self.marks.put_back(mark);
            return Err(error);
        }
        #[cfg(feature = "__seeded-bugs")]
        if zk_client::seeded::is_on("lost-transaction-made-again") {
            match mark.made {
                true => self.marks.put_back(mark),
                false => mark.absent(),
            }
            return Ok(Sent::Again);
        }
        let settlement = Settlement {
            client: self.client,
            op: self.op,
            path: self.path,
            what: self.what.to_owned(),
            acl: self.acl,
            makes_home: true,
        };
        match settlement.by_mark(&mut mark, generation).await? {
            (Verdict::Applied, Some(stat)) => {
                self.marks.put_back(mark);
                Ok(Sent::Yes(Applied {
                    mark: stat,
                    results: None,
                }))
            }
            (Verdict::NotApplied, _) => {
                // It is there now, and the next try with it and this one exclude each other.
                self.marks.put_back(mark);
                Ok(Sent::Again)
            }
            _ => Err(settlement.mark_deleted()),
        }
    }

    fn unmarkable(&self, error: Error) -> Error {
        let home = self.home;
        let text = format!(
            "cannot write below {home} so that a lost answer can be settled: its ACL or mode allows no child"
        );
        Error::new(error.kind(), text)
            .with_op(OpKind::Multi, home)
            .with_origin(self.client.server(), self.client.session_id())
            .with_hint(format!(
                "give CREATE on {home}, or choose another node for the marks"
            ))
            .with_source(error)
    }

    fn misread(&self) -> Error {
        let text = format!(
            "cannot tell what became of {}: the answer does not tell of the mark",
            self.path
        );
        Error::new(ErrorKind::Protocol, text)
            .with_op(self.op, self.path)
            .with_origin(self.client.server(), self.client.session_id())
    }
}
