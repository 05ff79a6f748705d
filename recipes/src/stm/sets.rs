//! What a transaction has read and is to write, and the operations that this comes to. No I/O.

use std::collections::BTreeMap;

use bytes::Bytes;
use zk_client::ErrorKind;

use crate::transaction::{ABSENCE, is_mismatch};

/// What one attempt has read and is to write.
#[derive(Debug, Default)]
pub(super) struct Sets {
    reads: BTreeMap<String, Read>,
    /// In the order of the calls; several to one path become one where they can.
    writes: Vec<(String, Write)>,
}

/// What was read of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Read {
    /// Its data and version; nothing if it did not exist.
    pub(super) found: Option<(Bytes, i32)>,
}

/// A write that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Write {
    Create(Bytes),
    Set(Bytes),
    Delete,
}

/// One part of the transaction to commit, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The node that was read has still this version.
    Unchanged { path: String, version: i32 },
    /// The node that was not there is still not there.
    Absent { path: String },
    /// A write; `conditional` if it fails where the node is not as it was read.
    Write {
        path: String,
        write: Write,
        version: Option<i32>,
        conditional: bool,
    },
}

impl Read {
    /// Whether a write as the first one to the node fails unless the node is as it was read.
    fn is_condition_of(&self, write: &Write) -> bool {
        match write {
            Write::Create(_) => self.found.is_none(),
            Write::Set(_) | Write::Delete => self.found.is_some(),
        }
    }
}

impl Step {
    /// How many operations of a transaction it takes.
    pub(super) fn operations(&self) -> usize {
        match self {
            Self::Absent { .. } => ABSENCE,
            Self::Unchanged { .. } | Self::Write { .. } => 1,
        }
    }

    /// Whether an error of this kind says that the node is not as it was read, so that the body has to run again.
    pub(super) fn is_outdated_by(&self, kind: ErrorKind) -> bool {
        match self {
            Self::Unchanged { .. } | Self::Absent { .. } => is_mismatch(kind),
            Self::Write {
                conditional: true,
                write: Write::Create(_),
                ..
            } => kind == ErrorKind::NodeExists,
            Self::Write { conditional, .. } => *conditional && is_mismatch(kind),
        }
    }
}

impl Sets {
    /// What a read inside the transaction yields: what it wrote, else what it read before. `None` if it has to be read.
    pub(super) fn known(&self, path: &str) -> Option<Option<Bytes>> {
        let mut last = self.writes.iter().rev();
        if let Some((_, write)) = last.find(|(at, _)| at == path) {
            return Some(match write {
                Write::Create(data) | Write::Set(data) => Some(data.clone()),
                Write::Delete => None,
            });
        }
        let read = self.reads.get(path)?;
        Some(read.found.as_ref().map(|(data, _)| data.clone()))
    }

    /// Notes what was read. The first read counts, should two run at once: the other is either the same or a conflict.
    pub(super) fn note_read(&mut self, path: &str, found: Option<(Bytes, i32)>) -> Option<Bytes> {
        let read = self.reads.entry(path.to_owned());
        let read = read.or_insert(Read { found });
        read.found.as_ref().map(|(data, _)| data.clone())
    }

    /// Notes a write.
    pub(super) fn note_write(&mut self, path: &str, write: Write) {
        let mut last = self.writes.iter_mut().rev();
        let earlier = last.find(|(at, _)| at == path).map(|(_, write)| write);
        match (earlier, write) {
            (Some(Write::Create(data) | Write::Set(data)), Write::Set(new)) => *data = new,
            (_, write) => self.writes.push((path.to_owned(), write)),
        }
    }

    pub(super) fn operations(&self) -> usize {
        self.reads.len() + self.writes.len()
    }

