//! `zkctl services`: services and their instances.

mod follow;
mod shown;

use serde_json::json;
use zk_recipes::discovery::{Discovery, Found, Instance};

use self::shown::{address, object, state};
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

With --watch, a line per instance that is there (`exists`) and per change: time, added, changed or removed, id, state, address;
and `stale` when the connection is down, `fresh` when all was read again and the difference was told.

With --json per service {\"service\": …, \"instances\": n, \"enabled\": n, \"broken\": n}; with NAME per instance {\"service\": …, \"id\": …,
\"address\": …, \"port\": …, \"ssl_port\": …, \"uri\": …, \"enabled\": …, \"kind\": …, \"since\": …, \"since_ms\": …, \"payload\": …}; with --watch {\"event\": …, \"at\": …,
\"at_ms\": …, \"id\": …, \"instance\": {…} or null}.

Examples:
  zkctl services /services
  zkctl services /services billing
  zkctl services /services billing --watch
  zkctl services /services billing --json | jq -r 'select(.enabled) | \"\\(.address):\\(.port)\"'")]
pub(crate) struct Args {
    /// Where the services are
    base: NodePath,

    /// One of them
    name: Option<String>,

    /// Tell what becomes of its instances, until Ctrl-C
    #[arg(long, short, requires = "name")]
    watch: bool,

    /// With --watch: end after this many changes
    #[arg(long, short = 'n', value_name = "N", requires = "watch", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    match &args.name {
        Some(name) if args.watch => {
            follow::run(args.base.as_str(), name, args.count, connection, json).await
        }
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

fn row(instance: &Instance) -> Vec<String> {
    let since = Some(instance.registered_millis).filter(|millis| *millis != 0);
    let payload = instance
        .payload
        .as_ref()
        .map(|payload| match payload.as_str() {
            Some(text) => text.to_owned(),
            None => payload.plain().to_string(),
        });
    vec![
        state(instance).to_owned(),
        output::printable(&instance.id),
        output::printable(&address(instance)),
        instance.kind.name().to_ascii_lowercase(),
        since.map_or_else(String::new, since::rfc3339),
        output::printable(&payload.unwrap_or_default()),
    ]
}
