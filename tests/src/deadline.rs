//! How long tests wait: on conditions, up to one shared kind of deadline.

use std::fmt;
use std::future::Future;
use std::thread;
use std::time::{Duration, Instant};

/// How often a condition without a notification of its own is looked at.
const POLL: Duration = Duration::from_millis(5);

/// A point in time at which a test gives up waiting.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    begun: Instant,
    allowed: Duration,
}

/// Starts a deadline of `allowed`, times the environment variable `ZK_TEST_SLOWNESS` (1 by
/// default) for machines that are slower than the one on which the test was written.
#[must_use]
pub fn deadline(allowed: Duration) -> Deadline {
    let slowness = std::env::var("ZK_TEST_SLOWNESS").ok();
    Deadline {
        begun: Instant::now(),
        allowed: allowed.mul_f64(factor(slowness.as_deref())),
    }
}

fn factor(slowness: Option<&str>) -> f64 {
    let Some(text) = slowness else { return 1.0 };
    match text.parse::<f64>() {
        Ok(factor) if factor > 0.0 && factor <= 1000.0 => factor,
        _ => panic!("ZK_TEST_SLOWNESS is a factor such as 3, not `{text}`"),
    }
}

impl Deadline {
    /// The time that is left; zero once it has passed.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.allowed.saturating_sub(self.begun.elapsed())
    }

    /// Whether it has passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.remaining().is_zero()
    }

    /// Polls until the condition yields a value.
    ///
    /// # Panics
    ///
    /// With `what` was waited for, once the deadline has passed.
    #[track_caller]
    pub fn wait_for<T>(&self, what: impl fmt::Display, mut poll: impl FnMut() -> Option<T>) -> T {
        loop {
            if let Some(value) = poll() {
                return value;
            }
            assert!(!self.passed(), "{}", self.overdue(what));
            thread::sleep(POLL.min(self.remaining()));
        }
    }

    /// Polls until the condition yields a value, on the tokio clock.
    ///
    /// # Panics
    ///
    /// With `what` was waited for, once the deadline has passed.
    pub async fn until_some<T, F>(&self, what: impl fmt::Display, mut poll: impl FnMut() -> F) -> T
    where
        F: Future<Output = Option<T>>,
    {
        let search = async {
            loop {
                if let Some(value) = poll().await {
                    return value;
                }
                tokio::time::sleep(POLL).await;
            }
        };
        self.until(what, search).await
    }

    /// Awaits a future.
    ///
    /// # Panics
    ///
    /// With `what` was waited for, once the deadline has passed.
    pub async fn until<T>(&self, what: impl fmt::Display, future: impl Future<Output = T>) -> T {
        match tokio::time::timeout(self.remaining(), future).await {
            Ok(value) => value,
            Err(_) => panic!("{}", self.overdue(what)),
        }
    }

    fn overdue(&self, what: impl fmt::Display) -> String {
        format!(
            "waited {:.1} s in vain for {what}",
            self.allowed.as_secs_f64()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slowness_is_one_unless_said_otherwise() {
        assert!((factor(None) - 1.0).abs() < f64::EPSILON);
        assert!((factor(Some("2.5")) - 2.5).abs() < f64::EPSILON);
    }

    #[test]
    #[should_panic(expected = "not `slow`")]
    fn a_slowness_that_is_no_factor_is_refused() {
        factor(Some("slow"));
    }

    #[test]
    fn a_condition_is_polled_until_it_yields() {
        let mut polls = 0;
        let value = deadline(Duration::from_secs(30)).wait_for("the third poll", || {
            polls += 1;
            (polls == 3).then_some("value")
        });
        assert_eq!((value, polls), ("value", 3));
    }

    #[test]
    #[should_panic(expected = "in vain for a miracle")]
    fn an_overdue_condition_is_named() {
        deadline(Duration::ZERO).wait_for("a miracle", || None::<()>);
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "in vain for a future")]
    async fn an_overdue_future_is_named() {
        deadline(Duration::from_secs(5))
            .until("a future", std::future::pending::<()>())
            .await;
    }

    #[tokio::test(start_paused = true)]
    async fn an_asynchronous_condition_is_polled_until_it_yields() {
        let mut polls = 0;
        let value = deadline(Duration::from_secs(30))
            .until_some("the third poll", || {
                polls += 1;
                std::future::ready((polls == 3).then_some("value"))
            })
            .await;
        assert_eq!((value, polls), ("value", 3));
    }
}
