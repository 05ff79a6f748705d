//! `zkctl acl`: who may do what with a node.

use serde_json::json;
use zk_recipes::{Acl, Stat};

use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::node_path::NodePath;
use crate::output;

/// Options of `acl`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without entries it prints those of the node, one per line. With entries it puts them in place of the node's, all of
them, and prints nothing. An entry is SCHEME:ID:PERMISSIONS, with c create, d delete, r read, w write, a administer;
auth::cdrwa is for whoever --auth names. Passwords of digest entries are hashed (see `zkctl acl --digest`).
With --json: {\"path\": …, \"acl\": [\"world:anyone:r\", …], \"aversion\": number}.

Examples:
  zkctl acl /config
  zkctl acl /config world:anyone:r auth::cdrwa --auth digest:ann:secret
  zkctl acl /config --version 2 world:anyone:cdrwa
  zkctl acl --digest ann:secret                      # the entry for that user")]
pub(crate) struct Args {
    /// The node
    #[arg(required_unless_present = "digest")]
    path: Option<NodePath>,

    /// The new entries
    #[arg(value_name = "ENTRY")]
    entries: Vec<Acl>,

    /// Only if the ACL has this version (aversion of `zkctl stat`)
    #[arg(long, value_name = "N", requires = "entries", value_parser = clap::value_parser!(i32).range(0..))]
    version: Option<i32>,

    /// Print the entry that allows everything to this user, and do nothing else
    #[arg(long, value_name = "USER:PASSWORD", conflicts_with_all = ["path", "entries", "version"], value_parser = user)]
    digest: Option<(String, String)>,
}

// The text must not appear in the error: it may be a password.
fn user(text: &str) -> Result<(String, String), &'static str> {
    let parts = text.split_once(':').filter(|(user, _)| !user.is_empty());
    parts
        .map(|(user, password)| (user.to_owned(), password.to_owned()))
        .ok_or("write USER:PASSWORD")
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    if let Some((user, password)) = &args.digest {
        output::text(&format!("{}\n", Acl::digest(user, password)))?;
        return Ok(code::OK);
    }
    let Some(path) = &args.path else {
        return Err(Failure::usage("which node?"));
    };
    let path = path.as_str();
    let is_read = args.entries.is_empty();
    let (acl, stat): (Vec<Acl>, Stat) = connection
        .run(|client| async move {
            if is_read {
                return Ok(client.acl(path).await?);
            }
            let set = client.set_acl(path, args.entries.clone());
            let stat = match args.version {
                Some(version) => set.version(version).await?,
                None => set.await?,
            };
            Ok((args.entries, stat))
        })
        .await?;
    let entries = acl.iter().map(ToString::to_string);
    if json {
        let entries: Vec<String> = entries.collect();
        output::json(&json!({ "path": path, "acl": entries, "aversion": stat.aversion }))?;
    } else if is_read {
        let lines = entries.map(|entry| format!("{}\n", output::printable(&entry)));
        output::text(&lines.collect::<String>())?;
    }
    Ok(code::OK)
}
