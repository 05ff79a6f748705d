//! `zkctl get`: the data of a node.

use serde_json::{Map, Value};

use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::node_path::NodePath;
use crate::output;

/// Options of `get`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Prints the bytes as they are, without a newline. With --json: {\"path\": …, \"data\": text, \"stat\": {…}}, with
\"data_base64\" in the place of \"data\" if the bytes are not UTF-8.

Examples:
  zkctl get /config/limit
  zkctl get /config/key > key.bin")]
pub(crate) struct Args {
    /// The node
    path: NodePath,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let path = args.path.as_str();
    let node = connection
        .run(|client| async move { Ok(client.get(path).await?) })
        .await?;
    if json {
        let mut object = Map::new();
        object.insert("path".to_owned(), path.into());
        output::put_bytes(&mut object, "data", &node.data);
        object.insert("stat".to_owned(), output::stat(&node.stat));
        output::json(&Value::from(object))?;
    } else {
        output::bytes(&node.data)?;
    }
    Ok(code::OK)
}
