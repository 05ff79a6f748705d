//! `zkctl whoami`: the identities of the connection.

use serde_json::json;

use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::output;

/// Options of `whoami`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Prints one identity per line, as ACLs are checked against them; every connection has one of the scheme ip. Needs
servers from 3.7. With --json: {\"scheme\": …, \"user\": …} per line.

Examples:
  zkctl whoami
  zkctl whoami --auth digest:ann:secret")]
pub(crate) struct Args {}

pub(crate) async fn run(_args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let mut identities = connection
        .run(|client| async move { Ok(client.whoami().await?) })
        .await?;
    identities.sort_by(|a, b| (&a.auth_scheme, &a.user).cmp(&(&b.auth_scheme, &b.user)));
    if json {
        for identity in &identities {
            output::json(&json!({ "scheme": identity.auth_scheme, "user": identity.user }))?;
        }
    } else {
        let printed = identities.iter().map(|identity| {
            let line = format!("{}:{}", identity.auth_scheme, identity.user);
            format!("{}\n", output::printable(&line))
        });
        output::text(&printed.collect::<String>())?;
    }
    Ok(code::OK)
}
