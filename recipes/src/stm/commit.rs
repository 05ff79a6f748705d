//! The commit of one attempt, settled: it took place, did not because something is not as it was read, or an error.

use std::sync::{Mutex, PoisonError};

use zk_client::{Acl, Client, CreateMode, Error, ErrorKind, Fate, Fenced, Multi, OpKind, path};

use super::sets::{Step, Write};
use crate::cell::{Home, Mark, Settlement, Verdict};
use crate::parents::make_parents;
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
    /// The node that marks stand below is missing.
    NoHome(Error),
}

/// Marks that wait for the next commit: as many as commits were ever made at once.
#[derive(Debug, Default)]
pub(super) struct Marks(Mutex<Vec<Mark>>);

impl Marks {
    /// A mark of this session that was made before, if one is free. It goes with whoever takes it, unless it is put back.
    fn take(&self, client: &Client) -> Option<Mark> {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(mark) = free.pop() {
            if mark.is_current(client) {
                return Some(mark);
            }
        }
        None
    }

    fn put_back(&self, mark: Mark) {
        if mark.made {
            let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            free.push(mark);
        }
    }
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
                Tried::NoHome(error) => {
                    let below = path::join(self.home, "mark");
                    let container = CreateMode::Container;
                    make_parents(self.client, &below, container, self.acl, error).await?;
                }
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
            Err(error) => self.refused(error, steps, 0, generation),
        }
    }

    async fn write(&self, steps: &[Step], parts: Multi) -> Result<Tried, Error> {
        let mut mark = match self.marks.take(self.client) {
            Some(mark) => mark,
            None => {
                let before = Home::look(self.client, self.home).await?;
                Mark::new(self.client, self.home, before)?
            }
        };
        mark.number += 1;
        let generation = self.client.generation();
        let multi = if mark.made {
            self.fenced().set(&mark.path, mark.data(), None)
        } else {
            let ephemeral = CreateMode::Ephemeral;
            self.fenced()
                .create_with_acl(&mark.path, mark.data(), ephemeral, self.acl)
        };
        let Err(error) = multi.and(parts).await else {
            mark.made = true;
            self.marks.put_back(mark);
            return Ok(Tried::Ended(Committed::Yes));
        };
        if error.fate() == Fate::NotApplied {
            let of_mark = error.operation() == Some(0);
            let (was_made, kind) = (mark.made, error.kind());
            if !was_made {
                mark.absent();
            } else if !(of_mark && kind == ErrorKind::NoNode) {
                self.marks.put_back(mark);
            }
            return match (of_mark, kind) {
                // Somebody deleted the mark: the next one is made anew.
                (true, ErrorKind::NoNode) if was_made => Ok(Tried::Again),
                (true, ErrorKind::NoNode) => Ok(Tried::NoHome(error)),
                (true, _) => Err(self.unmarkable(error)),
                _ => self.refused(error, steps, 1, generation),
            };
        }
        // Another kind of error is the caller's, such as a request timeout; the next commit shows whether the mark is there.
        if error.kind() != ErrorKind::ConnectionLost {
            self.marks.put_back(mark);
            return Err(error);
        }
        let settlement = Settlement {
            client: self.client,
            op: OpKind::Multi,
            path: self.home,
            what: format!(
                "the transaction with its mark below {} was applied",
                self.home
            ),
        };
        match settlement.by_mark(&mark, generation).await? {
            Verdict::Applied => {
                mark.made = true;
                self.marks.put_back(mark);
                Ok(Tried::Ended(Committed::Yes))
            }
            Verdict::NotApplied => {
                if mark.made {
                    self.marks.put_back(mark);
                } else {
                    mark.absent();
                }
                Ok(Tried::Again)
            }
            Verdict::Unknown => Err(settlement.mark_deleted()),
        }
    }

    /// A transaction that did not take place; `ahead` of its operations are not those of the steps.
    fn refused(
        &self,
        error: Error,
        steps: &[Step],
        ahead: usize,
        generation: u64,
    ) -> Result<Tried, Error> {
        let at = error.operation().and_then(|at| at.checked_sub(ahead));
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
