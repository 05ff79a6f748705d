//! `zkctl rm`: deletes a node.

use serde_json::json;
use zk_recipes::ErrorKind;

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
                let deleted = client.delete(at).recursive().await;
                return deleted.map_err(|error| match error.kind() {
                    ErrorKind::Misuse => Failure::usage(format!(
                        "{} belongs to the servers; rm -r leaves it alone",
                        client.absolute(at)
                    )),
                    _ => error.into(),
                });
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
