//! `zkctl quota`: limits on what is below a node.

use serde_json::{Value, json};
use zk_recipes::{ErrorKind, Quota, QuotaLimits};

use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::node_path::NodePath;
use crate::output;

/// Options of `quota`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without limits it lists the quotas of the node and of all nodes below it (without a node: of all), with what is used;
- is no limit. With limits it sets those of the node, in place of all it had, and prints nothing. A soft limit makes the
servers log, a hard one makes them refuse (from 3.7, with enforceQuota=true on every server). Quotas do not nest.
With --json one object per quota: {\"path\": …, \"limits\": {\"count\": …, \"bytes\": …, \"hard_count\": …, \"hard_bytes\": …},
\"usage\": {\"count\": …, \"bytes\": …}}.

Examples:
  zkctl quota
  zkctl quota /app --count 10000 --hard-bytes 1000000
  zkctl quota /app --delete")]
pub(crate) struct Args {
    /// The node
    path: Option<NodePath>,

    /// Soft limit of nodes, the node included
    #[arg(long, value_name = "NODES", requires = "path")]
    count: Option<u64>,

    /// Soft limit of bytes of data
    #[arg(long, value_name = "BYTES", requires = "path")]
    bytes: Option<u64>,

    /// Hard limit of nodes, the node included
    #[arg(long, value_name = "NODES", requires = "path")]
    hard_count: Option<u64>,

    /// Hard limit of bytes of data
    #[arg(long, value_name = "BYTES", requires = "path")]
    hard_bytes: Option<u64>,

    /// Take the node's quota away
    #[arg(long, requires = "path", conflicts_with_all = ["count", "bytes", "hard_count", "hard_bytes"])]
    delete: bool,
}

impl Args {
    fn limits(&self) -> QuotaLimits {
        let mut limits = QuotaLimits::new();
        limits.count = self.count;
        limits.bytes = self.bytes;
        limits.hard_count = self.hard_count;
        limits.hard_bytes = self.hard_bytes;
        limits
    }
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let at = args.path.as_ref().map_or("/", NodePath::as_str);
    let limits = args.limits();
    let quotas = connection
        .run(|client| async move {
            if args.delete {
                let had_one = client.delete_quota(at).await?;
                return match had_one {
                    true => Ok(None),
                    false => Err(Failure::new(code::REFUSED, format!("{at} has no quota"))),
                };
            }
            if !limits.is_unlimited() {
                let set = client.set_quota(at, limits).await;
                set.map_err(|error| match error.kind() {
                    // A quota above or below is in the way.
                    ErrorKind::Misuse => Failure::new(code::REFUSED, error),
                    _ => error.into(),
                })?;
                return Ok(None);
            }
            Ok(Some(client.quotas(at).await?))
        })
        .await?;
    let Some(quotas) = quotas else {
        if json {
            output::json(&json!({ "path": at }))?;
        }
        return Ok(code::OK);
    };
    if json {
        for quota in &quotas {
            output::json(&object(quota))?;
        }
    } else if !quotas.is_empty() {
        output::text(&table(&quotas))?;
    }
    Ok(code::OK)
}

fn object(quota: &Quota) -> Value {
    let Quota {
        path,
        limits,
        usage,
        ..
    } = quota;
    json!({
        "path": path,
        "limits": {
            "count": limits.count,
            "bytes": limits.bytes,
            "hard_count": limits.hard_count,
            "hard_bytes": limits.hard_bytes,
        },
        "usage": { "count": usage.count, "bytes": usage.bytes },
    })
}

fn table(quotas: &[Quota]) -> String {
    let header = ["PATH", "NODES", "SOFT", "HARD", "BYTES", "SOFT", "HARD"];
    let limit =
        |limit: Option<u64>| limit.map_or_else(|| "-".to_owned(), |limit| limit.to_string());
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(quotas.iter().map(|quota| {
        vec![
            output::printable(&quota.path),
            quota.usage.count.to_string(),
            limit(quota.limits.count),
            limit(quota.limits.hard_count),
            quota.usage.bytes.to_string(),
            limit(quota.limits.bytes),
            limit(quota.limits.hard_bytes),
        ]
    }));
    output::table(&rows)
}
