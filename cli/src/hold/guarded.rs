//! A command under something that is held: started, watched over, and stopped when that is lost.

use std::ffi::OsString;
use std::pin::Pin;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use zk_recipes::Client;

use super::care::{Care, End};
use super::grip::{Lost, Sight};
use super::loss;
use crate::child::{self, Group};
use crate::exit::Failure;
use crate::signals::Signals;
use crate::terminal::Loan;
use crate::watchdog::Watchdog;

/// A command, and what it runs under.
pub(crate) struct Guarded<'a> {
    pub(crate) client: &'a Client,
    pub(crate) sight: Sight,
    pub(crate) command: &'a [OsString],
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// What it finds on its stdin, unless that is ours.
    pub(crate) input: Option<Vec<u8>>,
    /// Whether a request to let go ends the command.
    pub(crate) is_revocable: bool,
}

/// How that ended.
pub(crate) enum Ended {
    /// It was not even started.
    NotStarted(Failure),
    /// By itself, or by a signal that was passed on.
    Exited {
        status: ExitStatus,
        asked: Option<Signal>,
    },
    /// It was told to end twice, and was stopped.
    Insisted(Signal),
    /// What it ran under is lost or may be, and it was stopped.
    Stopped(Stopped),
}

/// Why it was stopped.
pub(crate) enum Stopped {
    Lost(Lost),
    Doubt,
    /// The watchdog did it.
    Unseen,
}

impl Stopped {
    /// In words. What has to be said of a session may take a moment to be known.
    pub(crate) async fn why(self, client: &Client, sight: &Sight) -> String {
        match self {
            Self::Lost(lost) => loss::told(client, sight, lost).await,
            Self::Doubt => loss::doubt(client, sight).await,
            Self::Unseen => loss::unseen(client, sight).await,
        }
    }
}

impl Guarded<'_> {
    /// Runs it to its end. Nothing of it is left, but what it left running in the background when it ended by itself.
    pub(crate) async fn run(
        self,
        lost: Pin<Box<dyn Future<Output = Lost>>>,
        signals: &mut Signals,
    ) -> Result<Ended, Failure> {
        let Self { client, sight, .. } = self;
        let grace = client.session_timeout() / GRACE_SHARE;
        let started = Watchdog::start(&sight.title(), grace).and_then(|watchdog| {
            let watched_by = watchdog.id();
            let group = Group::spawn(self.command, self.environment, self.input, watched_by)?;
            Ok((watchdog, group))
        });
        let (mut watchdog, mut group) = match started {
            Ok(started) => started,
            Err(failure) => return Ok(Ended::NotStarted(failure)),
        };
        // Nobody runs unguarded, nor asks for the terminal before it has it.
        watchdog.guard(group.id());
        let loan = Loan::to(group.id());
        group.go();
        let mut care = Care {
            sight: sight.clone(),
            is_revocable: self.is_revocable,
            grace,
            // Half of the session timeout without a proof is doubt; the watchdog comes after that.
            until: client.now() + client.session_timeout() * 3 / 4,
            watchdog: &mut watchdog,
            undertaker: group.undertaker(),
            children: signal(SignalKind::child()).ok(),
        };
        let end = care.watch(&mut group, lost, signals).await;
        let left = sight.safe_for().unwrap_or(Duration::ZERO);
        if !matches!(end, Ok(End::Exited { .. })) {
            // What is left of the safe window, but enough to take note of SIGTERM.
            let patience = left.min(grace).max(LEAST_GRACE);
            // Two need not do it, unless the one does not get to it.
            watchdog.safe_until(client.now() + patience * 2 + child::KILLED);
            group.stop(patience).await;
        }
        drop(loan);
        let was_stopped = watchdog.dismiss().await;
        if was_stopped {
            // It does not know of every daemon.
            group.stop(LEAST_GRACE).await;
        }
        Ok(match end? {
            End::Exited { .. } | End::Doubt if was_stopped => Ended::Stopped(Stopped::Unseen),
            End::Exited { status, asked } => Ended::Exited { status, asked },
            End::Insisted(signal) => Ended::Insisted(signal),
            End::Lost(lost) => Ended::Stopped(Stopped::Lost(lost)),
            End::Doubt => Ended::Stopped(Stopped::Doubt),
        })
    }
}

/// A command that must stop gets this share of the session timeout to do so.
const GRACE_SHARE: u32 = 10;

/// Time to take note of SIGTERM for a command whose lock is gone already.
const LEAST_GRACE: Duration = Duration::from_millis(200);