    /// The parts of the transaction: conditions first, so that a write that is refused was refused on what had been read.
    /// `writing`: else the conditions alone.
    pub(super) fn steps(&self, writing: bool) -> Vec<Step> {
        let writes: &[(String, Write)] = if writing { &self.writes } else { &[] };
        let first = |path: &str| writes.iter().position(|(at, _)| at == path);
        let mut steps = Vec::new();
        for (path, read) in &self.reads {
            let write = first(path).and_then(|at| writes.get(at));
            if write.is_some_and(|(_, write)| read.is_condition_of(write)) {
                continue;
            }
            match &read.found {
                Some((_, version)) => steps.push(Step::Unchanged {
                    path: path.clone(),
                    version: *version,
                }),
                None => steps.push(Step::Absent { path: path.clone() }),
            }
        }
        for (at, (path, write)) in writes.iter().enumerate() {
            let read = self.reads.get(path).filter(|_| first(path) == Some(at));
            let read = read.filter(|read| read.is_condition_of(write));
            let version = read.and_then(|read| read.found.as_ref());
            steps.push(Step::Write {
                path: path.clone(),
                write: write.clone(),
                version: version.map(|(_, version)| *version),
                conditional: read.is_some(),
            });
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    fn unchanged(path: &str, version: i32) -> Step {
        Step::Unchanged {
            path: path.to_owned(),
            version,
        }
    }

    fn write(path: &str, write: Write, version: Option<i32>, conditional: bool) -> Step {
        Step::Write {
            path: path.to_owned(),
            write,
            version,
            conditional,
        }
    }

    #[test]
    fn what_was_read_is_a_condition_and_comes_first() {
        let mut sets = Sets::default();
        sets.note_write("/blind", Write::Set(data("x")));
        sets.note_read("/there", Some((data("a"), 7)));
        sets.note_read("/gone", None);
        let absent = Step::Absent {
            path: "/gone".to_owned(),
        };
        let conditions = [absent, unchanged("/there", 7)];
        let blind = write("/blind", Write::Set(data("x")), None, false);
        assert_eq!(sets.steps(true)[..2], conditions);
        assert_eq!(sets.steps(true)[2..], [blind]);
        assert_eq!(sets.steps(false), conditions);
    }

    #[test]
    fn the_first_write_to_what_was_read_is_its_own_condition() {
        let mut sets = Sets::default();
        sets.note_read("/set", Some((data("a"), 7)));
        sets.note_read("/new", None);
        sets.note_write("/set", Write::Set(data("b")));
        sets.note_write("/new", Write::Create(data("c")));
        let expected = [
            write("/set", Write::Set(data("b")), Some(7), true),
            write("/new", Write::Create(data("c")), None, true),
        ];
        assert_eq!(sets.steps(true), expected);
    }

    #[test]
    fn a_write_that_does_not_fit_what_was_read_keeps_the_condition() {
        let mut sets = Sets::default();
        sets.note_read("/there", Some((data("a"), 7)));
        sets.note_write("/there", Write::Create(data("b")));
        assert_eq!(sets.steps(true)[0], unchanged("/there", 7));
    }

    #[test]
    fn only_what_was_read_can_be_outdated() {
        let blind = write("/a", Write::Set(data("x")), None, false);
        assert!(!blind.is_outdated_by(ErrorKind::NoNode));
        let over = write("/a", Write::Set(data("x")), Some(1), true);
        assert!(over.is_outdated_by(ErrorKind::NoNode));
        assert!(over.is_outdated_by(ErrorKind::BadVersion));
        assert!(!over.is_outdated_by(ErrorKind::NoAuth));
        let new = write("/a", Write::Create(data("x")), None, true);
        assert!(new.is_outdated_by(ErrorKind::NodeExists));
        // Its parent is missing, which was not read.
        assert!(!new.is_outdated_by(ErrorKind::NoNode));
        assert!(unchanged("/a", 1).is_outdated_by(ErrorKind::NoNode));
    }

    #[test]
    fn the_last_write_is_what_a_read_yields_and_several_become_one() {
        let mut sets = Sets::default();
        assert_eq!(sets.known("/a"), None);
        sets.note_write("/a", Write::Create(data("1")));
        sets.note_write("/b", Write::Set(data("1")));
        sets.note_write("/a", Write::Set(data("2")));
        assert_eq!(sets.known("/a"), Some(Some(data("2"))));
        assert_eq!(sets.steps(true).len(), 2);
        sets.note_write("/a", Write::Delete);
        assert_eq!(sets.known("/a"), Some(None));
        // Made again: nothing can be left out of that.
        sets.note_write("/a", Write::Create(data("3")));
        assert_eq!(sets.known("/a"), Some(Some(data("3"))));
        assert_eq!(sets.operations(), 4);
    }

    #[test]
    fn the_first_of_two_reads_counts() {
        let mut sets = Sets::default();
        sets.note_read("/a", Some((data("1"), 1)));
        assert_eq!(sets.note_read("/a", Some((data("2"), 2))), Some(data("1")));
        assert_eq!(sets.steps(true), [unchanged("/a", 1)]);
    }
}
