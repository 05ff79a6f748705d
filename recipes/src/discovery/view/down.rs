//! Instances that callers met errors at.

use std::collections::BTreeMap;
use std::time::Duration;

use zk_client::Moment;

/// When an instance that callers met errors at is left alone, and for how long. Curator's default: after two errors, until 30
/// seconds after the first of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DownPolicy {
    pub(super) errors: u32,
    pub(super) time: Duration,
}

impl Default for DownPolicy {
    fn default() -> Self {
        Self {
            errors: 2,
            time: Duration::from_secs(30),
        }
    }
}

/// The errors that were noted, by the ids of instances.
#[derive(Debug)]
pub(super) struct Down {
    policy: DownPolicy,
    noted: BTreeMap<String, Noted>,
}

#[derive(Debug)]
struct Noted {
    first: Moment,
    errors: u32,
}

impl Down {
    pub(super) fn new(policy: DownPolicy) -> Self {
        let noted = BTreeMap::new();
        Self { policy, noted }
    }

    /// Notes an error. What is over is forgotten, so no more is kept than instances failed lately.
    pub(super) fn note(&mut self, now: Moment, id: &str) {
        self.forget(now);
        let noted = self.noted.entry(id.to_owned()).or_insert(Noted {
            first: now,
            errors: 0,
        });
        noted.errors = noted.errors.saturating_add(1);
    }

    /// Whether anything is noted now.
    pub(super) fn is_empty(&mut self, now: Moment) -> bool {
        self.forget(now);
        self.noted.is_empty()
    }

    pub(super) fn is_down(&self, id: &str) -> bool {
        let errors = self.noted.get(id).map(|noted| noted.errors);
        errors.is_some_and(|errors| errors >= self.policy.errors)
    }

    fn forget(&mut self, now: Moment) {
        let time = self.policy.time;
        self.noted.retain(|_, noted| now < noted.first + time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::default() + Duration::from_secs(seconds)
    }

    #[test]
    fn two_errors_within_thirty_seconds_take_an_instance_down_until_those_are_over() {
        let mut down = Down::new(DownPolicy::default());
        assert!(down.is_empty(at(0)));
        down.note(at(0), "a");
        assert!(!down.is_down("a") && !down.is_empty(at(29)));
        down.note(at(29), "a");
        down.note(at(29), "b");
        assert!(down.is_down("a") && !down.is_down("b"));
        assert!(!down.is_empty(at(30)));
        assert!(!down.is_down("a"), "since its first error");
        down.note(at(58), "b");
        assert!(down.is_down("b"));
        assert!(down.is_empty(at(59)));
        // An error that is over counts for nothing.
        down.note(at(100), "a");
        down.note(at(130), "a");
        assert!(!down.is_down("a"));
    }
}
