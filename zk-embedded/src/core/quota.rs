//! Quotas: limits on how many nodes there are below a path, and how many bytes in them.
//!
//! A limit is a node `/zookeeper/quota/PATH/zookeeper_limits`; beside it `zookeeper_stats` tells what is in
//! use. The server keeps that text up to date without a new version and without an event. A soft limit is
//! for operators to look at; a hard one is kept if the server is told to.

use bytes::Bytes;

/// The place of both nodes.
pub(super) const ROOT: &str = "/zookeeper/quota";
pub(super) const LIMITS: &str = "/zookeeper_limits";
pub(super) const STATS: &str = "/zookeeper_stats";

/// What is in use, or allowed; −1 is any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amounts {
    pub(super) count: i64,
    pub(super) bytes: i64,
    pub(super) hard_count: i64,
    pub(super) hard_bytes: i64,
}

impl Amounts {
    /// `count=1,bytes=2=;byteHardLimit=3;countHardLimit=4`, in any order and with either separator.
    pub(super) fn parse(text: &[u8]) -> Self {
        let mut amounts = Self {
            count: -1,
            bytes: -1,
            hard_count: -1,
            hard_bytes: -1,
        };
        for part in String::from_utf8_lossy(text).split([',', ';']) {
            let Some((key, value)) = part.split_once('=') else {
                continue;
            };
            // The first key of the hard limits leaves a `=` behind the value before it.
            let Ok(value) = value.trim_end_matches('=').parse() else {
                continue;
            };
            match key {
                "count" => amounts.count = value,
                "bytes" => amounts.bytes = value,
                "countHardLimit" => amounts.hard_count = value,
                "byteHardLimit" => amounts.hard_bytes = value,
                _ => {}
            }
        }
        amounts
    }
}

/// The path whose quota such a node belongs to.
pub(super) fn owner_of(path: &str, leaf: Leaf) -> Option<&str> {
    let leaf = match leaf {
        Leaf::Limits => LIMITS,
        Leaf::Stats => STATS,
    };
    path.strip_prefix(ROOT)?
        .strip_suffix(leaf)
        .filter(|owner| !owner.is_empty())
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Leaf {
    Limits,
    Stats,
}

pub(super) fn size(data: Option<&Bytes>) -> i64 {
    data.map_or(0, |data| i64::try_from(data.len()).unwrap_or(i64::MAX))
}

pub(super) fn write(count: i64, bytes: i64) -> Bytes {
    Bytes::from(format!("count={count},bytes={bytes}"))
}
