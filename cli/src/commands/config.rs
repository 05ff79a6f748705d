//! `zkctl config`: which servers make up the ensemble.

use serde_json::{Value, json};
use zk_recipes::EnsembleConfig;

use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::output;

/// Options of `config`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Prints the ensemble's configuration as the servers keep it in /zookeeper/config: one line per server, and its version in
hexadecimal digits. A standalone server has none. With --json: {\"version\": \"100000003\", \"servers\": [{\"id\": …, \"role\": …,
\"peers\": …, \"client\": …}, …]}.

Examples:
  zkctl config
  zkctl config --json | jq -r '.servers[].client'")]
pub(crate) struct Args {}

pub(crate) async fn run(_args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let config = connection
        .run(|client| async move { Ok(client.config().await?) })
        .await?;
    show(&config, json)?;
    Ok(code::OK)
}

/// Prints a configuration.
pub(super) fn show(config: &EnsembleConfig, json: bool) -> Result<(), Failure> {
    let version = config.version.map(|version| format!("{version:x}"));
    if json {
        output::json(&object(config, version))?;
        return Ok(());
    }
    let servers = config.members.iter().map(ToString::to_string);
    let version = version.map(|version| format!("version={version}"));
    let lines = servers.chain(version);
    let lines = lines.map(|line| format!("{}\n", output::printable(&line)));
    output::text(&lines.collect::<String>())?;
    Ok(())
}

fn object(config: &EnsembleConfig, version: Option<String>) -> Value {
    let servers = config.members.iter().map(|member| {
        json!({
            "id": member.id,
            "role": member.role.to_string(),
            "peers": member.peers,
            "client": member.client,
        })
    });
    json!({ "version": version, "servers": servers.collect::<Vec<_>>() })
}
