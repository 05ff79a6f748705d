//! `zkctl queue put`.

use std::ffi::OsString;
use std::time::Duration;

use serde_json::json;
use zk_recipes::{Entry, Placed};

use super::place::Place;
use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::{duration, output, value};

/// Options of `queue put`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Prints the node of each item, in the order in which they were put; `taken` if somebody had it before that could be told.
An item whose answer is lost is put once. With --lines a hundred at a time are put in one transaction; if it fails, it says
how many were put.
With --json per item: {\"path\": …, \"node\": … or null, \"zxid\": …}.

Exits with 75 if there was no room within --timeout.

Examples:
  zkctl queue put /queues/jobs 'resize 17'
  zkctl queue put /queues/jobs --lines < jobs.txt
  zkctl queue put /queues/jobs --layout priority --priority -1 urgent
  zkctl queue put /queues/mails --layout delay --due-in 10m reminder
  zkctl queue put /queues/jobs --bound 1000 --timeout 10s 'resize 18'")]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,

    /// The item; - reads it from stdin
    #[arg(required_unless_present = "lines")]
    item: Option<OsString>,

    /// Put each line of stdin as an item
    #[arg(long, conflicts_with_all = ["item", "id"])]
    lines: bool,

    /// Its priority: lower numbers come first
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    priority: Option<i32>,

    /// Do not hand it out before this has passed
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    due_in: Option<Duration>,

    /// Its id
    #[arg(long, value_name = "TEXT")]
    id: Option<String>,

    /// Wait while there are so many items
    #[arg(long, value_name = "N")]
    bound: Option<usize>,

    /// Wait no longer than this, else exit with 75
    #[arg(long, short, value_name = "DURATION", value_parser = duration::parse, requires = "bound")]
    timeout: Option<Duration>,
}

pub(super) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    connection.servers()?;
    let bytes = match &args.item {
        Some(item) => value::read(item.clone())?,
        None => value::read("-".into())?,
    };
    let entries: Vec<Entry> = match args.lines {
        true => lines(&bytes).map(|line| args.entry(line)).collect(),
        false => vec![args.entry(&bytes)],
    };
    let path = args.place.path.as_str();
    let args = &args;
    connection
        .run(|client| async move {
            let mut queue = args.place.queue(&client)?;
            if let Some(bound) = args.bound {
                queue = queue.bound(bound);
            }
            let mut done = 0;
            for portion in entries.chunks(PORTION) {
                let mut put = queue.put_all(portion.to_vec());
                if let Some(limit) = args.timeout {
                    put = put.timeout(limit);
                }
                let placed = match put.await {
                    Ok(placed) => placed,
                    Err(error) if done > 0 => {
                        let hint = format!("{done} items were put before");
                        return Err(Failure::from(error).with_hint(&hint));
                    }
                    Err(error) => return Err(error.into()),
                };
                done += placed.len();
                show(path, &placed, json)?;
            }
            Ok(())
        })
        .await?;
    Ok(code::OK)
}

impl Args {
    fn entry(&self, data: &[u8]) -> Entry {
        let mut entry = Entry::new(data.to_vec());
        if let Some(priority) = self.priority {
            entry = entry.priority(priority);
        }
        if let Some(delay) = self.due_in {
            entry = entry.due_in(delay);
        }
        if let Some(id) = &self.id {
            entry = entry.id(id.as_str());
        }
        entry
    }
}

/// The lines of a text, also of one whose last line has no end.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let lines = (!bytes.is_empty()).then(|| bytes.split(|byte| *byte == b'\n'));
    lines.into_iter().flatten()
}

fn show(path: &str, placed: &[Placed], json: bool) -> Result<(), Failure> {
    for placed in placed {
        let node = placed.node.as_deref();
        if json {
            let zxid = placed.zxid.as_raw();
            output::json(&json!({ "path": path, "node": node, "zxid": zxid }))?;
        } else {
            output::text(&format!("{}\n", output::printable(node.unwrap_or("taken"))))?;
        }
    }
    Ok(())
}

/// How many items are put in one transaction: enough to make the round trip count for little.
const PORTION: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_an_item_and_no_line_is_none() {
        let split = |text: &str| lines(text.as_bytes()).map(<[u8]>::len).collect::<Vec<_>>();
        assert_eq!(split(""), [0; 0]);
        assert_eq!(split("\n"), [0; 0]);
        assert_eq!(split("a\nbb"), [1, 2]);
        assert_eq!(split("a\n\nbb\n"), [1, 0, 2]);
    }
}
