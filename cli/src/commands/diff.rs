//! `zkctl diff`: how two trees differ.

use std::cmp::Ordering;
use std::str::FromStr;

use serde_json::json;
use zk_recipes::Client;

use crate::archive::entry::{Entry, Mode};
use crate::archive::file::Archive;
use crate::archive::header::Consistency;
use crate::archive::live::Live;
use crate::archive::order;
use crate::connect::{Connection, SESSION_TIMEOUT};
use crate::exit::{Failure, code, say};
use crate::node_path::NodePath;
use crate::output;
use crate::progress::Progress;

/// Options of `diff`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A and B are each a node, for the tree below it, or @FILE, for a file that `zkctl export` wrote (@- is stdin). Prints a line per
node that differs, by its path below the top: + is only in B, - only in A, ~ is in both and has other data, another ACL, or is
ephemeral in one alone (mode). Versions and times are not compared, ephemeral nodes only when told.
With --json: {\"path\": …, \"change\": \"added\" | \"removed\" | \"changed\", \"differs\": [\"data\", \"mode\", \"acl\"]}.

Exits with 0 if they are the same, 1 if they differ, 2 if a tree cannot be read (where other commands exit with 1).

Trees that change meanwhile are compared node by node, as each was when it was read; that is told.

Examples:
  zkctl diff @monday.jsonl @tuesday.jsonl
  zkctl diff @config.jsonl /config && echo unchanged
  zkctl diff /config /config --other zk9:2181
  zkctl diff /blue /green --no-acl")]
pub(crate) struct Args {
    /// A tree, or @FILE
    a: Side,

    /// Another one
    b: Side,

    /// B is on these servers
    #[arg(long, value_name = "SERVERS")]
    other: Option<String>,

    /// Do not compare ACLs
    #[arg(long)]
    no_acl: bool,

    /// Compare ephemeral nodes, too
    #[arg(long)]
    ephemerals: bool,

    /// Leave out nodes that may not be read, and what is below them
    #[arg(long)]
    skip_unreadable: bool,
}

/// One of the two.
#[derive(Debug, Clone)]
enum Side {
    Tree(NodePath),
    File(String),
}

impl FromStr for Side {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix('@') {
            Some("") => Err("write @FILE".to_owned()),
            Some(file) => Ok(Self::File(file.to_owned())),
            None => match text.parse() {
                Ok(path) => Ok(Self::Tree(path)),
                Err(error) => Err(format!("{error}; a file is @{text}")),
            },
        }
    }
}

impl Side {
    fn is_stdin(&self) -> bool {
        matches!(self, Self::File(name) if name == "-")
    }
}

/// One of the two, open.
enum Source {
    Tree { live: Box<Live>, root: String },
    File(Box<Archive>),
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let compared = compare(&args, connection, json).await;
    compared.map_err(|failure| failure.refused_as(TROUBLE))
}

async fn compare(args: &Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    if args.other.is_some() && matches!(args.b, Side::File(_)) {
        return Err(Failure::usage(
            "--other says where the tree B is, but B is a file",
        ));
    }
    if [&args.a, &args.b].iter().all(|side| side.is_stdin()) {
        return Err(Failure::usage("both cannot be stdin"));
    }
    // Files first: they are looked at without a server.
    let files = [open(&args.a)?, open(&args.b)?];
    let here = matches!(args.a, Side::Tree(_))
        || (matches!(args.b, Side::Tree(_)) && args.other.is_none());
    let first = match here {
        true => Some(connection.connect(SESSION_TIMEOUT).await?),
        false => None,
    };
    let second = match (&args.b, &args.other) {
        (Side::Tree(_), Some(servers)) => {
            let builder = connection.builder(servers).session_timeout(SESSION_TIMEOUT);
            Some(builder.connect().await?)
        }
        _ => None,
    };
    let result = with(args, files, first.as_ref(), second.as_ref(), json).await;
    for client in [first, second].into_iter().flatten() {
        client.close().await?;
    }
    result
}

fn open(side: &Side) -> Result<Option<Archive>, Failure> {
    match side {
        Side::Tree(_) => Ok(None),
        Side::File(name) => Archive::open(name).map(Some),
    }
}

