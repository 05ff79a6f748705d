//! `zkctl lock`: runs a command while holding a lock.

mod loss;

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::signal::unix::{self, SignalKind, signal};
use tokio::time::{sleep, timeout};
use zk_recipes::{Client, Contender, ErrorKind, Held, LockGuard, LockLost, Moment, Mutex};

use crate::child::{self, Group, Undertaker};
use crate::connect::Connection;
use crate::exit::{Failure, code, say};
use crate::node_path::NodePath;
use crate::signals::{self, Signals};
use crate::terminal::Loan;
use crate::watchdog::Watchdog;
use crate::{duration, output};

/// Options of `lock`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The command finds the lock in ZK_LOCK_PATH and its fencing token in ZK_LOCK_TOKEN: a number that is greater for
every later holder. Pass it on to what the command writes to, which should refuse smaller ones.

When the lock is lost, or it is no longer certain that it is held, the command and all that descends from it get
SIGTERM and, after a tenth of the session timeout, SIGKILL; zkctl exits with 76. A second process does the same if
zkctl itself is killed or does not run.

SIGINT, SIGTERM and SIGHUP are passed on to the command (its process group); the lock is released when it has
ended. A second SIGTERM or SIGHUP stops it like a lost lock does. What the command leaves running in the
background when it ends by itself goes on without the lock.

What cannot be stopped: what others start for the command (a service manager, cron, a container engine, another
machine), programs of other users (setuid), and, if zkctl is killed by SIGKILL, daemons that have left both the
process group and the family of the command.

With --json what zkctl itself has to tell goes to stderr as objects: {\"event\": \"acquired\" | \"released\" | \"lost\", …}.

Examples:
  zkctl lock /locks/nightly -- ./nightly.sh
  zkctl lock /locks/nightly --timeout 0s -- ./nightly.sh   # not at all if somebody else runs it")]
pub(crate) struct Args {
    /// The lock; missing parents are created
    path: NodePath,

    /// Wait no longer than this, else exit with 75; 0s: do not wait
    #[arg(long, short, value_name = "DURATION", value_parser = duration::parse)]
    timeout: Option<Duration>,

    /// What `zkctl locks` shows, in the place of host, process and program
    #[arg(long, value_name = "TEXT")]
    contender: Option<String>,

    /// When the servers hear nothing for so long, the lock goes to the next
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::parse_positive)]
    session_timeout: Duration,

    /// Tell when the lock is acquired and released
    #[arg(long, short)]
    verbose: bool,

    /// The command, without a shell
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let mut signals = Signals::new()?;
    // Suspended, zkctl could not see that the lock is lost, while the command would run on.
    let _suspend = signal(SignalKind::from_raw(Signal::TSTP.as_raw()));
    let client = tokio::select! {
        client = connection.connect(args.session_timeout) => client?,
        signal = signals.next() => return Ok(code::of_signal(signal.as_raw())),
    };
    let run = Run {
        voice: Voice {
            verbose: args.verbose,
            json,
        },
        args: &args,
        connection,
    };
    let result = run.under_lock(&client, &mut signals).await;
    tokio::select! {
        closed = client.close() => closed?,
        // Whoever asks again does not want to wait for servers that do not answer; the session ends by itself.
        _ = signals.next() => {}
    }
    result
}

struct Run<'a> {
    args: &'a Args,
    connection: &'a Connection,
    voice: Voice,
}

/// How the command came to its end.
enum End {
    /// By itself, or by a signal that was passed on.
    Exited {
        status: ExitStatus,
        asked: Option<Signal>,
    },
    /// It was told to end twice, and has not.
    Insisted(Signal),
    /// It has to be stopped.
    Lost(LockLost),
    /// It has to be stopped.
    Doubt,
}

