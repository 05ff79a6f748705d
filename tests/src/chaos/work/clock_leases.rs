//! Leases that are had for a time by the clocks of their holders, which here are one clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use zk_recipes::{ClockLease, Tenure};

use super::super::diary::{Span, now};
use super::super::worker::Worker;

pub(in super::super) const CLOCK: &str = "/chaos/clock";

/// It ends at a whole second: at least one from when it was written.
const LENGTH: Duration = Duration::from_secs(2);

pub(super) async fn lease(mut worker: Worker) {
    let lease = ClockLease::new(&worker.zk, CLOCK).expect("a path");
    let lease = lease.identifier(&worker.who);
    while worker.lives() {
        match lease.obtain(LENGTH).await {
            Ok(Tenure::Obtained(span)) => {
                worker.diary.count("clock lease");
                let mut had = Span {
                    holder: span.holder,
                    end: millis(span.until),
                    from: now(),
                    to: millis(span.until),
                };
                worker.work().await;
                if worker.dice.percent(60) {
                    // It is nobody's from here on, whatever comes of that.
                    had.to = had.to.min(now());
                    match lease.obtain(Duration::ZERO).await {
                        Ok(_) => worker.diary.count("clock leases given back"),
                        Err(error) => worker.failed("clock lease", &error),
                    }
                }
                worker.diary.page().spans.push(had);
            }
            Ok(_) => worker.diary.count("clock leases that others had"),
            Err(error) => worker.failed("clock lease", &error),
        }
        worker.rest().await;
    }
}

fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