async fn with(
    args: &Args,
    files: [Option<Archive>; 2],
    first: Option<&Client>,
    second: Option<&Client>,
    json: bool,
) -> Result<u8, Failure> {
    let [a, b] = files;
    let mut a = Source::new(&args.a, a, first, args).await?;
    let mut b = Source::new(&args.b, b, second.or(first), args).await?;
    let mut progress = Progress::new("comparing", a.count().await);
    let mut found = false;
    let (mut left, mut right) = (a.next(args).await?, b.next(args).await?);
    loop {
        let order = match (&left, &right) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => order::compare(&left.path, &right.path),
        };
        match order {
            Ordering::Less => {
                tell("removed", left.as_ref(), &[], json)?;
                found = true;
            }
            Ordering::Greater => {
                tell("added", right.as_ref(), &[], json)?;
                found = true;
            }
            Ordering::Equal => {
                if let (Some(a), Some(b)) = (&left, &right) {
                    let differs = a.differences(b);
                    if !differs.is_empty() {
                        tell("changed", left.as_ref(), &differs, json)?;
                        found = true;
                    }
                }
            }
        }
        if order.is_le() {
            left = a.next(args).await?;
            progress.add(1);
        }
        if order.is_ge() {
            right = b.next(args).await?;
        }
    }
    drop(progress);
    a.end().await?;
    b.end().await?;
    Ok(if found { code::REFUSED } else { code::OK })
}

impl Source {
    async fn new(
        side: &Side,
        file: Option<Archive>,
        client: Option<&Client>,
        args: &Args,
    ) -> Result<Self, Failure> {
        match (side, file, client) {
            (Side::File(_), Some(file), _) => Ok(Self::File(Box::new(file))),
            (Side::Tree(root), _, Some(client)) => {
                let root = root.as_str().to_owned();
                let live = Live::new(client, &root, !args.no_acl, args.skip_unreadable).await?;
                Ok(Self::Tree {
                    live: Box::new(live),
                    root,
                })
            }
            _ => Err(Failure::new(code::INTERNAL, "a side was not opened")),
        }
    }

    async fn count(&self) -> Option<u64> {
        match self {
            Self::File(archive) => archive.header().nodes,
            Self::Tree { live, .. } => live.count().await,
        }
    }

    /// The next node that is compared, with its path below the top.
    async fn next(&mut self, args: &Args) -> Result<Option<Entry>, Failure> {
        loop {
            let (entry, root) = match self {
                Self::File(archive) => (archive.next()?, archive.header().root.as_str()),
                Self::Tree { live, root } => (live.next().await?, root.as_str()),
            };
            let Some(mut entry) = entry else {
                return Ok(None);
            };
            if entry.mode == Mode::Ephemeral && !args.ephemerals {
                continue;
            }
            if args.no_acl {
                entry.acl = None;
            }
            if let Some(relative) = order::relative(root, &entry.path) {
                entry.path = relative.to_owned();
            }
            return Ok(Some(entry));
        }
    }

    /// Says what is not as one might think.
    async fn end(self) -> Result<(), Failure> {
        let Self::Tree { live, root } = self else {
            return Ok(());
        };
        let root = output::printable(&root);
        if live.unreadable > 0 {
            let count = live.unreadable;
            say(format_args!(
                "{count} node(s) below {root} may not be read and were not compared"
            ));
        }
        if live.end().await?.0 == Consistency::Fuzzy {
            say(format_args!(
                "{root} may have changed while it was read: each node was compared as it was then"
            ));
        }
        Ok(())
    }
}

fn tell(
    change: &str,
    entry: Option<&Entry>,
    differs: &[&'static str],
    json: bool,
) -> Result<(), Failure> {
    let Some(entry) = entry else { return Ok(()) };
    if json {
        output::json(&json!({ "path": entry.path, "change": change, "differs": differs }))?;
        return Ok(());
    }
    let path = output::printable(&entry.path);
    let line = match change {
        "added" => format!("+ {path}"),
        "removed" => format!("- {path}"),
        _ => format!("~ {path}  ({})", differs.join(", ")),
    };
    output::text(&format!("{line}\n"))?;
    Ok(())
}

/// What other commands exit with 1 for; here that is a difference.
const TROUBLE: u8 = 2;
