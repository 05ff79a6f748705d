//! A real server's own record of what was committed: the files `log.*` of its data folder.
//!
//! Each begins with a header of 16 bytes, is made longer than it is full, and holds records of a checksum, a length, a
//! header, the changes and a last byte `B`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

use bytes::Bytes;
use zk_wire::{Acl, Decode, DecodeError, Reader};

/// One place in the order of all writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Txn {
    pub(crate) zxid: i64,
    /// When the leader took it in, in milliseconds since 1970.
    pub(crate) ms: i64,
    pub(crate) session: i64,
    /// Whether it ended that session.
    pub(crate) ends_session: bool,
    pub(crate) effects: Vec<Effect>,
}

/// What it did to one node. What was refused has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    Created {
        path: String,
        data: Bytes,
        ephemeral: bool,
    },
    Written {
        path: String,
        data: Bytes,
    },
    Deleted {
        path: String,
    },
}

/// Reads all log files of a folder, in the order of the transactions.
pub(crate) fn read_folder(folder: &Path) -> io::Result<Vec<Txn>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.starts_with("log.")) {
            let txns = read(BufReader::new(File::open(&path)?))?;
            all.extend(txns.into_iter().map(|txn| (txn.zxid, txn)));
        }
    }
    Ok(all.into_values().collect())
}

/// Reads one file, to the end of what is complete in it.
pub(crate) fn read(mut file: impl Read) -> io::Result<Vec<Txn>> {
    let mut header = [0; 16];
    match file.read_exact(&mut header) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(Vec::new()),
        other => other?,
    }
    if !header.starts_with(b"ZKLG") {
        return Err(io::Error::other("no log of transactions"));
    }
    let mut txns = Vec::new();
    loop {
        let mut prefix = [0; 12];
        let length = match file.read_exact(&mut prefix) {
            Ok(()) => u32::from_be_bytes([prefix[8], prefix[9], prefix[10], prefix[11]]),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => 0,
            Err(error) => return Err(error),
        };
        let mut record = vec![0; length as usize + 1];
        match (length, file.read_exact(&mut record)) {
            (0, _) => return Ok(txns),
            // It is being written.
            (_, Err(error)) if error.kind() == ErrorKind::UnexpectedEof => return Ok(txns),
            (_, other) => other?,
        }
        if record.pop() != Some(b'B') {
            return Ok(txns);
        }
        txns.push(decode(record.into()).map_err(io::Error::other)?);
    }
}

fn decode(record: Bytes) -> Result<Txn, DecodeError> {
    let mut reader = Reader::new(record);
    let session = reader.read_i64("session")?;
    reader.read_i32("cxid")?;
    let zxid = reader.read_i64("zxid")?;
    let ms = reader.read_i64("time")?;
    let kind = reader.read_i32("kind")?;
    let mut effects = Vec::new();
    match kind {
        MULTI => {
            let parts = reader.read_vec("parts", 8, |reader| {
                let kind = reader.read_i32("kind")?;
                Ok((kind, reader.read_buffer("part")?.unwrap_or_default()))
            })?;
            // One part that was refused refuses all, also those before it, which are logged as they were.
            if parts.iter().all(|(kind, _)| *kind != ERROR) {
                for (kind, part) in parts {
                    effects.extend(effect(kind, &mut Reader::new(part))?);
                }
            }
        }
        // Before 3.6 it names no nodes.
        CLOSE_SESSION if reader.remaining() > 4 => {
            let paths = reader.read_strings("paths")?;
            effects.extend(paths.into_iter().map(|path| Effect::Deleted { path }));
        }
        kind => effects.extend(effect(kind, &mut reader)?),
    }
    Ok(Txn {
        zxid,
        ms,
        session,
        ends_session: kind == CLOSE_SESSION,
        effects,
    })
}

fn effect(kind: i32, reader: &mut Reader) -> Result<Option<Effect>, DecodeError> {
    Ok(match kind {
        CREATE | CREATE2 | CREATE_CONTAINER | CREATE_TTL => {
            let path = reader.read_string("path")?;
            let data = reader.read_buffer("data")?.unwrap_or_default();
            reader.read_vec("acl", 12, Acl::decode)?;
            let ephemeral =
                matches!(kind, CREATE | CREATE2) && reader.read_bool("whether it is ephemeral")?;
            Some(Effect::Created {
                path,
                data,
                ephemeral,
            })
        }
        DELETE | DELETE_CONTAINER => Some(Effect::Deleted {
            path: reader.read_string("path")?,
        }),
        SET_DATA => Some(Effect::Written {
            path: reader.read_string("path")?,
            data: reader.read_buffer("data")?.unwrap_or_default(),
        }),
        _ => None,
    })
}

const ERROR: i32 = -1;
const CREATE: i32 = 1;
const DELETE: i32 = 2;
const SET_DATA: i32 = 5;
const MULTI: i32 = 14;
const CREATE2: i32 = 15;
const CREATE_CONTAINER: i32 = 19;
const DELETE_CONTAINER: i32 = 20;
const CREATE_TTL: i32 = 21;
const CLOSE_SESSION: i32 = -11;

