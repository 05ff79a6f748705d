//! `zkctl lock revoke`: asks a holder to let go.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;
use zk_recipes::{Client, Contender, Error, Family, Mutex};

use super::super::locks::picture::named;
use super::target::Target;
use crate::connect::{Connection, SESSION_TIMEOUT};
use crate::exit::{Failure, code, say};
use crate::signals::Signals;
use crate::{duration, output};

/// Options of `lock revoke`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Writes Curator's request (__REVOKE__) into the holder's node, in place of what it says about itself. Nothing forces it:
`zkctl lock --revocable` ends its command, programs of this library hear it by Held::revoked(), Curator's if they called
makeRevocable(), kazoo's never. With --wait it waits until the holder has let go.

Exits with 1 if nobody holds the lock, or somebody else than --token says, with 75 if the holder has not let go in time.
With --json: {\"path\": …, \"node\": …, \"token\": …, \"text\": what it said about itself, \"released\": true, false, or null
without --wait}.

Examples:
  zkctl lock revoke /locks/nightly
  zkctl lock revoke /locks/nightly --wait 30s || zkctl lock break /locks/nightly --reason \"does not let go\"")]
pub(super) struct Args {
    #[command(flatten)]
    target: Target,

    /// Wait so long for it to let go, else exit with 75
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_positive)]
    wait: Option<Duration>,
}

pub(super) async fn run(args: &Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let mut signals = Signals::new()?;
    let client = tokio::select! {
        client = connection.connect(SESSION_TIMEOUT) => client?,
        signal = signals.next() => return Ok(code::of_signal(signal.as_raw())),
    };
    let result = tokio::select! {
        result = ask(&client, args, json) => result,
        signal = signals.next() => Ok(code::of_signal(signal.as_raw())),
    };
    tokio::select! {
        closed = client.close() => closed?,
        _ = signals.next() => {}
    }
    result
}

async fn ask(client: &Client, args: &Args, json: bool) -> Result<u8, Failure> {
    let path = args.target.path.as_str();
    let mutex = Mutex::new(client, path)?;
    let contender = args.target.find(client, &mutex).await?;
    mutex.revoke(&contender).await?;
    if !json && matches!(contender.family, Family::Kazoo | Family::OtherKazoo) {
        say("it is a program of kazoo, which does not look for requests");
    }
    let released = match args.wait {
        None => None,
        Some(limit) => {
            let gone = timeout(limit, until_gone(client, &contender.node)).await;
            match gone {
                Ok(gone) => gone.map(|()| Some(true))?,
                Err(_) => Some(false),
            }
        }
    };
    tell(path, &contender, released, json)?;
    match (released, args.wait) {
        (Some(false), Some(limit)) => Err(Failure::new(
            code::NOT_ACQUIRED,
            format!(
                "{} was asked and has not let go of {path} within {limit:?}; `zkctl lock explain {path}` says how it is",
                named(&contender)
            ),
        )),
        _ => Ok(code::OK),
    }
}

async fn until_gone(client: &Client, node: &str) -> Result<(), Error> {
    let client = client.patient();
    loop {
        let (stat, mut watch) = client.exists(node).watch().await?;
        if stat.is_none() {
            return Ok(());
        }
        watch.next().await;
    }
}

fn tell(
    path: &str,
    contender: &Contender,
    released: Option<bool>,
    json: bool,
) -> Result<(), Failure> {
    let Contender {
        node, token, text, ..
    } = contender;
    if json {
        let object = json!({
            "path": path,
            "node": node,
            "token": token,
            "text": text,
            "released": released,
        });
        output::json(&object)?;
    } else {
        let text = named(contender);
        let end = match released {
            Some(true) => ", and it has let go",
            _ => "",
        };
        output::text(&format!(
            "asked {text} (token {token}) to let go of {path}{end}\n"
        ))?;
    }
    Ok(())
}
