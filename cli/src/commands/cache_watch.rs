//! `zkctl cache-watch`: follows a part of the tree as a cache does.

use std::time::SystemTime;

use serde_json::{Map, Value};
use zk_recipes::{
    CacheChange, CacheLoading, CachedNode, ChildrenCache, Client, NodeCache, TreeCache,
};

use super::locks::picture::check_chroot;
use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::node_path::NodePath;
use crate::{output, since, until};

/// Options of `cache-watch`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Keeps a picture of the node and everything below it, and prints a line per change: time, what, path, size. `zkctl watch`
tells that something happened; this tells what it is now, also after an outage, and what the difference came to:
  loaded     all was read; so many nodes (--initial prints each as `exists`)
  created, updated, deleted
  recreated  deleted and made again; it is another node
  stale      the connection is down: from here on the picture may be behind
  fresh      all was read again, and the difference was told before
  lagged     so much changed at a time that changes were left out; --initial is said again
Writes that follow each other quickly are told as one. The node need not exist.
With --json: {\"event\": …, \"path\": …, \"data\": … or \"data_base64\": …, \"stat\": {…}, \"at\": …, \"at_ms\": …}; \"data\" and \"stat\" but for
deleted, \"nodes\" and \"zxid\" (all up to there is in the picture) for loaded and lagged, \"zxid\" for fresh.

Examples:
  zkctl cache-watch /config
  zkctl cache-watch /services --children --json | jq --unbuffered -r 'select(.event == \"created\").path'
  zkctl cache-watch /config/limit --node --count 1")]
pub(crate) struct Args {
    /// The node at the top
    path: NodePath,

    /// The node and its children only
    #[arg(long, conflicts_with = "node")]
    children: bool,

    /// The node alone
    #[arg(long)]
    node: bool,

    /// Print the nodes that are there when all is read
    #[arg(long)]
    initial: bool,

    /// End after this many changes of nodes
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let args = &args;
    until::told(connection, |client| async move {
        check_chroot(&client).await?;
        let teller = Teller {
            json,
            initial: args.initial,
            left: args.count,
        };
        let path = args.path.as_str();
        match (args.node, args.children) {
            (true, _) => follow(NodeCache::new(&client, path)?.keep(), &client, teller).await,
            (_, true) => follow(ChildrenCache::new(&client, path)?.keep(), &client, teller).await,
            _ => follow(TreeCache::new(&client, path)?.keep(), &client, teller).await,
        }
    })
    .await
}

async fn follow<D>(
    (loading, driver): (CacheLoading, D),
    client: &Client,
    mut teller: Teller,
) -> Result<u8, Failure>
where
    D: Future<Output = Result<(), zk_recipes::Error>>,
{
    let told = async {
        let cache = loading.loaded().await?;
        let mut changes = cache.changes();
        while let Some(change) = changes.next().await {
            if teller.tell(&change)? {
                break;
            }
        }
        Ok::<_, Failure>(code::OK)
    };
    tokio::pin!(told, driver);
    tokio::select! {
        biased;
        told = &mut told => told,
        ended = &mut driver => match ended {
            // What was read before is still told.
            Ok(()) => told.await,
            Err(error) => Err(client.explain(error).await.into()),
        }
    }
}

/// Prints lines.
struct Teller {
    json: bool,
    initial: bool,
    /// How many changes are still wanted.
    left: Option<u64>,
}

impl Teller {
    /// Tells a change; true if that was the last wanted.
    fn tell(&mut self, change: &CacheChange) -> Result<bool, Failure> {
        let (event, node) = match change {
            CacheChange::Snapshot(all) | CacheChange::Lagged(all) => {
                let event = match change {
                    CacheChange::Lagged(_) => "lagged",
                    _ => "loaded",
                };
                let count = all.len();
                let more = [
                    ("nodes", count.into()),
                    ("zxid", all.as_of().as_raw().into()),
                ];
                let plural = if count == 1 { "" } else { "s" };
                self.line(event, None, None, &format!("{count} node{plural}"), &more)?;
                if self.initial {
                    for (path, node) in all.nodes() {
                        self.line("exists", Some(&path), Some(&node), "", &[])?;
                    }
                }
                return Ok(false);
            }
            CacheChange::Stale => {
                self.line("stale", None, None, "", &[])?;
                return Ok(false);
            }
            CacheChange::Fresh { as_of } => {
                self.line("fresh", None, None, "", &[("zxid", as_of.as_raw().into())])?;
                return Ok(false);
            }
            CacheChange::Created { node, .. } => ("created", Some(node)),
            CacheChange::Updated { node, .. } => ("updated", Some(node)),
            CacheChange::Recreated { node, .. } => ("recreated", Some(node)),
            CacheChange::Deleted { .. } => ("deleted", None),
            _ => return Ok(false),
        };
        self.line(event, change.path(), node, "", &[])?;
        if let Some(left) = &mut self.left {
            *left -= 1;
        }
        Ok(self.left == Some(0))
    }

    fn line(
        &self,
        event: &str,
        path: Option<&str>,
        node: Option<&CachedNode>,
        text: &str,
        more: &[(&str, Value)],
    ) -> Result<(), Failure> {
        let millis = since::millis(SystemTime::now());
        let at = since::rfc3339(millis);
        if self.json {
            let mut object = Map::new();
            object.insert("event".to_owned(), event.into());
            if let Some(path) = path {
                object.insert("path".to_owned(), path.into());
            }
            if let Some(node) = node {
                output::put_bytes(&mut object, "data", node.data());
                object.insert("stat".to_owned(), output::stat(node.stat()));
            }
            for (name, value) in more {
                object.insert((*name).to_owned(), value.clone());
            }
            object.insert("at".to_owned(), at.into());
            object.insert("at_ms".to_owned(), millis.into());
            output::json(&Value::from(object))?;
        } else {
            let path = output::printable(path.unwrap_or(text));
            let size = node.map_or_else(String::new, |node| format!("{} bytes", node.data().len()));
            let line = format!("{at}  {event:<9}  {path}  {size}");
            output::text(&format!("{}\n", line.trim_end()))?;
        }
        Ok(())
    }
}
