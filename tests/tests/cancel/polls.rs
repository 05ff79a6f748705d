//! Polling a future so many times and no more.

use std::fmt;
use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{sleep, timeout};

/// When a future is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stop {
    /// After this many polls; 0: it was only made.
    pub(crate) polls: usize,
    /// Not at once, but when everything has happened that the polls set going: woken, and not polled again.
    pub(crate) late: bool,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.polls, if self.late { "-late" } else { "" })
    }
}

/// Polls `future`, each time it is woken, as often as `stop` says, and drops it. `None` if it was not ready by then.
pub(crate) async fn poll_then_drop<F: Future>(future: F, stop: Stop) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut polls = 0;
    let limited = poll_fn(|cx| {
        if polls == stop.polls {
            return Poll::Ready(None);
        }
        polls += 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polls == stop.polls => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    });
    let output = timeout(Duration::from_secs(60), limited)
        .await
        .expect("it hangs");
    if output.is_none() && stop.late {
        // Long enough for a reconnect.
        sleep(Duration::from_secs(2)).await;
    }
    output
}

/// When to drop, at a number of polls: at once, and when everything has happened that they set going.
pub(crate) const NOW_AND_LATE: &[bool] = &[false, true];

/// Runs `case` for every number of polls, until it says that its future was ready; says how many cases there were.
pub(crate) fn at_every_poll(late: &[bool], mut case: impl FnMut(Stop) -> bool) -> usize {
    let mut cases = 0;
    for polls in 0..MOST_POLLS {
        for &late in late {
            if late && polls == 0 {
                continue;
            }
            cases += 1;
            if case(Stop { polls, late }) {
                return cases;
            }
        }
    }
    panic!("not ready after {MOST_POLLS} polls");
}

/// No function of the library needs nearly as many.
const MOST_POLLS: usize = 200;