impl Run<'_> {
    async fn under_lock(&self, client: &Client, signals: &mut Signals) -> Result<u8, Failure> {
        let mutex = Mutex::new(client, self.args.path.as_str())?;
        let started = Instant::now();
        let guard = tokio::select! {
            guard = self.acquire(client, &mutex) => guard?,
            signal = signals.next() => return Ok(code::of_signal(signal.as_raw())),
            never = self.tell_who_is_ahead(&mutex) => match never {},
        };
        self.voice
            .tell(&guard.held(), "acquired", started.elapsed());
        let started = Instant::now();
        let held = guard.held();
        let grace = client.session_timeout() / GRACE_SHARE;
        let started_command = Watchdog::start(&loss::title(&held), grace).and_then(|watchdog| {
            let group = Group::spawn(&self.args.command, self.environment(&guard), watchdog.id())?;
            Ok((watchdog, group))
        });
        let (mut watchdog, mut group) = match started_command {
            Ok(started) => started,
            Err(failure) => {
                release(guard, signals).await;
                return Err(failure);
            }
        };
        // Nobody runs unguarded, nor asks for the terminal before it has it.
        watchdog.guard(group.id());
        let loan = Loan::to(group.id());
        group.go();
        let mut care = Care {
            held: held.clone(),
            grace,
            // Half of the session timeout without a proof is doubt; the watchdog comes after that.
            until: client.now() + client.session_timeout() * 3 / 4,
            watchdog: &mut watchdog,
            undertaker: group.undertaker(),
            children: signal(SignalKind::child()).ok(),
        };
        let end = care.watch(&mut group, signals).await;
        let left = held.safe_for().unwrap_or(Duration::ZERO);
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
        match end? {
            End::Exited { .. } | End::Doubt if was_stopped => {
                self.voice.tell(&held, "lost", started.elapsed());
                drop(guard);
                Err(Failure::new(
                    code::LOCK_LOST,
                    format!(
                        "{}; the command was stopped",
                        loss::unseen(client, &held).await
                    ),
                ))
            }
            End::Exited { status, asked } => {
                let own = child::code_of(status);
                self.released(guard, signals, started)
                    .await
                    .map(|()| asked.map_or(own, |signal| code::of_signal(signal.as_raw())))
            }
            End::Insisted(signal) => self
                .released(guard, signals, started)
                .await
                .map(|()| code::of_signal(signal.as_raw())),
            End::Lost(lost) => {
                self.voice.tell(&held, "lost", started.elapsed());
                // Whatever is left to release goes with the session, which is closed next.
                drop(guard);
                let why = loss::told(client, &held, &lost).await;
                Err(Failure::new(
                    code::LOCK_LOST,
                    format!("{why}; the command was stopped"),
                ))
            }
            End::Doubt => {
                self.voice.tell(&held, "lost", started.elapsed());
                drop(guard);
                let why = loss::doubt(client, &held).await;
                Err(Failure::new(
                    code::LOCK_LOST,
                    format!("{why}; the command was stopped"),
                ))
            }
        }
    }

    /// The command has ended: its lock goes to the next.
    async fn released(
        &self,
        guard: LockGuard,
        signals: &mut Signals,
        started: Instant,
    ) -> Result<(), Failure> {
        let held = guard.held();
        if let Some(false) = release(guard, signals).await {
            self.voice.tell(&held, "lost", started.elapsed());
            return Err(Failure::new(
                code::LOCK_LOST,
                format!("{} was lost before the command ended", loss::title(&held)),
            ));
        }
        self.voice.tell(&held, "released", started.elapsed());
        Ok(())
    }

    async fn acquire(&self, client: &Client, mutex: &Mutex) -> Result<LockGuard, Failure> {
        let contender = self
            .args
            .contender
            .clone()
            .unwrap_or_else(|| contender(&self.args.command));
        let acquire = mutex.acquire().contender(contender);
        let acquired = match self.args.timeout {
            None => acquire.await.map(Some),
            Some(Duration::ZERO) => acquire.if_free().await,
            Some(limit) => acquire.timeout(limit).await.map(Some),
        };
        match (acquired, self.args.timeout) {
            (Ok(Some(guard)), _) => Ok(guard),
            (Ok(None), _) => Err(self.not_acquired(mutex, "at once").await),
            (Err(error), Some(limit)) if error.kind() == ErrorKind::AcquireTimedOut => {
                Err(self.not_acquired(mutex, &format!("within {limit:?}")).await)
            }
            (Err(error), _) => Err(client.explain(error).await.into()),
        }
    }

    async fn not_acquired(&self, mutex: &Mutex, limit: &str) -> Failure {
        let path = mutex.path();
        // Only to be helpful: whatever goes wrong here is not worth a word.
        let contenders = mutex.contenders().await.unwrap_or_default();
        let holder = match contenders.first() {
            Some(holder) => format!("it is held by {}", holder_of(holder)),
            None => "it was held by somebody else".to_owned(),
        };
        Failure::new(
            code::NOT_ACQUIRED,
            format!(
                "cannot acquire {path} {limit}: {holder}; `zkctl locks {path}` shows who waits"
            ),
        )
    }

    /// Somebody who looks at a terminal should not have to guess why nothing happens.
    async fn tell_who_is_ahead(&self, mutex: &Mutex) -> std::convert::Infallible {
        sleep(SILENCE).await;
        let is_heard = self.voice.verbose || io::stderr().is_terminal();
        if is_heard && !self.voice.json {
            if let Ok(contenders) = mutex.contenders().await {
                // The last one is us.
                let ahead = contenders.len().saturating_sub(1);
                if let Some(holder) = contenders.first().filter(|_| ahead > 0) {
                    let (path, holder) = (&self.args.path, holder_of(holder));
                    say(format_args!(
                        "waiting for {path}: it is held by {holder}, {ahead} ahead"
                    ));
                }
            }
        }
        std::future::pending().await
    }

    fn environment(&self, guard: &LockGuard) -> Vec<(&'static str, OsString)> {
        let mut environment = vec![
            ("ZK_LOCK_PATH", self.args.path.as_str().into()),
            ("ZK_LOCK_TOKEN", guard.token().to_string().into()),
        ];
        environment.extend(self.connection.for_child());
        environment
    }
}

