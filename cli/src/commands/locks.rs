//! `zkctl locks`: who holds a lock, and who waits for it.

mod view;

use std::time::SystemTime;

use serde_json::{Value, json};
use zk_recipes::{Client, Contender, Family, Mutex};

use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::node_path::NodePath;
use crate::{duration, output, since};

/// Options of `locks`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Shows the contenders in the order in which they get the lock: the holder first. SINCE is when a contender
queued up, by the servers' clock. Contenders of Curator, go-zk and kazoo are shown, too.
With --json: {\"path\": …, \"contenders\": [{\"holds\": …, \"token\": …, \"since\": …, \"since_ms\": …, \"session\": …,
\"text\": …, \"node\": …, \"family\": …}, …]}.

With --watch a terminal shows the lock as it is, always; elsewhere each change is one such object on a line, and
{\"path\": …, \"event\": \"suspended\" | \"connected\" | \"expired\"} tells of the session.

Examples:
  zkctl locks /locks/nightly
  zkctl locks /locks/nightly --watch
  zkctl locks /locks/nightly --json | jq -r '.contenders[0].text'
  zkctl rm NODE   # takes the lock away from the contender with this node")]
pub(crate) struct Args {
    /// The lock
    path: NodePath,

    /// Show it again whenever it changes, until Ctrl-C
    #[arg(long, short)]
    watch: bool,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let path = args.path.as_str();
    if args.watch {
        return view::run(path, connection, json).await;
    }
    let contenders = connection
        .run(|client| async move {
            let contenders = Mutex::new(&client, path)?.contenders().await?;
            if contenders.is_empty() {
                check_chroot(&client).await?;
            }
            Ok(contenders)
        })
        .await?;
    if json {
        output::json(&list(path, &contenders))?;
    } else {
        output::text(&show(path, &contenders))?;
    }
    Ok(code::OK)
}

/// A lock that nobody ever took has no node; a chroot that is not there is a mistake.
async fn check_chroot(client: &Client) -> Result<(), Failure> {
    if matches!(client.exists("/").await, Ok(None)) {
        client.get("/").await?;
    }
    Ok(())
}

fn list(path: &str, contenders: &[Contender]) -> Value {
    let contenders: Vec<Value> = contenders.iter().map(object).collect();
    json!({ "path": path, "contenders": contenders })
}

fn object(contender: &Contender) -> Value {
    json!({
        "holds": contender.holds,
        "token": contender.token,
        "since": since::rfc3339(since::millis(contender.since)),
        "since_ms": since::millis(contender.since),
        "session": contender.session.to_string(),
        "text": contender.text,
        "node": contender.node,
        "family": family(contender.family),
    })
}

fn show(path: &str, contenders: &[Contender]) -> String {
    if contenders.is_empty() {
        return format!("{path} is free\n");
    }
    let header = ["", "TOKEN", "SINCE", "AGE", "SESSION", "CONTENDER", "NODE"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(contenders.iter().map(|contender| {
        let age = SystemTime::now()
            .duration_since(contender.since)
            .unwrap_or_default();
        let text = match contender.family {
            Family::Mutex => output::printable(&contender.text),
            other => format!("{} ({})", output::printable(&contender.text), family(other)),
        };
        vec![
            if contender.holds { "holds" } else { "waits" }.to_owned(),
            contender.token.to_string(),
            since::rfc3339(since::millis(contender.since)),
            duration::show(age),
            contender.session.to_string(),
            text,
            contender.node.clone(),
        ]
    }));
    output::table(&rows)
}

fn family(family: Family) -> &'static str {
    match family {
        Family::Mutex => "mutex",
        Family::Kazoo => "kazoo",
        Family::OtherKazoo => "kazoo read lock",
        _ => "other Curator recipe",
    }
}
