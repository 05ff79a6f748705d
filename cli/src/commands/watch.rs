//! `zkctl watch`: what happens to a node.

use std::ffi::OsString;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;
use serde_json::{Map, Value};
use tokio::time::timeout;
use zk_recipes::{AddWatchMode, Client, State, StateStream, WatchEvent};
use zk_wire::{EventType, Zxid};

use crate::child::{self, Companion};
use crate::connect::{Connection, SESSION_TIMEOUT, ZK_CONNECT};
use crate::exit::{Failure, code, say};
use crate::node_path::NodePath;
use crate::signals::Signals;
use crate::{output, since};

/// Options of `watch`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Prints one line per event: time, what (created, deleted, changed, children), path. The node need not exist. An event
tells that something changed, not what it is now: read it. Also told are `suspended` and `connected`, when the
connection goes and comes back, `expired`, when a new session takes over, and `gap`, when events may have been
missed. Needs ZooKeeper 3.6 or later.
With --json: {\"event\": …, \"path\": …, \"zxid\": …, \"at\": …, \"at_ms\": …}, \"path\" and \"zxid\" for nodes only.

With --run the command is run for each event of a node and each gap, one after the other, in the place of a line: it
finds them in ZK_EVENT, ZK_PATH and ZK_ZXID.

Examples:
  zkctl watch /config --recursive
  zkctl watch /config --recursive --run ./reload.sh
  zkctl watch /flag --count 1 && echo changed")]
pub(crate) struct Args {
    /// The node
    path: NodePath,

    /// Watch everything below it, too (then without `children`)
    #[arg(long, short)]
    recursive: bool,

    /// End after this many events of nodes and gaps
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// A command to run for each event, without a shell
    #[arg(long, value_name = "CMD", num_args = 1.., allow_hyphen_values = true)]
    run: Vec<OsString>,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let mut signals = Signals::new()?;
    let client = tokio::select! {
        client = connection.connect(SESSION_TIMEOUT) => client?,
        signal = signals.next() => return Ok(ended_by(signal)),
    };
    let teller = Teller {
        run: args.run,
        servers: connection.servers()?.to_owned(),
        json,
        left: args.count,
    };
    let mode = if args.recursive {
        AddWatchMode::PersistentRecursive
    } else {
        AddWatchMode::Persistent
    };
    let result = follow(&client, args.path.as_str(), mode, teller, &mut signals).await;
    tokio::select! {
        closed = client.close() => closed?,
        _ = signals.next() => {}
    }
    result
}

/// Until told to end, over all sessions.
async fn follow(
    client: &Client,
    path: &str,
    mode: AddWatchMode,
    mut teller: Teller,
    signals: &mut Signals,
) -> Result<u8, Failure> {
    // A watch on what is not there waits for it; a chroot that is not there is a mistake.
    if client.exists("/").await?.is_none() {
        client.get("/").await?;
    }
    let mut states = client.watch_state();
    // The one that is known: connected.
    states.changed().await;
    let mut is_first = true;
    loop {
        let mut watch = match client.watch(path, mode).await {
            Ok(watch) => watch,
            // Expired meanwhile: the next session is on its way.
            Err(_) if !is_first && !matches!(client.state(), State::AuthFailed | State::Closed) => {
                // At its next news or soon.
                if let Ok(told) = timeout(SECOND, session_news(&mut states, &mut teller)).await {
                    told?.ok_or_else(ended)?;
                }
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if !std::mem::take(&mut is_first) && teller.tell(News::Gap, signals).await? {
            return Ok(code::OK);
        }
        loop {
            tokio::select! {
                biased;
                signal = signals.next() => return Ok(ended_by(signal)),
                event = watch.next() => match event {
                    Some(WatchEvent::Fired { kind, path, zxid }) => {
                        if teller.tell(News::Node { kind, path, zxid }, signals).await? {
                            return Ok(code::OK);
                        }
                    }
                    Some(WatchEvent::Gap) => {
                        if teller.tell(News::Gap, signals).await? {
                            return Ok(code::OK);
                        }
                    }
                    Some(_) => {}
                    None => break,
                },
                told = session_news(&mut states, &mut teller) => told?.ok_or_else(ended)?,
            }
        }
    }
}

/// Tells the next state of the session; `None` if there will be no more.
async fn session_news(
    states: &mut StateStream,
    teller: &mut Teller,
) -> Result<Option<()>, Failure> {
    let event = match states.changed().await {
        Some(State::Connected { .. }) => "connected",
        Some(State::Suspended { .. }) => "suspended",
        Some(State::Expired { .. }) => "expired",
        Some(State::AuthFailed | State::Closed) | None => return Ok(None),
        Some(_) => return Ok(Some(())),
    };
    teller.session(event)?;
    Ok(Some(()))
}

fn ended() -> Failure {
    Failure::new(
        code::NO_PERMISSION,
        "a server refused the credentials when the connection was made again",
    )
}

/// Ctrl-C is how a watch ends.
fn ended_by(signal: Signal) -> u8 {
    match signal {
        Signal::INT => code::OK,
        signal => code::of_signal(signal.as_raw()),
    }
}

/// Something that happened.
enum News {
    Node {
        kind: EventType,
        path: String,
        zxid: Option<Zxid>,
    },
    Gap,
}

impl News {
    fn event(&self) -> String {
        match self {
            Self::Gap => "gap".to_owned(),
            Self::Node { kind, .. } => match kind {
                EventType::Created => "created".to_owned(),
                EventType::Deleted => "deleted".to_owned(),
                EventType::DataChanged => "changed".to_owned(),
                EventType::ChildrenChanged => "children".to_owned(),
                other => format!("{other:?}").to_lowercase(),
            },
        }
    }
}

/// Prints lines, or runs the command.
struct Teller {
    run: Vec<OsString>,
    servers: String,
    json: bool,
    /// How many events are still wanted.
    left: Option<u64>,
}

impl Teller {
    /// Tells of a node or a gap; true if that was the last wanted.
    async fn tell(&mut self, news: News, signals: &mut Signals) -> Result<bool, Failure> {
        if self.run.is_empty() {
            let (path, zxid) = match &news {
                News::Node { path, zxid, .. } => (Some(path.as_str()), *zxid),
                News::Gap => (None, None),
            };
            self.line(&news.event(), path, zxid)?;
        } else {
            self.command(&news, signals).await?;
        }
        if let Some(left) = &mut self.left {
            *left -= 1;
        }
        Ok(self.left == Some(0))
    }

    /// Tells of the session.
    fn session(&self, event: &str) -> Result<(), Failure> {
        if self.run.is_empty() {
            self.line(event, None, None)
        } else {
            say(event);
            Ok(())
        }
    }

    fn line(&self, event: &str, path: Option<&str>, zxid: Option<Zxid>) -> Result<(), Failure> {
        let millis = since::millis(SystemTime::now());
        let at = since::rfc3339(millis);
        if self.json {
            let mut object = Map::new();
            object.insert("event".to_owned(), event.into());
            if let Some(path) = path {
                object.insert("path".to_owned(), path.into());
                object.insert("zxid".to_owned(), zxid.map(Zxid::as_raw).into());
            }
            object.insert("at".to_owned(), at.into());
            object.insert("at_ms".to_owned(), millis.into());
            output::json(&Value::from(object))?;
        } else {
            let path = output::printable(path.unwrap_or_default());
            output::text(&format!(
                "{}\n",
                format!("{at}  {event:<9}  {path}").trim_end()
            ))?;
        }
        Ok(())
    }

    /// Runs the command to its end; a signal goes to it, and ends the watch after it.
    async fn command(&self, news: &News, signals: &mut Signals) -> Result<(), Failure> {
        let mut environment: Vec<(&'static str, OsString)> = vec![
            ("ZK_EVENT", news.event().into()),
            (ZK_CONNECT, self.servers.clone().into()),
        ];
        if let News::Node { path, zxid, .. } = news {
            environment.push(("ZK_PATH", path.into()));
            if let Some(zxid) = zxid {
                environment.push(("ZK_ZXID", zxid.as_raw().to_string().into()));
            }
        }
        let mut command = Companion::spawn(&self.run, environment, &[])?;
        let mut asked = None;
        let status = loop {
            tokio::select! {
                status = command.wait() => break child::code_of(status?),
                signal = signals.next() => {
                    asked = Some(signal);
                    command.signal(signal);
                }
            }
        };
        match asked {
            Some(signal) => Err(Failure::silent(ended_by(signal))),
            None if status != code::OK => {
                say(format_args!("the command ended with {status}"));
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// How long an error of the session is waited on.
const SECOND: Duration = Duration::from_secs(1);