/// Keeps an eye on a hold and on the command under it.
struct Care<'a> {
    held: Held,
    /// Time for the command to end.
    grace: Duration,
    /// Until when the hold is safe as far as was ever known; in its first moments, when nothing is proven, as long as
    /// that is no doubt.
    until: Moment,
    watchdog: &'a mut Watchdog,
    undertaker: Undertaker,
    /// Tells when a child ends or is suspended.
    children: Option<unix::Signal>,
}

impl Care<'_> {
    /// Waits for the command to end, or for a reason to stop it.
    async fn watch(&mut self, group: &mut Group, signals: &mut Signals) -> Result<End, Failure> {
        let mut asked = None;
        let mut asked_to_end = 0;
        let lost = self.held.lost();
        let mut children = self.children.take();
        let endangered = self.endangered();
        tokio::pin!(lost, endangered);
        loop {
            tokio::select! {
                biased;
                lost = &mut lost => return Ok(End::Lost(lost)),
                status = group.wait() => return Ok(End::Exited { status: status?, asked }),
                () = &mut endangered => return Ok(End::Doubt),
                () = signals::receive(&mut children) => group.resume(),
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
        let doubted = self.held.doubted();
        tokio::pin!(doubted);
        loop {
            self.until = self.held.safe_until().unwrap_or(self.until);
            self.watchdog.safe_until(self.until);
            self.undertaker.bury();
            let grace = self.grace;
            // Timers stop while the machine sleeps; the hold's clock does not. So look at it every now and then.
            let pause = match self.held.safe_for() {
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

/// Whether the lock was held to the end; `None` if no server says so in time, or before the next signal.
async fn release(guard: LockGuard, signals: &mut Signals) -> Option<bool> {
    tokio::select! {
        released = timeout(RELEASE, guard.release()) => match released {
            Ok(Ok(released)) => Some(released.was_held),
            Ok(Err(_)) | Err(_) => None,
        },
        _ = signals.next() => None,
    }
}

fn holder_of(holder: &Contender) -> String {
    format!(
        "{} (token {})",
        output::printable(&holder.text),
        holder.token
    )
}

/// Where it runs and what: `build-7 pid 4711 (nightly.sh)`. Arguments may be secret.
fn contender(command: &[OsString]) -> String {
    let system = rustix::system::uname();
    let host = system.nodename().to_string_lossy();
    let program = command
        .first()
        .and_then(|program| Path::new(program).file_name());
    let program = program.map(OsStr::to_string_lossy).unwrap_or_default();
    format!("{host} pid {} ({program})", std::process::id())
}

/// What `lock` tells besides errors. On stderr: stdout is the command's.
struct Voice {
    verbose: bool,
    json: bool,
}

impl Voice {
    fn tell(&self, held: &Held, event: &str, after: Duration) {
        let (path, token) = (held.path(), held.token());
        if self.json {
            let timed = if event == "acquired" {
                "waited_ms"
            } else {
                "held_ms"
            };
            let object: Value = json!({
                "event": event,
                "path": path,
                "token": token,
                timed: u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
            });
            let _ = writeln!(io::stderr().lock(), "{object}");
        } else if self.verbose {
            say(format_args!(
                "{event} {path} (token {token}) after {}",
                duration::show(after)
            ));
        }
    }
}

/// A command that must stop gets this share of the session timeout to do so.
const GRACE_SHARE: u32 = 10;

/// Time to take note of SIGTERM for a command whose lock is gone already.
const LEAST_GRACE: Duration = Duration::from_millis(200);

const LEAST_PAUSE: Duration = Duration::from_millis(10);

/// How long a release may take before the end of the session has to do.
const RELEASE: Duration = Duration::from_secs(5);

/// How long waiting needs no explanation.
const SILENCE: Duration = Duration::from_secs(1);
