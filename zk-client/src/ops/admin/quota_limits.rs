//! The texts of quotas.

use std::fmt;

/// How much may be below a node, the node included. A soft limit only makes the servers log; a hard one makes them
/// refuse (from 3.7, with `enforceQuota=true` on every server).
///
/// ```
/// let limits = zk_client::QuotaLimits::new().count(1000).hard_bytes(1 << 20);
/// assert_eq!(limits.to_string(), "count=1000,bytes=-1=;byteHardLimit=1048576");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct QuotaLimits {
    /// The soft limit of nodes.
    pub count: Option<u64>,
    /// The soft limit of bytes of data.
    pub bytes: Option<u64>,
    /// The hard limit of nodes.
    pub hard_count: Option<u64>,
    /// The hard limit of bytes of data.
    pub hard_bytes: Option<u64>,
}

/// How much is below a node, the node included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct QuotaUsage {
    /// How many nodes.
    pub count: u64,
    /// How many bytes of data they have.
    pub bytes: u64,
}

/// The quota of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quota {
    /// The node.
    pub path: String,
    /// What is allowed.
    pub limits: QuotaLimits,
    /// What is there, as the server at hand counts.
    pub usage: QuotaUsage,
}

impl QuotaLimits {
    /// No limit at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the soft limit of nodes.
    #[must_use]
    pub fn count(mut self, nodes: u64) -> Self {
        self.count = Some(nodes);
        self
    }

    /// Sets the soft limit of bytes.
    #[must_use]
    pub fn bytes(mut self, bytes: u64) -> Self {
        self.bytes = Some(bytes);
        self
    }

    /// Sets the hard limit of nodes.
    #[must_use]
    pub fn hard_count(mut self, nodes: u64) -> Self {
        self.hard_count = Some(nodes);
        self
    }

    /// Sets the hard limit of bytes.
    #[must_use]
    pub fn hard_bytes(mut self, bytes: u64) -> Self {
        self.hard_bytes = Some(bytes);
        self
    }

    /// Whether nothing is limited.
    #[must_use]
    pub fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }

    /// Reads the text of a node of limits. As for the servers, keys may come in any order, and what cannot be read is no
    /// limit.
    pub(super) fn parse(text: &str) -> Self {
        let mut limits = Self::default();
        for (key, value) in entries(text) {
            let value = u64::try_from(value).ok();
            match key {
                "count" => limits.count = value,
                "bytes" => limits.bytes = value,
                "countHardLimit" => limits.hard_count = value,
                "byteHardLimit" => limits.hard_bytes = value,
                _ => {}
            }
        }
        limits
    }
}

impl fmt::Display for QuotaLimits {
    /// The text of a node of limits: old servers read the part before `=;`, newer ones all of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "count={},bytes={}", soft(self.count), soft(self.bytes))?;
        let hard = [
            ("byteHardLimit", self.hard_bytes),
            ("countHardLimit", self.hard_count),
        ];
        if hard.iter().any(|(_, limit)| limit.is_some()) {
            f.write_str("=")?;
        }
        for (key, limit) in hard {
            if let Some(limit) = limit {
                write!(f, ";{key}={limit}")?;
            }
        }
        Ok(())
    }
}

impl QuotaUsage {
    /// Reads the text that the server keeps.
    pub(super) fn parse(text: &str) -> Self {
        let mut usage = Self::default();
        for (key, value) in entries(text) {
            let value = u64::try_from(value).unwrap_or(0);
            match key {
                "count" => usage.count = value,
                "bytes" => usage.bytes = value,
                _ => {}
            }
        }
        usage
    }
}

fn entries(text: &str) -> impl Iterator<Item = (&str, i64)> {
    text.split([',', ';']).filter_map(|entry| {
        let (key, value) = entry.split_once('=')?;
        // The soft limits end in a `=` if hard ones follow.
        let value = value.trim_end_matches('=').trim();
        Some((key.trim(), value.parse().ok()?))
    })
}

fn soft(limit: Option<u64>) -> i64 {
    limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_they_are_written() {
        for limits in [
            QuotaLimits::new(),
            QuotaLimits::new().count(5),
            QuotaLimits::new().bytes(7).hard_count(9),
            QuotaLimits::new()
                .count(1)
                .bytes(2)
                .hard_count(4)
                .hard_bytes(3),
        ] {
            assert_eq!(QuotaLimits::parse(&limits.to_string()), limits, "{limits}");
        }
        let all = QuotaLimits::new()
            .count(1)
            .bytes(2)
            .hard_count(4)
            .hard_bytes(3);
        assert_eq!(
            all.to_string(),
            "count=1,bytes=2=;byteHardLimit=3;countHardLimit=4"
        );
        assert_eq!(QuotaLimits::new().to_string(), "count=-1,bytes=-1");
    }

    #[test]
    fn texts_of_other_clients_are_read_in_any_order() {
        let text = "count=-1,bytes=5000=;countHardLimit=-1;byteHardLimit=10000";
        let limits = QuotaLimits::new().bytes(5000).hard_bytes(10_000);
        assert_eq!(QuotaLimits::parse(text), limits);
        assert_eq!(
            QuotaLimits::parse("no=thing,count=x,,="),
            QuotaLimits::new()
        );
        let usage = QuotaUsage::parse("count=3,bytes=-2");
        assert_eq!((usage.count, usage.bytes), (3, 0));
    }
}
