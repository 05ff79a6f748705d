//! Running a command while something is held: a lock, a permit, the leadership of an election, a place in a barrier.

mod care;
mod grip;
mod guarded;
mod loss;
mod prize;
mod voice;

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use zk_recipes::{Client, Error, ErrorKind};

use crate::child;
use crate::connect::Connection;
use crate::duration;
use crate::exit::{Failure, code, say};
use crate::node_path::NodePath;
use crate::signals::Signals;

use grip::Grip;
pub(crate) use grip::{Lost, Sight};
pub(crate) use guarded::{Ended, Guarded};
pub(crate) use prize::{Prize, Step};
use voice::Voice;

/// What the commands that hold something have in common.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Its path; missing parents are created
    pub(crate) path: NodePath,

    /// Wait no longer than this, else exit with 75; 0s: do not wait
    #[arg(long, short, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) timeout: Option<Duration>,

    /// What `zkctl locks` shows, in the place of host, process and program
    #[arg(long, value_name = "TEXT")]
    pub(crate) contender: Option<String>,

    /// End the command with SIGTERM when somebody asks for the lock (`zkctl lock revoke`, Curator's Revoker)
    #[arg(long)]
    pub(crate) revocable: bool,

    /// When the servers hear nothing for so long, the next one has it
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::parse_positive)]
    pub(crate) session_timeout: Duration,

    /// Tell when the lock is acquired and released
    #[arg(long, short)]
    pub(crate) verbose: bool,

    /// The command, without a shell
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

/// Runs the command while what `make` names is held.
pub(crate) async fn run(
    args: &Options,
    make: impl FnOnce(&Client, &str) -> Result<Prize, Error>,
    connection: &Connection,
    json: bool,
) -> Result<u8, Failure> {
    let mut signals = Signals::new()?;
    // Suspended, zkctl could not see that the lock is lost, while the command would run on.
    let _suspend = signal(SignalKind::from_raw(Signal::TSTP.as_raw()));
    let client = tokio::select! {
        client = connection.connect(args.session_timeout) => client?,
        signal = signals.next() => return Ok(code::of_signal(signal.as_raw())),
    };
    let result = match make(&client, args.path.as_str()) {
        Ok(prize) => {
            let run = Run {
                voice: Voice {
                    verbose: args.verbose,
                    json,
                },
                args,
                prize: &prize,
                connection,
            };
            run.under_it(&client, &mut signals).await
        }
        Err(error) => Err(error.into()),
    };
    tokio::select! {
        closed = client.close() => closed?,
        // Whoever asks again does not want to wait for servers that do not answer; the session ends by itself.
        _ = signals.next() => {}
    }
    result
}

struct Run<'a> {
    args: &'a Options,
    prize: &'a Prize,
    connection: &'a Connection,
    voice: Voice,
}

