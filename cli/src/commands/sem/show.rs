//! `zkctl sem show`: who has permits, and who waits for one.

use std::time::SystemTime;

use serde_json::{Value, json};
use zk_recipes::{Client, Error, Layout};

use super::super::locks::picture::check_chroot;
use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::layout::Shared;
use crate::node_path::NodePath;
use crate::permits::{self, Place};
use crate::{duration, output, since};

/// Options of `sem show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Those of Curator and kazoo are shown, too. One at a time comes in: it makes its permit, looks whether that is not too many,
and waits for room with the permit in hand.
With --json: {\"path\": …, \"capacity\": … or null, \"contenders\": [{\"state\": \"holds\" | \"comes in\" | \"waits\",
\"permit\": … or null, \"text\": …, \"since\": …, \"since_ms\": …, \"session\": …, \"node\": …}, …]}. The capacity is known only
where it is stored.

Examples:
  zkctl sem show /limits/crawlers
  zkctl sem show /limits/crawlers --stored-at /limits/crawlers-count --json | jq .capacity")]
pub(super) struct Args {
    /// The semaphore
    path: NodePath,

    /// The node that stores how many may run
    #[arg(long, value_name = "NODE")]
    stored_at: Option<NodePath>,

    #[command(flatten)]
    layout: Shared,
}

pub(super) async fn run(args: &Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let path = args.path.as_str();
    let (capacity, places) = connection
        .run(|client| async move {
            let seen = look(&client, args).await?;
            if seen.1.is_empty() {
                check_chroot(&client).await?;
            }
            Ok(seen)
        })
        .await?;
    if json {
        let contenders: Vec<Value> = places.iter().map(object).collect();
        output::json(&json!({ "path": path, "capacity": capacity, "contenders": contenders }))?;
    } else {
        output::text(&table(path, capacity, &places))?;
    }
    Ok(code::OK)
}

async fn look(client: &Client, args: &Args) -> Result<(Option<u32>, Vec<Place>), Error> {
    let (path, layout) = (args.path.as_str(), Layout::from(args.layout));
    let semaphore = permits::semaphore(client, path, 1, layout, args.stored_at.as_ref())?;
    let places = permits::places(&semaphore).await?;
    let capacity = match &args.stored_at {
        // Asked for one that is not there, it would store the number above.
        Some(node) if client.exists(node.as_str()).await?.is_some() => {
            Some(semaphore.capacity().await?)
        }
        _ => None,
    };
    Ok((capacity, places))
}

fn object(place: &Place) -> Value {
    let contender = &place.contender;
    json!({
        "state": place.state.word(),
        "permit": place.permit(),
        "text": contender.text,
        "since": since::rfc3339(since::millis(contender.since)),
        "since_ms": since::millis(contender.since),
        "session": contender.session.to_string(),
        "node": contender.node,
    })
}

fn table(path: &str, capacity: Option<u32>, places: &[Place]) -> String {
    let taken = places.iter().filter(|place| place.holds()).count();
    let mut text = match (capacity, taken) {
        (Some(capacity), taken) => format!("{taken} of {capacity} permits of {path} are taken\n"),
        (None, 0) => format!("nobody has a permit of {path}\n"),
        (None, 1) => format!("1 permit of {path} is taken\n"),
        (None, taken) => format!("{taken} permits of {path} are taken\n"),
    };
    if places.is_empty() {
        return text;
    }
    let header = ["", "PERMIT", "SINCE", "AGE", "SESSION", "CONTENDER", "NODE"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(places.iter().map(|place| {
        let contender = &place.contender;
        let age = SystemTime::now().duration_since(contender.since);
        vec![
            place.state.word().to_owned(),
            place
                .permit()
                .map_or_else(|| "-".to_owned(), |permit| permit.to_string()),
            since::rfc3339(since::millis(contender.since)),
            duration::show(age.unwrap_or_default()),
            contender.session.to_string(),
            output::printable(&contender.text),
            contender.node.clone(),
        ]
    }));
    text.push_str(&output::table(&rows));
    text
}
