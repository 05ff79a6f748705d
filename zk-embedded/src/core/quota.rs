//! Quotas: limits on how many nodes there are below a path, and how many bytes in them.
//!
//! A limit is a node `/zookeeper/quota/PATH/zookeeper_limits`; beside it `zookeeper_stats` tells what is in
//! use. The server keeps that text up to date without a new version and without an event. A soft limit is
//! for operators to look at; a hard one is kept if the server is told to.

use bytes::Bytes;
use zk_wire::{ErrorCode, path};

use super::tree::Tree;

/// The place of both nodes.
const ROOT: &str = "/zookeeper/quota";
const LIMITS: &str = "/zookeeper_limits";
const STATS: &str = "/zookeeper_stats";

/// What is in use, or allowed; −1 is any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Amounts {
    count: i64,
    bytes: i64,
    hard_count: i64,
    hard_bytes: i64,
}

impl Amounts {
    /// `count=1,bytes=2=;byteHardLimit=3;countHardLimit=4`, in any order and with either separator.
    fn parse(text: &[u8]) -> Self {
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

impl Tree {
    /// A node has come, gone, or changed its size: what is in use follows.
    pub(super) fn account(&mut self, path: &str, count: i64, bytes: i64) {
        if self.has_quotas() {
            if let Some(stats) = self
                .quota_above(path)
                .map(|at| format!("{ROOT}{at}{STATS}"))
            {
                if let Some(node) = self.get_mut(&stats) {
                    let used = Amounts::parse(node.data.as_deref().unwrap_or_default());
                    node.data = Some(write(used.count + count, used.bytes + bytes));
                }
            }
        }
    }

    /// Counts anew what is in use below a path, when the node that tells it is created.
    pub(super) fn recount(&mut self, owner: &str) {
        let below = format!("{owner}/");
        let is_inside = |path: &str| path == owner || path.starts_with(&below);
        let (mut count, mut bytes) = (0, 0);
        for (path, node) in self.iter() {
            if is_inside(path) {
                count += 1;
                bytes += size(node.data.as_ref());
            }
        }
        if let Some(node) = self.get_mut(&format!("{ROOT}{owner}{STATS}")) {
            node.data = Some(write(count, bytes));
        }
    }

    /// Whether that much more would be too much for the hard limits of a path. The numbers of a
    /// transaction under way do not count: `pending` is what it has added itself.
    pub(super) fn check_quota(
        &self,
        owner: &str,
        (count, bytes): (i64, i64),
        pending: (i64, i64),
    ) -> Result<(), ErrorCode> {
        let read = |leaf: &str| {
            let node = self.get(&format!("{ROOT}{owner}{leaf}"))?;
            Some(Amounts::parse(node.data.as_deref().unwrap_or_default()))
        };
        let (Some(limits), Some(used)) = (read(LIMITS), read(STATS)) else {
            return Ok(());
        };
        let exceeds =
            |limit: i64, used: i64, more: i64| limit > -1 && more > 0 && used + more > limit;
        if exceeds(limits.hard_count, used.count - pending.0, count)
            || exceeds(limits.hard_bytes, used.bytes - pending.1, bytes)
        {
            return Err(ErrorCode::QuotaExceeded);
        }
        Ok(())
    }

    /// The deepest path with a quota that `path` is, or is below.
    pub(super) fn quota_above<'p>(&self, path: &'p str) -> Option<&'p str> {
        let above = path::ancestors(path).filter(|above| self.is_limited(above));
        // Whatever order they come in.
        let deepest = above.max_by_key(|above| above.len());
        if self.is_limited(path) {
            Some(path)
        } else {
            deepest
        }
    }
}

pub(super) fn size(data: Option<&Bytes>) -> i64 {
    data.map_or(0, |data| i64::try_from(data.len()).unwrap_or(i64::MAX))
}

fn write(count: i64, bytes: i64) -> Bytes {
    Bytes::from(format!("count={count},bytes={bytes}"))
}
