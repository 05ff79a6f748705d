//! `zkctl rm`: deletes a node.

use serde_json::json;
use zk_recipes::{Client, Error, ErrorKind, path};

use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::node_path::NodePath;
use crate::output;

/// Options of `rm`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Prints nothing. With --json: {\"path\": …, \"deleted\": how many nodes}.

Examples:
  zkctl rm /config/limit
  zkctl rm -r /config")]
pub(crate) struct Args {
    /// The node
    path: NodePath,

    /// Only if the data has this version (see `zkctl stat`)
    #[arg(long, value_name = "N", conflicts_with = "recursive", value_parser = clap::value_parser!(i32).range(0..))]
    version: Option<i32>,

    /// Delete everything below it, too; not atomic
    #[arg(short, long)]
    recursive: bool,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let at = args.path.as_str();
    if at == "/" {
        return Err(Failure::usage("the root cannot be deleted"));
    }
    let deleted = connection
        .run(|client| async move {
            if args.recursive {
                return delete_tree(&client, at).await;
            }
            let delete = client.delete(at);
            let deleted = match args.version {
                Some(version) => delete.version(version).await,
                None => delete.await,
            };
            match deleted {
                Ok(()) => Ok(1),
                Err(error) if error.kind() == ErrorKind::NotEmpty => {
                    Err(Failure::from(error).with_hint("-r deletes them, too"))
                }
                Err(error) => Err(error.into()),
            }
        })
        .await?;
    if json {
        output::json(&json!({ "path": at, "deleted": deleted }))?;
    }
    Ok(code::OK)
}

/// Deletes children before their parents; yields how many nodes there were.
async fn delete_tree(client: &Client, top: &str) -> Result<usize, Failure> {
    let absolute = client.absolute(top);
    if absolute == "/zookeeper" || absolute.starts_with("/zookeeper/") {
        return Err(Failure::usage(format!(
            "{absolute} belongs to the servers; rm -r leaves it alone"
        )));
    }
    let mut found = vec![top.to_owned()];
    let mut listed = 0;
    while listed < found.len() {
        let batch: Vec<_> = found
            .iter()
            .skip(listed)
            .take(BATCH)
            .map(|node| (node.clone(), client.children(node).submit()))
            .collect();
        listed += batch.len();
        for (node, children) in batch {
            match children.await {
                Ok(children) => found.extend(children.iter().map(|name| path::join(&node, name))),
                Err(error) if vanished(&error) && node != top => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    let mut deleted = 0;
    // Every node was found after its parent.
    found.reverse();
    for batch in found.chunks(BATCH) {
        let batch: Vec<_> = batch
            .iter()
            .map(|node| client.delete(node).submit())
            .collect();
        for delete in batch {
            match delete.await {
                Ok(()) => deleted += 1,
                Err(error) if vanished(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(deleted)
}

fn vanished(error: &Error) -> bool {
    error.kind() == ErrorKind::NoNode
}

/// How many requests are under way at a time.
const BATCH: usize = 256;
