//! `zkctl lock`: runs a command while holding a lock.

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};
use zk_recipes::{Client, Contender, ErrorKind, Held, LockGuard, LockLost, Mutex};

use crate::child::{self, Group};
use crate::connect::Connection;
use crate::exit::{Failure, code, say};
use crate::node_path::NodePath;
use crate::signals::Signals;
use crate::{duration, output};

/// Options of `lock`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The command finds the lock in ZK_LOCK_PATH and its fencing token in ZK_LOCK_TOKEN: a number that is greater for
every later holder. Pass it on to what the command writes to, which should refuse smaller ones.

When the lock is lost, or it is no longer certain that it is held, the command and all that it started (its
process group) get SIGTERM and shortly after SIGKILL, and zkctl exits with 76. SIGINT, SIGTERM and SIGHUP are
passed on to the command; the lock is released when it has ended.

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
    client.close().await?;
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
        let mut group = match Group::spawn(&self.args.command, self.environment(&guard)) {
            Ok(group) => group,
            Err(failure) => {
                release(guard).await;
                return Err(failure);
            }
        };
        let grace = client.session_timeout() / GRACE_SHARE;
        match watch(&guard.held(), &mut group, signals, grace).await? {
            End::Exited { status, asked } => {
                let held = guard.held();
                if let Some(false) = release(guard).await {
                    self.voice.tell(&held, "lost", started.elapsed());
                    return Err(Failure::new(
                        code::LOCK_LOST,
                        format!(
                            "{} (token {}) was lost before the command ended",
                            held.path(),
                            held.token()
                        ),
                    ));
                }
                self.voice.tell(&held, "released", started.elapsed());
                Ok(asked.map_or_else(
                    || child::code_of(status),
                    |signal| code::of_signal(signal.as_raw()),
                ))
            }
            End::Lost(lost) => {
                self.stop(guard, group, grace, started).await;
                Err(Failure::new(
                    code::LOCK_LOST,
                    format!("{lost}; the command was stopped"),
                ))
            }
            End::Doubt => {
                let held = guard.held();
                self.stop(guard, group, grace, started).await;
                Err(Failure::new(
                    code::LOCK_LOST,
                    format!(
                        "it is not certain any more that {} (token {}) is held: the servers confirmed it too long \
                         ago; the command was stopped",
                        held.path(),
                        held.token()
                    ),
                ))
            }
        }
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

    async fn stop(&self, guard: LockGuard, mut group: Group, grace: Duration, started: Instant) {
        let held = guard.held();
        // What is left of the safe window, but enough to take note of SIGTERM.
        let left = held.safe_for().unwrap_or(Duration::ZERO);
        group.stop(left.min(grace).max(LEAST_GRACE)).await;
        self.voice.tell(&held, "lost", started.elapsed());
        // Whatever is left to release goes with the session, which is closed next.
        drop(guard);
    }
}

/// Waits for the command to end, or for a reason to stop it.
async fn watch(
    held: &Held,
    group: &mut Group,
    signals: &mut Signals,
    grace: Duration,
) -> Result<End, Failure> {
    let mut asked = None;
    let lost = held.lost();
    let endangered = endangered(held, grace);
    tokio::pin!(lost, endangered);
    loop {
        tokio::select! {
            biased;
            lost = &mut lost => return Ok(End::Lost(lost)),
            status = group.wait() => return Ok(End::Exited { status: status?, asked }),
            () = &mut endangered => return Ok(End::Doubt),
            signal = signals.next() => {
                asked = asked.or(Some(signal));
                group.signal(signal);
            }
        }
    }
}

/// Waits until no more than `grace` is left of the time in which the lock is certainly held.
///
/// Stopping starts then, so that the command is gone when the time is over. In quiet times a quarter of the session
/// timeout is left at the least.
async fn endangered(held: &Held, grace: Duration) {
    let doubted = held.doubted();
    tokio::pin!(doubted);
    loop {
        // Timers stop while the machine sleeps; the hold's clock does not. So look at it every now and then.
        let pause = match held.safe_for() {
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

/// Whether the lock was held to the end; `None` if no server says so in time.
async fn release(guard: LockGuard) -> Option<bool> {
    match timeout(RELEASE, guard.release()).await {
        Ok(Ok(released)) => Some(released.was_held),
        Ok(Err(_)) | Err(_) => None,
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
