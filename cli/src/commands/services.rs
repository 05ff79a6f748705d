//! `zkctl services`: services and their instances.

use serde_json::{Value, json};
use zk_recipes::discovery::{Discovery, Found, Instance};

use super::locks::picture::check_chroot;
use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::node_path::NodePath;
use crate::{output, since};

/// Options of `services`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
BASE is the path of Curator's service discovery, below which each service has a node. Without NAME it lists the services with
how many instances each has; with NAME its instances, one per line: whether it wants to be called (`up`) or is drained
(`drained`), its id, where it is, how long it stays (dynamic, static, permanent), since when by its own clock, and its payload.
Nodes that tell no instance are told on stderr.
With --json per service {\"service\": …, \"instances\": n, \"enabled\": n, \"broken\": n}; with NAME per instance {\"service\": …, \"id\": …,
\"address\": …, \"port\": …, \"ssl_port\": …, \"uri\": …, \"enabled\": …, \"kind\": …, \"since\": …, \"since_ms\": …, \"payload\": …}.

Examples:
  zkctl services /services
  zkctl services /services billing
  zkctl services /services billing --json | jq -r 'select(.enabled) | \"\\(.address):\\(.port)\"'")]
pub(crate) struct Args {
    /// Where the services are
    base: NodePath,

    /// One of them
    name: Option<String>,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    match &args.name {
        Some(name) => instances(args.base.as_str(), name, connection, json).await,
        None => services(args.base.as_str(), connection, json).await,
    }
}

async fn services(base: &str, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let services = connection
        .run(|client| async move {
            let discovery = Discovery::new(&client, base)?;
            let names = discovery.names().await?;
            if names.is_empty() {
                check_chroot(&client).await?;
            }
            let mut services = Vec::new();
            for name in names {
                let found = discovery.instances(&name).await?;
                services.push((name, found));
            }
            Ok(services)
        })
        .await?;
    let enabled = |found: &Found| found.instances.iter().filter(|one| one.enabled).count();
    if json {
        for (name, found) in &services {
            output::json(&json!({
                "service": name,
                "instances": found.instances.len(),
                "enabled": enabled(found),
                "broken": found.broken.len(),
            }))?;
        }
    } else if services.is_empty() {
        output::text(&format!("no services below {base}\n"))?;
    } else {
        let header = ["SERVICE", "INSTANCES", "UP"];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        rows.extend(services.iter().map(|(name, found)| {
            let counts = [found.instances.len(), enabled(found)];
            let counts = counts.map(|count| count.to_string());
            [&[output::printable(name)][..], &counts].concat()
        }));
        output::text(&output::table(&rows))?;
    }
    for (name, found) in &services {
        tell_broken(base, name, found);
    }
    Ok(code::OK)
}

async fn instances(
    base: &str,
    name: &str,
    connection: &Connection,
    json: bool,
) -> Result<u8, Failure> {
    let found = connection
        .run(|client| async move {
            let found = Discovery::new(&client, base)?.instances(name).await?;
            if found.instances.is_empty() {
                check_chroot(&client).await?;
            }
            Ok(found)
        })
        .await?;
    if json {
        for instance in &found.instances {
            output::json(&object(instance))?;
        }
    } else if found.instances.is_empty() {
        let name = output::printable(name);
        output::text(&format!("no instances of {name} below {base}\n"))?;
    } else {
        let header = ["", "ID", "ADDRESS", "KIND", "SINCE", "PAYLOAD"];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        rows.extend(found.instances.iter().map(row));
        output::text(&output::table(&rows))?;
    }
    tell_broken(base, name, &found);
    Ok(code::OK)
}

fn tell_broken(base: &str, name: &str, found: &Found) {
    for broken in &found.broken {
        let node = output::printable(&format!("{base}/{name}/{}", broken.node));
        let why = output::printable(&broken.why.to_string());
        crate::exit::say(format_args!("{node} tells no instance: {why}"));
    }
}

/// An instance as an object.
pub(crate) fn object(instance: &Instance) -> Value {
    let since = Some(instance.registered_millis).filter(|millis| *millis != 0);
    json!({
        "service": instance.name,
        "id": instance.id,
        "address": instance.address,
        "port": instance.port,
        "ssl_port": instance.ssl_port,
        "uri": instance.uri(),
        "enabled": instance.enabled,
        "kind": instance.kind.name().to_ascii_lowercase(),
        "since": since.map(since::rfc3339),
        "since_ms": since,
        "payload": instance.payload.as_ref().map(|payload| payload.plain()),
    })
}

fn row(instance: &Instance) -> Vec<String> {
    let since = Some(instance.registered_millis).filter(|millis| *millis != 0);
    let address = instance.authority().or_else(|| instance.address.clone());
    let payload = instance
        .payload
        .as_ref()
        .map(|payload| match payload.as_str() {
            Some(text) => text.to_owned(),
            None => payload.plain().to_string(),
        });
    vec![
        if instance.enabled { "up" } else { "drained" }.to_owned(),
        output::printable(&instance.id),
        output::printable(&address.unwrap_or_default()),
        instance.kind.name().to_ascii_lowercase(),
        since.map_or_else(String::new, since::rfc3339),
        output::printable(&payload.unwrap_or_default()),
    ]
}
