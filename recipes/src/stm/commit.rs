//! The commit of one attempt, settled: it took place, did not because something is not as it was read, or an error.

use zk_client::{Acl, Client, CreateMode, Error, ErrorKind, Fenced, Multi, OpKind};

use super::sets::{Step, Write};
use crate::cell::{Marked, Marks, Sent};
use crate::renewal::renewed;
use crate::transaction::{Absence, guard_absent, topmost_missing};

/// How a commit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Committed {
    Yes,
    /// Something is not as it was read: nothing was written.
    Outdated,
}

/// How one request for it ended.
enum Tried {
    Ended(Committed),
    Again,
}

/// A node whose existence is a condition of every commit.
#[derive(Debug, Clone)]
pub(super) struct Fence {
    path: String,
    title: Option<(String, u64)>,
}

impl Fence {
    pub(super) fn of(held: &impl Fenced) -> Self {
        Self {
            path: held.fence_path().to_owned(),
            title: held.title(),
        }
    }
}

impl Fenced for Fence {
    fn fence_path(&self) -> &str {
        &self.path
    }

    /// The server knows.
    fn is_held(&self) -> bool {
        true
    }

    fn title(&self) -> Option<(String, u64)> {
        self.title.clone()
    }
}

/// Where and how to commit.
pub(super) struct Committer<'a> {
    pub(super) client: &'a Client,
    pub(super) home: &'a str,
    pub(super) acl: &'a [Acl],
    pub(super) fences: &'a [Fence],
    pub(super) marks: &'a Marks,
}

impl Committer<'_> {
    /// Commits `steps` at most once.
    pub(super) async fn commit(&self, steps: &[Step]) -> Result<Committed, Error> {
        let writes = steps.iter().any(|step| matches!(step, Step::Write { .. }));
        loop {
            let Some(parts) = self.parts(steps).await? else {
                return Ok(Committed::Outdated);
            };
            let tried = if writes {
                self.write(steps, parts).await?
            } else {
                self.compare(steps, parts).await?
            };
            match tried {
                Tried::Ended(committed) => return Ok(committed),
                Tried::Again => {}
            }
        }
    }

    /// The operations of the steps; nothing if what was missing is there by now.
    async fn parts(&self, steps: &[Step]) -> Result<Option<Multi>, Error> {
        let mut multi = self.client.multi();
        for step in steps {
            multi = match step {
                Step::Unchanged { path, version } => multi.check(path, *version),
                Step::Absent { path } => match topmost_missing(self.client, path).await? {
                    Absence::Present(_) => return Ok(None),
                    Absence::Missing(missing) => guard_absent(multi, &missing),
                },
                Step::Write {
                    path,
                    write,
                    version,
                    ..
                } => match write {
                    Write::Create(data) => {
                        let persistent = CreateMode::Persistent;
                        multi.create_with_acl(path, data.clone(), persistent, self.acl)
                    }
                    #[cfg(feature = "__seeded-bugs")]
                    Write::Set(data) if zk_client::seeded::is_on("written-whatever-was-read") => {
                        multi.set(path, data.clone(), None)
                    }
                    Write::Set(data) => multi.set(path, data.clone(), *version),
                    Write::Delete => multi.delete(path, *version),
                },
            };
        }
        Ok(Some(multi))
    }

    fn fenced(&self) -> Multi {
        let fences = self.fences.iter();
        fences.fold(self.client.multi(), |multi, fence| multi.fenced_by(fence))
    }

    /// Finds out whether all is as it was read. Writes nothing, so it may be asked as often as need be.
    async fn compare(&self, steps: &[Step], parts: Multi) -> Result<Tried, Error> {
        let generation = self.client.generation();
        match self.fenced().and(parts).await {
            Ok(_) => Ok(Tried::Ended(Committed::Yes)),
            Err(error) if error.kind() == ErrorKind::ConnectionLost => Ok(Tried::Again),
            Err(error) => {
                let at = error.operation();
                self.refused(error, steps, at, generation)
            }
        }
    }

    async fn write(&self, steps: &[Step], parts: Multi) -> Result<Tried, Error> {
        let generation = self.client.generation();
        let marked = Marked {
            client: self.client,
            home: self.home,
            acl: self.acl,
            marks: self.marks,
            op: OpKind::Multi,
            path: self.home,
            what: &format!(
                "the transaction with its mark below {} was applied",
                self.home
            ),
        };
        match marked.attempt(self.fenced().and(parts)).await? {
            Sent::Yes(_) => Ok(Tried::Ended(Committed::Yes)),
            Sent::No(error, at) => self.refused(error, steps, at, generation),
            Sent::Again => Ok(Tried::Again),
        }
    }

    /// A transaction that did not take place, because of the operation with this number.
    fn refused(
        &self,
        error: Error,
        steps: &[Step],
        at: Option<usize>,
        generation: u64,
    ) -> Result<Tried, Error> {
        if let Some(step) = at.and_then(|at| step_at(steps, at)) {
            return if step.is_outdated_by(error.kind()) {
                Ok(Tried::Ended(Committed::Outdated))
            } else {
                Err(error)
            };
        }
        match error.kind() {
            ErrorKind::ConnectionLost => Ok(Tried::Again),
            // What was read in the last session is as good a condition in the next.
            _ => renewed(self.client, generation, error).map(|()| Tried::Again),
        }
    }
}

/// The step that an operation belongs to.
fn step_at(steps: &[Step], mut at: usize) -> Option<&Step> {
    for step in steps {
        if at < step.operations() {
            return Some(step);
        }
        at -= step.operations();
    }
    None
}
