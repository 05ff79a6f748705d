//! `zkctl stat`: the metadata of a node.

use serde_json::json;
use zk_recipes::{Stat, Zxid};

use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::node_path::NodePath;
use crate::{output, since};

/// Options of `stat`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With --json: {\"path\": …, \"stat\": {\"czxid\": number, …, \"ctime\": milliseconds since 1970, …}}.

Example:
  zkctl stat /config/limit")]
pub(crate) struct Args {
    /// The node
    path: NodePath,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let path = args.path.as_str();
    let stat = connection
        .run(|client| async move {
            match client.exists(path).await? {
                Some(stat) => Ok(stat),
                // Fails like every read of a missing node, and says what is missing.
                None => Ok(client.get(path).await?.stat),
            }
        })
        .await?;
    if json {
        output::json(&json!({ "path": path, "stat": output::stat(&stat) }))?;
    } else {
        output::text(&show(path, &stat))?;
    }
    Ok(code::OK)
}

fn show(path: &str, stat: &Stat) -> String {
    let owner = if stat.ephemeral_owner.is_none() {
        "none".to_owned()
    } else {
        format!("session {}", stat.ephemeral_owner)
    };
    let rows = [
        ("path", path.to_owned()),
        ("data", format!("{} bytes", stat.data_length)),
        ("children", stat.num_children.to_string()),
        ("version", stat.version.to_string()),
        ("cversion", stat.cversion.to_string()),
        ("aversion", stat.aversion.to_string()),
        (
            "created",
            format!(
                "{}  {}",
                since::rfc3339(stat.ctime),
                zxid("czxid", stat.czxid)
            ),
        ),
        (
            "modified",
            format!(
                "{}  {}",
                since::rfc3339(stat.mtime),
                zxid("mzxid", stat.mzxid)
            ),
        ),
        ("children changed", zxid("pzxid", stat.pzxid)),
        ("ephemeral owner", owner),
    ];
    output::table(&rows.map(|(name, value)| vec![name.to_owned(), value]))
}

fn zxid(name: &str, zxid: Zxid) -> String {
    format!("{name} {}", zxid.as_raw())
}
