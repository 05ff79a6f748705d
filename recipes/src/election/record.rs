//! What a leader writes into the election's own node: its node's name, its term, and what it announces.
//!
//! Nobody else uses this node's data, neither Curator nor kazoo. The write that begins a term cannot name its own zxid,
//! which is the epoch; later ones of the term do.

use bytes::Bytes;
use zk_client::Zxid;

const TITLE: &str = "zk-recipes term";

/// The record of a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The name of the leader's node.
    pub(super) leader: String,
    pub(super) epoch: u64,
    pub(super) announcement: Bytes,
}

/// The record that begins a term.
pub(super) fn beginning(leader: &str, announcement: &[u8]) -> Bytes {
    write(leader, None, announcement)
}

/// A later record of the term.
pub(super) fn later(leader: &str, epoch: u64, announcement: &[u8]) -> Bytes {
    write(leader, Some(epoch), announcement)
}

fn write(leader: &str, epoch: Option<u64>, announcement: &[u8]) -> Bytes {
    let epoch = epoch.map_or(String::new(), |epoch| format!("epoch {epoch}\n"));
    let mut out = format!("{TITLE}\nleader {leader}\n{epoch}\n").into_bytes();
    out.extend_from_slice(announcement);
    Bytes::from(out)
}

/// Reads the data of the election's node, last written at `mzxid`; `None` if it is no record.
pub(super) fn read(data: &Bytes, mzxid: Zxid) -> Option<Record> {
    let end = data.windows(2).position(|pair| pair == b"\n\n")?;
    let head = std::str::from_utf8(data.get(..end)?).ok()?;
    let mut lines = head.split('\n');
    if lines.next() != Some(TITLE) {
        return None;
    }
    let leader = lines.next()?.strip_prefix("leader ")?;
    let epoch = match lines.next() {
        Some(line) => line.strip_prefix("epoch ")?.parse().ok()?,
        None => mzxid.as_raw() as u64,
    };
    Some(Record {
        leader: leader.to_owned(),
        epoch,
        announcement: data.slice(end + 2..),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn records_are_read_as_they_were_written(name in "[!-~]{1,60}", epoch: u64, announcement: Vec<u8>) {
            let record = later(&name, epoch, &announcement);
            let expected = Record { leader: name.clone(), epoch, announcement: announcement.clone().into() };
            prop_assert_eq!(read(&record, Zxid::from_raw(1)), Some(expected.clone()));
            let record = beginning(&name, &announcement);
            prop_assert_eq!(read(&record, Zxid::from_raw(7)), Some(Record { epoch: 7, ..expected }));
        }

        #[test]
        fn anything_else_is_no_record(data: Vec<u8>) {
            prop_assert_eq!(read(&data.into(), Zxid::from_raw(1)), None);
        }
    }
}