/// What an ensemble committed, by the logs of its members, if they bring each other up to date by transactions and never
/// by snapshots: what most of them have. What fewer have was never acknowledged, and is left over from a lost leader.
///
/// # Errors
///
/// If numbers are missing within an epoch.
pub(crate) fn merge(logs: &[Vec<Txn>]) -> Result<Vec<Txn>, String> {
    let mut votes: BTreeMap<i64, (usize, &Txn)> = BTreeMap::new();
    for txn in logs.iter().flatten() {
        let (count, _) = votes.entry(txn.zxid).or_insert((0, txn));
        *count += 1;
    }
    let committed = votes.into_values();
    let committed = committed.filter(|(count, _)| 2 * count > logs.len());
    let committed: Vec<Txn> = committed.map(|(_, txn)| txn.clone()).collect();
    let mut last = 0;
    for txn in &committed {
        let is_next = txn.zxid == last + 1;
        let begins_an_epoch = txn.zxid >> 32 > last >> 32 && txn.zxid & 0xffff_ffff <= 1;
        if !is_next && !begins_an_epoch {
            return Err(format!(
                "no log tells what was committed between {last:#x} and {:#x}",
                txn.zxid
            ));
        }
        last = txn.zxid;
    }
    Ok(committed)
}

#[cfg(test)]
mod tests {
    use zk_wire::jute::{put_bool, put_i32, put_i64, put_opt_slice, put_str};

    use super::*;

    fn record(kind: i32, zxid: i64, body: &[u8]) -> Vec<u8> {
        let mut txn = Vec::new();
        put_i64(&mut txn, 0x77);
        put_i32(&mut txn, 5);
        put_i64(&mut txn, zxid);
        put_i64(&mut txn, 1_700_000_000_000);
        put_i32(&mut txn, kind);
        txn.extend(body);
        let mut out = vec![0; 8];
        put_opt_slice(&mut out, Some(&txn));
        out.push(b'B');
        out
    }

    fn created(path: &str, ephemeral: bool) -> Vec<u8> {
        let mut out = Vec::new();
        put_str(&mut out, path);
        put_opt_slice(&mut out, Some(b"data"));
        put_i32(&mut out, 0);
        put_bool(&mut out, ephemeral);
        put_i32(&mut out, 1);
        out
    }

    fn deleted(path: &str) -> Vec<u8> {
        let mut out = Vec::new();
        put_str(&mut out, path);
        out
    }

    #[test]
    fn a_log_is_read_to_the_end_of_what_is_complete() {
        let multi = |parts: &[(i32, &[u8])]| {
            let mut multi = Vec::new();
            put_i32(&mut multi, i32::try_from(parts.len()).unwrap());
            for (kind, part) in parts {
                put_i32(&mut multi, *kind);
                put_opt_slice(&mut multi, Some(part));
            }
            multi
        };
        let (delete, refused) = (deleted("/b"), [0; 4]);
        let done = multi(&[(13, &refused), (DELETE, &delete)]);
        let undone = multi(&[(DELETE, &delete), (ERROR, &refused)]);
        let mut closed = Vec::new();
        put_i32(&mut closed, 1);
        put_str(&mut closed, "/a");
        let mut log = b"ZKLG".to_vec();
        log.extend([0; 12]);
        log.extend(record(CREATE2, 1, &created("/a", true)));
        log.extend(record(MULTI, 2, &done));
        log.extend(record(CLOSE_SESSION, 3, &closed));
        log.extend(record(MULTI, 4, &undone));
        log.extend(record(ERROR, 5, &refused));
        let whole = log.clone();
        log.extend([0; 100]);
        let txns = read(&log[..]).unwrap();
        let zxids: Vec<i64> = txns.iter().map(|txn| txn.zxid).collect();
        assert_eq!(zxids, [1, 2, 3, 4, 5]);
        assert_eq!(
            txns[0].effects,
            [Effect::Created {
                path: "/a".to_owned(),
                data: Bytes::from_static(b"data"),
                ephemeral: true
            }]
        );
        assert_eq!(
            txns[1].effects,
            [Effect::Deleted {
                path: "/b".to_owned()
            }]
        );
        assert_eq!(
            txns[2].effects,
            [Effect::Deleted {
                path: "/a".to_owned()
            }]
        );
        assert!(txns[3..].iter().all(|txn| txn.effects.is_empty()));
        let ends: Vec<bool> = txns.iter().map(|txn| txn.ends_session).collect();
        assert_eq!(ends, [false, false, true, false, false]);
        let cut = &whole[..whole.len() - 3];
        assert_eq!(read(cut).unwrap().len(), 4);
        assert!(read(&b"something else, not a log"[..]).is_err());
    }

    fn txn(zxid: i64) -> Txn {
        Txn {
            zxid,
            ms: 0,
            session: 0,
            ends_session: false,
            effects: Vec::new(),
        }
    }

    fn log(zxids: &[i64]) -> Vec<Txn> {
        zxids.iter().map(|zxid| txn(*zxid)).collect()
    }

    #[test]
    fn what_most_members_have_was_committed() {
        let epoch = |n: i64| n << 32;
        let logs = [
            // Led before, and has a tail that nobody else has seen.
            log(&[1, 2, 3]),
            log(&[1, 2, epoch(1) + 1]),
            log(&[1, 2, epoch(1) + 1, epoch(1) + 2]),
        ];
        assert_eq!(merge(&logs).unwrap(), logs[1]);
        let refused = merge(&[log(&[1, 3])]).unwrap_err();
        assert!(refused.contains("0x1 and 0x3"), "{refused}");
    }
}