impl Run<'_> {
    async fn under_it(&self, client: &Client, signals: &mut Signals) -> Result<u8, Failure> {
        let started = Instant::now();
        let guard = tokio::select! {
            guard = self.acquire(client) => guard?,
            signal = signals.next() => return Ok(code::of_signal(signal.as_raw())),
            never = self.tell_who_is_ahead() => match never {},
        };
        let sight = guard.sight();
        self.voice.tell(&sight, "acquired", started.elapsed());
        let started = Instant::now();
        let guarded = Guarded {
            client,
            sight: sight.clone(),
            command: &self.args.command,
            environment: self.environment(&sight),
            input: None,
            is_revocable: self.args.revocable,
        };
        match guarded.run(guard.lost(), signals).await? {
            Ended::NotStarted(failure) => {
                guard.abandon(signals).await;
                Err(failure)
            }
            Ended::Exited { status, asked } => {
                let own = child::code_of(status);
                self.released(guard, signals, started)
                    .await
                    .map(|()| asked.map_or(own, |signal| code::of_signal(signal.as_raw())))
            }
            Ended::Insisted(signal) => self
                .released(guard, signals, started)
                .await
                .map(|()| code::of_signal(signal.as_raw())),
            Ended::Stopped(stopped) => {
                self.voice.tell(&sight, "lost", started.elapsed());
                // Whatever is left to release goes with the session, which is closed next.
                drop(guard);
                let why = stopped.why(client, &sight).await;
                Err(Failure::new(
                    code::LOCK_LOST,
                    format!("{why}; the command was stopped"),
                ))
            }
        }
    }

    /// The command has ended: what it ran under goes to the next.
    async fn released(
        &self,
        guard: Grip,
        signals: &mut Signals,
        started: Instant,
    ) -> Result<(), Failure> {
        let sight = guard.sight();
        if let grip::End::LostBefore = guard.release(signals).await? {
            self.voice.tell(&sight, "lost", started.elapsed());
            return Err(Failure::new(
                code::LOCK_LOST,
                format!("{} was lost before the command ended", sight.title()),
            ));
        }
        self.voice.tell(&sight, "released", started.elapsed());
        Ok(())
    }

    async fn acquire(&self, client: &Client) -> Result<Grip, Failure> {
        let contender = self.args.contender.clone();
        let contender = contender.unwrap_or_else(|| contender_of(&self.args.command));
        let acquired = self.prize.acquire(contender, self.args.timeout).await;
        match (acquired, self.args.timeout) {
            (Ok(Some(guard)), _) => Ok(guard),
            (Ok(None), _) => Err(self.not_acquired("at once").await),
            (Err(error), Some(limit)) if error.kind() == ErrorKind::AcquireTimedOut => {
                Err(self.not_acquired(&format!("within {limit:?}")).await)
            }
            (Err(error), _) if error.kind() == ErrorKind::MixedContenders => {
                let path = self.prize.path();
                let hint = format!(
                    "`zkctl lock explain {path}` says whose they are; --layout takes theirs"
                );
                Err(Failure::from(error).with_hint(&hint))
            }
            (Err(error), _) => Err(client.explain(error).await.into()),
        }
    }

    async fn not_acquired(&self, limit: &str) -> Failure {
        let (words, path) = (self.prize.words(), self.prize.path());
        // Only to be helpful: whatever goes wrong here is not worth a word.
        let in_the_way = self.prize.in_the_way().await;
        let in_the_way = in_the_way.unwrap_or_else(|| "somebody else was there".to_owned());
        Failure::new(
            code::NOT_ACQUIRED,
            format!(
                "cannot {} {path} {limit}: {in_the_way}; `zkctl {} {path}` shows who waits",
                words.acquire, words.show
            ),
        )
    }

    /// Somebody who looks at a terminal should not have to guess why nothing happens.
    async fn tell_who_is_ahead(&self) -> std::convert::Infallible {
        sleep(SILENCE).await;
        let is_heard = self.voice.verbose || io::stderr().is_terminal();
        if is_heard && !self.voice.json {
            if let Some(in_the_way) = self.prize.in_the_way().await {
                let ahead = self.prize.ahead().await;
                let ahead = ahead.map_or_else(String::new, |ahead| format!(", {ahead} ahead"));
                say(format_args!(
                    "waiting for {}: {in_the_way}{ahead}",
                    self.args.path
                ));
            }
        }
        std::future::pending().await
    }

    fn environment(&self, sight: &Sight) -> Vec<(&'static str, OsString)> {
        let words = self.prize.words();
        let mut environment = vec![(words.path, self.args.path.as_str().into())];
        if let Some((_, number)) = sight.number() {
            environment.push((words.token, number.to_string().into()));
        }
        environment.extend(self.connection.for_child());
        environment
    }
}

/// Where it runs and what: `build-7 pid 4711 (nightly.sh)`. Arguments may be secret.
fn contender_of(command: &[OsString]) -> String {
    let system = rustix::system::uname();
    let host = system.nodename().to_string_lossy();
    let program = command
        .first()
        .and_then(|program| Path::new(program).file_name());
    let program = program.map(OsStr::to_string_lossy).unwrap_or_default();
    format!("{host} pid {} ({program})", std::process::id())
}

/// How long waiting needs no explanation.
const SILENCE: Duration = Duration::from_secs(1);
