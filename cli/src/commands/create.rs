//! `zkctl create`: creates a node.

use std::ffi::OsString;
use std::time::Duration;

use serde_json::json;
use zk_recipes::{CreateMode, ErrorKind, path};

use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::{duration, node_path, output, value};

/// Options of `create`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Prints the path of the node. With --json: {\"path\": …, \"stat\": {…}}.

Examples:
  zkctl create /config
  zkctl create -p /config/limits/daily 100
  zkctl create --sequential /jobs/job- '{\"id\": 7}'   # prints /jobs/job-0000000000")]
pub(crate) struct Args {
    /// The node
    #[arg(value_parser = node_path::parse_prefix)]
    path: String,

    /// Its data; - reads it from stdin. Default: none
    value: Option<OsString>,

    /// Create missing parents, too
    #[arg(short, long)]
    parents: bool,

    /// Append a number that counts up to the name
    #[arg(long)]
    sequential: bool,

    /// Let the server delete the node some time after its last child
    #[arg(long, conflicts_with_all = ["sequential", "ttl"])]
    container: bool,

    /// Let the server delete the node when nobody changed it for so long and it has no children
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_positive)]
    ttl: Option<Duration>,
}

impl Args {
    fn mode(&self) -> CreateMode {
        match (self.container, self.sequential, self.ttl) {
            (true, ..) => CreateMode::Container,
            (false, false, None) => CreateMode::Persistent,
            (false, true, None) => CreateMode::PersistentSequential,
            (false, false, Some(_)) => CreateMode::PersistentTtl,
            (false, true, Some(_)) => CreateMode::PersistentSequentialTtl,
        }
    }
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    connection.servers()?;
    if !args.sequential && path::validate(&args.path).is_err() {
        return Err(Failure::usage(format!(
            "cannot create {}: only the prefix of a --sequential node may end like this",
            args.path
        )));
    }
    let mode = args.mode();
    let data = args.value.map(value::read).transpose()?.unwrap_or_default();
    let path = args.path.as_str();
    let result = connection
        .run(|client| async move {
            let mut create = client.create(path, data).mode(mode);
            if let Some(ttl) = args.ttl {
                create = create.ttl(ttl);
            }
            let created = if args.parents {
                create.parents().await
            } else {
                create.await
            };
            created.map_err(|error| {
                let is_missing = error.kind() == ErrorKind::Unimplemented && args.ttl.is_some();
                let failure = Failure::from(error);
                if is_missing {
                    failure.with_hint(TTL_HINT)
                } else {
                    failure
                }
            })
        })
        .await;
    let created = result?;
    if json {
        output::json(&json!({ "path": created.path, "stat": output::stat(&created.stat) }))?;
    } else {
        output::text(&format!("{}\n", created.path))?;
    }
    Ok(code::OK)
}

const TTL_HINT: &str =
    "servers refuse --ttl unless they run with zookeeper.extendedTypesEnabled=true";
