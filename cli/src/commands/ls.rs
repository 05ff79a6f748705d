//! `zkctl ls`: the children of a node.

use serde_json::json;

use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::node_path::NodePath;
use crate::output;

/// Options of `ls`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Prints one name per line, in order. With --json: {\"path\": …, \"children\": [name, …]}.

Examples:
  zkctl ls
  zkctl ls /locks")]
pub(crate) struct Args {
    /// The node
    #[arg(default_value = "/")]
    path: NodePath,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let path = args.path.as_str();
    let mut children = connection
        .run(|client| async move { Ok(client.children(path).await?) })
        .await?;
    children.sort_unstable();
    if json {
        output::json(&json!({ "path": path, "children": children }))?;
    } else {
        output::text(
            &children
                .iter()
                .map(|name| format!("{name}\n"))
                .collect::<String>(),
        )?;
    }
    Ok(code::OK)
}
