//! Keeping an eye on a hold and on the command under it.

use std::future::Future;
use std::pin::Pin;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::Signal;
use tokio::signal::unix;
use tokio::time::sleep;
use zk_recipes::Moment;

use super::grip::{Lost, Sight};
use crate::child::{Group, Undertaker};
use crate::exit::{Failure, say};
use crate::signals::{self, Signals};
use crate::watchdog::Watchdog;

/// How the command came to its end.
pub(super) enum End {
    /// By itself, or by a signal that was passed on.
    Exited {
        status: ExitStatus,
        asked: Option<Signal>,
    },
    /// It was told to end twice, and has not.
    Insisted(Signal),
    /// It has to be stopped.
    Lost(Lost),
    /// It has to be stopped.
    Doubt,
}

/// Keeps an eye on a hold and on the command under it.
pub(super) struct Care<'a> {
    pub(super) sight: Sight,
    /// Whether a request to let go ends the command.
    pub(super) is_revocable: bool,
    /// Time for the command to end.
    pub(super) grace: Duration,
    /// Until when the hold is safe as far as was ever known; in its first moments, when nothing is proven, as long as
    /// that is no doubt.
    pub(super) until: Moment,
    pub(super) watchdog: &'a mut Watchdog,
    pub(super) undertaker: Undertaker,
    /// Tells when a child ends or is suspended.
    pub(super) children: Option<unix::Signal>,
}

impl Care<'_> {
    /// Waits for the command to end, or for a reason to stop it.
    pub(super) async fn watch(
        &mut self,
        group: &mut Group,
        mut lost: Pin<Box<dyn Future<Output = Lost>>>,
        signals: &mut Signals,
    ) -> Result<End, Failure> {
        let mut asked = None;
        let mut asked_to_end = 0;
        let mut children = self.children.take();
        let mut revoked = match self.is_revocable {
            true => self.sight.revoked(),
            false => Box::pin(std::future::pending()),
        };
        let title = self.sight.title();
        let endangered = self.endangered();
        tokio::pin!(endangered);
        loop {
            tokio::select! {
                biased;
                lost = &mut lost => return Ok(End::Lost(lost)),
                status = group.wait() => return Ok(End::Exited { status: status?, asked }),
                () = &mut endangered => return Ok(End::Doubt),
                () = signals::receive(&mut children) => group.resume(),
                () = &mut revoked => {
                    revoked = Box::pin(std::future::pending());
                    say(format_args!("somebody asks for {title}; the command is told to end"));
                    asked.get_or_insert(Signal::TERM);
                    group.signal(Signal::TERM);
                    asked_to_end += 1;
                }
                signal = signals.next() => {
                    let first = *asked.get_or_insert(signal);
                    group.signal(signal);
                    // Ctrl-C is for the command to interpret; who sends the others twice wants an end.
                    asked_to_end += usize::from(signal != Signal::INT);
                    if asked_to_end > 1 {
                        return Ok(End::Insisted(first));
                    }
                }
            }
        }
    }

    /// Waits until no more than `grace` is left of the time in which the lock is certainly held.
    ///
    /// Stopping starts then, so that the command is gone when the time is over. In quiet times a quarter of the session
    /// timeout is left at the least.
    async fn endangered(&mut self) {
        let doubted = self.sight.doubted();
        tokio::pin!(doubted);
        loop {
            self.until = self.sight.safe_until().unwrap_or(self.until);
            self.watchdog.safe_until(self.until);
            self.undertaker.bury();
            let grace = self.grace;
            // Timers stop while the machine sleeps; the hold's clock does not. So look at it every now and then.
            let pause = match self.sight.safe_for() {
                Some(left) if left <= grace => return,
                Some(left) => (left - grace).min(grace),
                // Nothing is proven in the first moments; `doubted` knows when that has lasted too long.
                None => grace,
            };
            tokio::select! {
                () = &mut doubted => return,
                () = sleep(pause.max(LEAST_PAUSE)) => {}
            }
        }
    }
}

const LEAST_PAUSE: Duration = Duration::from_millis(10);
