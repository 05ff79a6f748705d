//! What is put.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use zk_client::Zxid;

use super::envelope;
use super::layout::QueueLayout;
use super::name::{Label, prefix};
use crate::value::{Stored, unstorable};

/// What is put into a queue: its data, and what the queue's layout orders by. Made from anything that is data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    records: Vec<Bytes>,
    priority: Option<i32>,
    due: Option<Due>,
    id: Option<String>,
    /// Why it cannot be put, if it was made of what cannot be stored.
    unstorable: Option<String>,
}

/// When an item is to be handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    At(SystemTime),
    In(Duration),
}

/// Where an entry was put.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Placed {
    /// The path of its node. `None` if the answer was lost and, when that was found out, somebody had taken it already.
    pub node: Option<String>,
    /// The transaction that put it.
    pub zxid: Zxid,
}

impl Entry {
    /// An entry of one record.
    pub fn new(data: impl Into<Bytes>) -> Self {
        Self::records([data])
    }

    /// Any number of records that are put, and taken, as one item: what Curator calls a multi-item. Only Curator's
    /// envelopes can hold other than one.
    pub fn records<T: Into<Bytes>>(records: impl IntoIterator<Item = T>) -> Self {
        Self {
            records: records.into_iter().map(Into::into).collect(),
            priority: None,
            due: None,
            id: None,
            unstorable: None,
        }
    }

    /// An entry that holds a value, as [`Item::value`](crate::Item::value) reads it. One that cannot be stored is an error of
    /// the kind `Misuse` when it is put.
    pub fn of<T: Stored>(value: &T) -> Self {
        match value.to_data() {
            Ok(data) => Self::new(data),
            Err(why) => Self {
                unstorable: Some(unstorable::<T>(&why)),
                ..Self::new(Bytes::new())
            },
        }
    }

    /// Sets its priority: lower numbers come first. Default: 0; in kazoo's queues, where it is 0 to 999, 100.
    #[must_use]
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Sets when it is due: not before this the queue hands it out. Default: at once.
    #[must_use]
    pub fn due_at(mut self, due: SystemTime) -> Self {
        self.due = Some(Due::At(due));
        self
    }

    /// Sets after how long it is due, by the clock of the servers' leader when it is put.
    #[must_use]
    pub fn due_in(mut self, delay: Duration) -> Self {
        self.due = Some(Due::In(delay));
        self
    }

    /// Sets its id, by which [`Queue::remove`](crate::Queue::remove) finds it. In names of nodes `/` and `|` are `_`, so ids
    /// that differ only in these are one.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Whether the servers' time has to be known to put it.
    pub(super) fn needs_time(&self) -> bool {
        matches!(self.due, Some(Due::In(_)))
    }

    /// What the node is called and what it holds; `now` is in milliseconds since 1970. Or why this queue cannot have it.
    pub(super) fn written(
        &self,
        layout: QueueLayout,
        now: Option<i64>,
    ) -> Result<(String, Bytes), String> {
        if let Some(why) = &self.unstorable {
            return Err(format!("it was made of {why}"));
        }
        let refuse = |what: &str| Err(format!("{layout} has no {what}"));
        if self.priority.is_some() && !layout.has_priorities() {
            return refuse("priorities");
        }
        if self.due.is_some() && layout != QueueLayout::Delay {
            return refuse("due times");
        }
        if self.id.is_some() && layout != QueueLayout::Id {
            return refuse("ids");
        }
        if self.id.as_ref().is_none_or(String::is_empty) && layout == QueueLayout::Id {
            return Err(format!("the items of {layout} need one"));
        }
        if layout.is_kazoos() && !self.priority.is_none_or(|n| (0..=999).contains(&n)) {
            return Err(format!("priorities of {layout} are 0 to 999"));
        }
        let data = match self.records.as_slice() {
            records if layout.has_envelope() => envelope::encode(records),
            [record] => record.clone(),
            records => {
                return Err(format!(
                    "an item of {layout} holds one record, not {}",
                    records.len()
                ));
            }
        };
        let due = match self.due {
            None => 0,
            Some(Due::At(due)) => millis(due),
            Some(Due::In(delay)) => {
                let delay = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
                now.unwrap_or_default().saturating_add(delay)
            }
        };
        let label = Label {
            priority: self.priority,
            due: Some(due),
            id: self.id.clone(),
        };
        Ok((prefix(layout, &label), data))
    }
}

/// Milliseconds since 1970, rounded up so that nothing is early.
fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX)
}

impl<T: Into<Bytes>> From<T> for Entry {
    fn from(data: T) -> Self {
        Self::new(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(entry: Entry, layout: QueueLayout) -> String {
        entry.written(layout, Some(0)).unwrap_err()
    }

    #[test]
    fn what_a_layout_does_not_have_is_refused() {
        let entry = || Entry::new("x");
        for (entry, layout, why) in [
            (entry().priority(1), QueueLayout::Fifo, "priorities"),
            (entry().priority(1000), QueueLayout::Kazoo, "0 to 999"),
            (entry().due_in(Duration::ZERO), QueueLayout::Simple, "due"),
            (entry().id("a"), QueueLayout::Priority, "ids"),
            (entry(), QueueLayout::Id, "need one"),
            (entry().id(""), QueueLayout::Id, "need one"),
            (Entry::records(["a", "b"]), QueueLayout::Simple, "not 2"),
        ] {
            let error = refused(entry, layout);
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn due_times_are_rounded_up() {
        let at = UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_001);
        let (name, _) = Entry::new("x")
            .due_at(at)
            .written(QueueLayout::Delay, None)
            .unwrap();
        assert_eq!(name, format!("queue-|{:08X}|", 1_700_000_000_001_i64));
        let entry = Entry::new("x").due_in(Duration::MAX);
        let (name, _) = entry.written(QueueLayout::Delay, Some(5)).unwrap();
        assert_eq!(name, format!("queue-|{:08X}|", i64::MAX));
    }
}
