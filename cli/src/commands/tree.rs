//! `zkctl tree`: a node and everything below it.

use std::collections::VecDeque;

use serde_json::json;
use zk_recipes::{Client, ErrorKind, Stat, path};

use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::node_path::NodePath;
use crate::output;

/// Options of `tree`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Shows the size of each node's data, how many children it has, and whether it is ephemeral. Reads node by node:
what changes meanwhile may be shown as it was or as it is.
With --json one object per node, parents first: {\"path\": …, \"depth\": …, \"stat\": {…}}; \"stat\" is null for a
node that may not be read.

Examples:
  zkctl tree
  zkctl tree /config --depth 2
  zkctl tree / --json | jq -r 'select(.stat.data_length > 100000).path'")]
pub(crate) struct Args {
    /// The node at the top
    #[arg(default_value = "/")]
    path: NodePath,

    /// How many levels below it to show; 0: only the node itself. Default: all
    #[arg(long, short, value_name = "N")]
    depth: Option<usize>,
}

/// A node, and where its children are in the list of all.
struct Node {
    path: String,
    depth: usize,
    /// `None` if it may not be read.
    stat: Option<Stat>,
    children: Vec<usize>,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let top = args.path.as_str();
    let depth = args.depth.unwrap_or(usize::MAX);
    let nodes = connection
        .run(|client| async move { collect(&client, top, depth).await })
        .await?;
    let mut text = String::new();
    if json {
        for place in parents_first(&nodes) {
            if let Some(node) = nodes.get(place) {
                let stat = node.stat.as_ref().map(output::stat);
                let object = json!({ "path": node.path, "depth": node.depth, "stat": stat });
                text.push_str(&format!("{object}\n"));
            }
        }
    } else {
        draw(&nodes, &mut text);
    }
    output::text(&text)?;
    Ok(code::OK)
}

/// Level by level, with many requests under way.
async fn collect(client: &Client, top: &str, depth: usize) -> Result<Vec<Node>, Failure> {
    // A missing top is an error worth explaining; what vanishes below it is none.
    let (mut names, stat) = client.children(top).with_stat().await?;
    names.sort_unstable();
    let terse = client.terse();
    let mut nodes = vec![Node {
        path: top.to_owned(),
        depth: 0,
        stat: Some(stat),
        children: Vec::new(),
    }];
    // Parents with the names of children not asked about yet, the last first.
    names.reverse();
    let mut open = VecDeque::from([(0, names)]);
    while !open.is_empty() {
        let mut asked = Vec::new();
        while asked.len() < BATCH {
            let Some((parent, mut names)) = open.pop_front() else {
                break;
            };
            let Some(node) = nodes.get(parent).filter(|node| node.depth < depth) else {
                continue;
            };
            while asked.len() < BATCH {
                let Some(name) = names.pop() else { break };
                let child = path::join(&node.path, &name);
                let listed = terse.children(&child).with_stat().submit();
                asked.push((parent, node.depth + 1, child, listed));
            }
            if !names.is_empty() {
                open.push_front((parent, names));
            }
        }
        for (parent, level, path, listed) in asked {
            let (mut names, stat) = match listed.await {
                Ok((names, stat)) => (names, Some(stat)),
                Err(error) if error.kind() == ErrorKind::NoNode => continue,
                Err(error) if error.kind() == ErrorKind::NoAuth => (Vec::new(), None),
                Err(error) => return Err(error.into()),
            };
            let place = nodes.len();
            nodes.push(Node {
                path,
                depth: level,
                stat,
                children: Vec::new(),
            });
            if let Some(parent) = nodes.get_mut(parent) {
                parent.children.push(place);
            }
            names.sort_unstable();
            names.reverse();
            open.push_back((place, names));
        }
    }
    Ok(nodes)
}

/// The places of all nodes, each before its children.
fn parents_first(nodes: &[Node]) -> Vec<usize> {
    let mut order = Vec::with_capacity(nodes.len());
    let mut stack = vec![0];
    while let Some(place) = stack.pop() {
        order.push(place);
        if let Some(node) = nodes.get(place) {
            stack.extend(node.children.iter().rev());
        }
    }
    order
}

fn draw(nodes: &[Node], text: &mut String) {
    // What stands in front of a node's branch, and whether it is the last of its siblings.
    let mut stack = vec![(0, String::new(), true)];
    while let Some((place, front, is_last)) = stack.pop() {
        let Some(node) = nodes.get(place) else {
            continue;
        };
        let (branch, below) = match (node.depth, is_last) {
            (0, _) => ("", ""),
            (_, true) => ("└── ", "    "),
            (_, false) => ("├── ", "│   "),
        };
        let name = if node.depth == 0 {
            node.path.as_str()
        } else {
            path::name(&node.path)
        };
        let name = output::printable(name);
        text.push_str(&format!("{front}{branch}{name}  {}\n", describe(node)));
        let front = format!("{front}{below}");
        let last = node.children.last();
        stack.extend(
            node.children
                .iter()
                .rev()
                .map(|child| (*child, front.clone(), Some(child) == last)),
        );
    }
    let bytes: i64 = nodes
        .iter()
        .filter_map(|node| node.stat.as_ref())
        .map(|stat| i64::from(stat.data_length))
        .sum();
    let count = nodes.len();
    let plural = if count == 1 { "" } else { "s" };
    text.push_str(&format!("{count} node{plural}, {bytes} bytes\n"));
}

fn describe(node: &Node) -> String {
    let Some(stat) = &node.stat else {
        return "(no permission)".to_owned();
    };
    let mut text = format!("{} bytes", stat.data_length);
    match stat.num_children {
        0 => {}
        1 => text.push_str(", 1 child"),
        count => text.push_str(&format!(", {count} children")),
    }
    if !stat.ephemeral_owner.is_none() {
        text.push_str(&format!(", ephemeral of session {}", stat.ephemeral_owner));
    }
    text
}

/// How many requests are under way at a time.
const BATCH: usize = 256;
