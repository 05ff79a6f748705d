//! `zkctl queue ls`.

use serde_json::{Value, json};
use zk_recipes::Listed;

use super::place::Place;
use crate::commands::locks::picture::check_chroot;
use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::{output, since};

/// Options of `queue ls`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Lists the items in the order in which they are handed out, with whether somebody works on them, and what the layout knows
of them: priority, id, when they are due.
With --json: {\"path\": …, \"items\": [{\"node\": …, \"claimed\": …, \"priority\": …, \"id\": …, \"due\": …, \"due_ms\": …}, …]}, each null
where the layout has none.

Examples:
  zkctl queue ls /queues/jobs
  zkctl queue ls /queues/jobs --json | jq '.items | length'")]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,
}

pub(super) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let place = &args.place;
    let items = connection
        .run(|client| async move {
            let items = place.queue(&client)?.list().await?;
            if items.is_empty() {
                check_chroot(&client).await?;
            }
            Ok(items)
        })
        .await?;
    let path = args.place.path.as_str();
    if json {
        let items: Vec<Value> = items.iter().map(object).collect();
        output::json(&json!({ "path": path, "items": items }))?;
    } else if items.is_empty() {
        output::text(&format!("{path} is empty\n"))?;
    } else {
        let header = ["", "PRIORITY", "DUE", "ID", "NODE"];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        rows.extend(items.iter().map(row));
        output::text(&output::table(&rows))?;
    }
    Ok(code::OK)
}

fn object(item: &Listed) -> Value {
    let due = item.due.map(since::millis);
    json!({
        "node": item.node,
        "claimed": item.is_claimed,
        "priority": item.priority,
        "id": item.id,
        "due": due.map(since::rfc3339),
        "due_ms": due,
    })
}

fn row(item: &Listed) -> Vec<String> {
    let priority = item.priority.map(|priority| priority.to_string());
    let due = item.due.map(|due| since::rfc3339(since::millis(due)));
    vec![
        if item.is_claimed { "claimed" } else { "waits" }.to_owned(),
        priority.unwrap_or_default(),
        due.unwrap_or_default(),
        output::printable(item.id.as_deref().unwrap_or_default()),
        output::printable(&item.node),
    ]
}
