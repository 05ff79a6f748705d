//! `zkctl ping`: does every server answer?

use std::error::Error as _;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use tokio::task::JoinSet;
use zk_recipes::{ClientBuilder, Error, State, Word};
use zk_wire::HostPort;

use crate::connect::{Connection, PATIENCE};
use crate::exit::{Failure, code};
use crate::output;
use crate::word::{self, Fields};

/// Options of `ping`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Opens a session on each server named, or on each of the connect string, reads once, and asks for srvr. CONNECT is
the time to the session, READ that of a read. MODE and VERSION are what srvr says, - where it is not allowed
(4lw.commands.whitelist). Exits with 69 if a server does not answer.
With --json one object per server: {\"server\": …, \"reachable\": …, \"connect_ms\": …, \"read_ms\": …, \"read_only\": …,
\"mode\": …, \"version\": …, \"zxid\": …} or {\"server\": …, \"reachable\": false, \"error\": …}.

Examples:
  zkctl ping
  zkctl ping zk1:2181 zk2:2181")]
pub(crate) struct Args {
    /// The servers, e.g. zk1:2181; the port may be left out
    #[arg(value_name = "SERVER")]
    servers: Vec<String>,
}

/// A server that answered.
struct Found {
    connect: Duration,
    read: Duration,
    read_only: bool,
    /// Of `srvr`; empty where it is not allowed.
    fields: Fields,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let servers = connection.each(&args.servers)?;
    let mut asked = JoinSet::new();
    let asks_words = connection.asks_words();
    for (place, server) in servers.iter().cloned().enumerate() {
        let builder = connection.builder(&server.to_string());
        asked.spawn(async move { (place, ask(&server, builder, asks_words).await) });
    }
    let mut results = Vec::new();
    while let Some(joined) = asked.join_next().await {
        results.push(joined.map_err(|e| Failure::new(code::INTERNAL, e))?);
    }
    results.sort_by_key(|(place, _)| *place);
    let results: Vec<_> = servers
        .iter()
        .zip(results)
        .map(|(server, (_, result))| (server, result))
        .collect();
    if json {
        for (server, result) in &results {
            output::json(&object(server, result))?;
        }
    } else {
        output::text(&table(&results))?;
    }
    let down = results.iter().filter(|(_, result)| result.is_err()).count();
    if down == 0 {
        return Ok(code::OK);
    }
    Err(Failure::new(
        code::UNAVAILABLE,
        format!("{down} of {} servers cannot be used", results.len()),
    ))
}

async fn ask(server: &HostPort, builder: ClientBuilder, asks_words: bool) -> Result<Found, String> {
    let started = Instant::now();
    let connected = builder.connect_timeout(PATIENCE).connect().await;
    let client = connected.map_err(|e| reason(&e))?;
    let connect = started.elapsed();
    let started = Instant::now();
    let read = client.terse().exists("/").await;
    let elapsed = started.elapsed();
    let read_only = matches!(
        client.state(),
        State::Connected {
            read_only: true,
            ..
        }
    );
    let fields = if asks_words {
        word::ask(server, Word::SRVR).await.unwrap_or_default()
    } else {
        Vec::new()
    };
    // Whatever the close meets, the session has served its purpose.
    let _ = client.close().await;
    read.map_err(|e| e.to_string())?;
    Ok(Found {
        connect,
        read: elapsed,
        read_only,
        fields,
    })
}

/// Why the one server was not reached; its name stands next to it.
fn reason(error: &Error) -> String {
    error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string)
}

impl Found {
    fn field(&self, name: &str) -> Option<&str> {
        word::value(&self.fields, name)
    }

    /// `3.9.3` of `3.9.3-c26634f34490bb0ea7a09cc51e05ede3b4e320ee, built on …`.
    fn version(&self) -> Option<&str> {
        self.field("Zookeeper version")?.split(['-', ',']).next()
    }
}

fn object(server: &HostPort, result: &Result<Found, String>) -> Value {
    let mut object = Map::new();
    object.insert("server".to_owned(), server.to_string().into());
    object.insert("reachable".to_owned(), result.is_ok().into());
    match result {
        Ok(found) => {
            object.insert("connect_ms".to_owned(), millis(found.connect).into());
            object.insert("read_ms".to_owned(), millis(found.read).into());
            object.insert("read_only".to_owned(), found.read_only.into());
            object.insert("mode".to_owned(), found.field("Mode").into());
            object.insert("version".to_owned(), found.version().into());
            object.insert("zxid".to_owned(), found.field("Zxid").into());
        }
        Err(reason) => {
            object.insert("error".to_owned(), reason.as_str().into());
        }
    }
    object.into()
}

fn table(results: &[(&HostPort, Result<Found, String>)]) -> String {
    let header = ["SERVER", "STATE", "MODE", "VERSION", "CONNECT", "READ"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(results.iter().map(|(server, result)| match result {
        Ok(found) => vec![
            server.to_string(),
            if found.read_only { "read-only" } else { "ok" }.to_owned(),
            found.field("Mode").unwrap_or("-").to_owned(),
            found.version().unwrap_or("-").to_owned(),
            format!("{:.1}ms", millis(found.connect)),
            format!("{:.1}ms", millis(found.read)),
        ],
        Err(_) => vec![server.to_string(), "down".to_owned()],
    }));
    let mut text = output::table(&rows);
    // The reasons are sentences: they would tear the columns apart.
    for (server, result) in results {
        if let Err(reason) = result {
            text.push_str(&format!("{server}: {reason}\n"));
        }
    }
    text
}

fn millis(duration: Duration) -> f64 {
    // Microseconds are enough, and few digits.
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
