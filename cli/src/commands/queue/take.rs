//! `zkctl queue take`.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Map, Value};
use tokio::signal::unix::{SignalKind, signal};
use zk_recipes::{Claimed, Client, Error, Item, Queue};

use super::place::Place;
use crate::child::{self, Companion};
use crate::connect::{Connection, ZK_CONNECT};
use crate::exit::{Failure, code, say};
use crate::hold::{Ended, Guarded, Lost, Sight};
use crate::signals::Signals;
use crate::{duration, output};

/// Options of `queue take`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without a command the data of the items are printed, a line each. With a command it is run for each item: it finds the data
on its stdin, the node in ZK_QUEUE_ITEM, a fencing token that grows with each attempt in ZK_QUEUE_TOKEN, and the number of
the attempt in ZK_QUEUE_ATTEMPT.

An item stays in the queue, out of the others' reach, until it is printed or its command has ended with 0; then it is
completed, by one only. If the command fails, is lost together with zkctl, or the session ends, the item is there again,
in its place: at least once. When the claim is lost meanwhile, or it is no longer certain that nobody else has the item, the
command and all that descends from it are stopped, as by `zkctl lock`, also if zkctl itself is killed or does not run. What
cannot be stopped, others start: see there. --at-most-once takes the item out before; that command nobody stops.

Exits with the code of the command that failed (the item is given back), 75 if no item came within --timeout, 76 if the claim
was lost. Signals are passed on to the command, and end zkctl after it; a second SIGTERM or SIGHUP stops a command whose item
is claimed, and gives that back.

With --json the items are printed as {\"node\": …, \"data\": … or \"data_base64\": …, \"attempt\": …, \"priority\": …, \"id\": …}.

Examples:
  zkctl queue take /queues/jobs
  zkctl queue take /queues/jobs --timeout 0s || echo none
  zkctl queue take /queues/jobs --forever --max-attempts 5 -- ./work.sh
  zkctl queue take /queues/jobs -n 10 -- sh -c 'echo \"attempt $ZK_QUEUE_ATTEMPT of $(cat)\"'")]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,

    /// End after this many items
    #[arg(long, short = 'n', value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,

    /// Go on for ever
    #[arg(long, conflicts_with = "count")]
    forever: bool,

    /// Wait no longer than this for an item, else exit with 75; 0s: do not wait
    #[arg(long, short, value_name = "DURATION", value_parser = duration::parse)]
    timeout: Option<Duration>,

    /// Take items out of the queue before they are printed or worked on: whoever dies over one loses it
    #[arg(long)]
    at_most_once: bool,

    /// Put aside items that were tried so often
    #[arg(long, value_name = "N", conflicts_with = "at_most_once", value_parser = clap::value_parser!(u32).range(1..))]
    max_attempts: Option<u32>,

    /// When the servers hear nothing for so long, others get the item
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::parse_positive)]
    session_timeout: Duration,

    /// The command, without a shell
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

pub(super) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let mut signals = Signals::new()?;
    // Suspended, zkctl could not see that the claim is lost, while the command would run on.
    let guards = !args.command.is_empty() && !args.at_most_once;
    let _suspend = guards.then(|| signal(SignalKind::from_raw(Signal::TSTP.as_raw())));
    let client = tokio::select! {
        client = connection.connect(args.session_timeout) => client?,
        signal = signals.next() => return Ok(code::of_signal(signal.as_raw())),
    };
    let mut consumer = Consumer {
        args: &args,
        connection,
        json,
        signals: &mut signals,
    };
    let result = consumer.run(&client).await;
    tokio::select! {
        closed = client.close() => closed?,
        _ = signals.next() => {}
    }
    result
}

struct Consumer<'a> {
    args: &'a Args,
    connection: &'a Connection,
    json: bool,
    signals: &'a mut Signals,
}

/// An item that is ours.
enum Ours {
    Claimed(Claimed),
    Taken(Item),
}

