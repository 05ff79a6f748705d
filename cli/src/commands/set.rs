//! `zkctl set`: replaces the data of a node.

use std::ffi::OsString;

use serde_json::json;

use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::node_path::NodePath;
use crate::{output, value};

/// Options of `set`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Prints nothing. With --json: {\"path\": …, \"stat\": {…}}.

Examples:
  zkctl set /config/limit 200
  zkctl set /config/limit --version 3 200   # only if nobody changed it since
  zkctl set /config/key - < key.bin")]
pub(crate) struct Args {
    /// The node
    path: NodePath,

    /// The new data; - reads it from stdin
    value: OsString,

    /// Only if the data has this version (see `zkctl stat`)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    version: Option<i32>,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    connection.servers()?;
    let path = args.path.as_str();
    let data = value::read(args.value)?;
    let stat = connection
        .run(|client| async move {
            let set = client.set(path, data);
            Ok(match args.version {
                Some(version) => set.version(version),
                None => set,
            }
            .await?)
        })
        .await?;
    if json {
        output::json(&json!({ "path": path, "stat": output::stat(&stat) }))?;
    }
    Ok(code::OK)
}