impl Consumer<'_> {
    async fn run(&mut self, client: &Client) -> Result<u8, Failure> {
        let mut queue = self.args.place.queue(client)?;
        if let Some(attempts) = self.args.max_attempts {
            queue = queue.max_attempts(attempts);
        }
        let mut done = 0;
        while self.args.forever || done < self.args.count {
            let ours = tokio::select! {
                ours = next(&queue, self.args) => ours,
                signal = self.signals.next() => {
                    return Ok(code::of_signal(signal.as_raw()));
                }
            };
            let Some(ours) = ours? else {
                let path = queue.path();
                let limit = match self.args.timeout {
                    None | Some(Duration::ZERO) => "at once".to_owned(),
                    Some(limit) => format!("within {limit:?}"),
                };
                return Err(Failure::new(
                    code::NOT_ACQUIRED,
                    format!(
                        "no item of {path} came {limit}; `zkctl queue ls {path}` shows what is there"
                    ),
                ));
            };
            let attempt = ours.attempt();
            let code = match ours {
                ours if self.args.command.is_empty() => self.print(ours).await?,
                Ours::Claimed(claimed) => self.work(client, claimed).await?,
                Ours::Taken(item) => self.work_once(&item, attempt).await?,
            };
            if code != code::OK {
                return Ok(code);
            }
            done += 1;
        }
        Ok(code::OK)
    }

    /// Prints the data; an item that could not be printed is given back.
    async fn print(&self, ours: Ours) -> Result<u8, Failure> {
        let item = ours.item();
        if self.json {
            output::json(&object(item, ours.attempt()))?;
        } else {
            let mut line = item.data().to_vec();
            line.push(b'\n');
            output::bytes(&line)?;
        }
        if let Ours::Claimed(claimed) = ours {
            claimed.complete().await?;
        }
        Ok(code::OK)
    }

    /// Runs the command while the item is claimed, and completes it if that ended well; yields how it ended.
    async fn work(&mut self, client: &Client, claimed: Claimed) -> Result<u8, Failure> {
        let held = claimed.held();
        let lost = held.lost();
        let sight = Sight::Hold(held);
        let mut environment = self.environment(claimed.item(), claimed.attempt())?;
        environment.push(("ZK_QUEUE_TOKEN", claimed.token().to_string().into()));
        let guarded = Guarded {
            client,
            sight: sight.clone(),
            command: &self.args.command,
            environment,
            input: Some(claimed.data().to_vec()),
            is_revocable: false,
        };
        let lost = Box::pin(async move { Lost::of(&lost.await) });
        let (code, asked) = match guarded.run(lost, self.signals).await? {
            Ended::NotStarted(failure) => {
                claimed.release().await?;
                return Err(failure);
            }
            Ended::Exited { status, asked } => (child::code_of(status), asked),
            Ended::Insisted(signal) => (code::of_signal(signal.as_raw()), Some(signal)),
            Ended::Stopped(stopped) => {
                drop(claimed);
                let why = stopped.why(client, &sight).await;
                let text = format!(
                    "{why}; the command was stopped, and somebody else has the item or will"
                );
                return Err(Failure::new(code::LOCK_LOST, text));
            }
        };
        if code == code::OK {
            claimed.complete().await?;
        } else {
            let node = claimed.item().node().to_owned();
            claimed.release().await?;
            say(format_args!(
                "the command ended with {code}: {node} is given back"
            ));
        }
        Ok(asked.map_or(code, |signal| code::of_signal(signal.as_raw())))
    }

    /// Runs the command for an item that is out of the queue already.
    async fn work_once(&mut self, item: &Item, attempt: u32) -> Result<u8, Failure> {
        let environment = self.environment(item, attempt)?;
        let data = item.data().to_vec();
        let mut command = Companion::with_input(&self.args.command, environment, data)?;
        let mut asked = None;
        let code = loop {
            tokio::select! {
                status = command.wait() => break child::code_of(status?),
                signal = self.signals.next() => {
                    asked = Some(signal);
                    command.signal(signal);
                }
            }
        };
        Ok(asked.map_or(code, |signal| code::of_signal(signal.as_raw())))
    }

    fn environment(
        &self,
        item: &Item,
        attempt: u32,
    ) -> Result<Vec<(&'static str, OsString)>, Failure> {
        Ok(vec![
            ("ZK_QUEUE_ITEM", item.node().into()),
            ("ZK_QUEUE_ATTEMPT", attempt.to_string().into()),
            (ZK_CONNECT, self.connection.servers()?.into()),
        ])
    }
}

/// The next item; `None` if none came in time.
async fn next(queue: &Queue, args: &Args) -> Result<Option<Ours>, Failure> {
    let deadline = args.timeout.map(|limit| Instant::now() + limit);
    let at_once = args.timeout == Some(Duration::ZERO);
    let left = |deadline: Option<Instant>| {
        deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    };
    let result = match (args.at_most_once, at_once) {
        (false, true) => queue
            .try_claim()
            .await
            .map(|claimed| claimed.map(Ours::Claimed)),
        (true, true) => queue.try_take().await.map(|item| item.map(Ours::Taken)),
        (false, false) => {
            let mut claim = queue.claim();
            if let Some(left) = left(deadline) {
                claim = claim.timeout(left);
            }
            in_time(claim.await).map(|claimed| claimed.map(Ours::Claimed))
        }
        (true, false) => {
            let mut take = queue.take();
            if let Some(left) = left(deadline) {
                take = take.timeout(left);
            }
            in_time(take.await).map(|item| item.map(Ours::Taken))
        }
    };
    Ok(result?)
}

fn in_time<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Err(error) if error.kind() == zk_recipes::ErrorKind::WaitTimedOut => Ok(None),
        result => result.map(Some),
    }
}

impl Ours {
    fn item(&self) -> &Item {
        match self {
            Self::Claimed(claimed) => claimed.item(),
            Self::Taken(item) => item,
        }
    }

    /// Which attempt this is.
    fn attempt(&self) -> u32 {
        match self {
            Self::Claimed(claimed) => claimed.attempt(),
            Self::Taken(item) => item.attempts() + 1,
        }
    }
}

fn object(item: &Item, attempt: u32) -> Value {
    let mut object = Map::new();
    object.insert("node".to_owned(), item.node().into());
    output::put_bytes(&mut object, "data", item.data());
    object.insert("attempt".to_owned(), attempt.into());
    object.insert("priority".to_owned(), item.priority().into());
    object.insert("id".to_owned(), item.id().into());
    Value::from(object)
}
