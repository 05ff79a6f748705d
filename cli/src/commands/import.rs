//! `zkctl import`: a tree out of a file.

mod existing;
mod finding;
mod tally;
mod work;

use zk_recipes::{Acl, Client, CreateMode, path};

use self::existing::Existing;
use self::tally::Tally;
use self::work::Work;
use crate::archive::entry::{Entry, Mode};
use crate::archive::file::Archive;
use crate::archive::live::is_servers;
use crate::archive::order;
use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::node_path::NodePath;
use crate::output;
use crate::progress::Progress;

/// Options of `import`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Creates the nodes of a file that `zkctl export` wrote, with data and ACL: persistent, or what \"mode\" says of
them. Ephemeral nodes are left out: they belong to sessions. Before anything is written the whole file is checked.

A node that is there already just as in the file is left alone, so an import that was interrupted is simply run again. For
one that differs --existing says what to do:
  fail        nothing is written if there is any (the default)
  skip        it is left as it is
  overwrite   its data and ACL are replaced, unless somebody else changes it at that moment; then it is looked at again.
              Whether it is persistent, a container or has a TTL stays as it is: servers do not tell
An import is no transaction: others see it grow. When it fails it says how much was done.

With --dry-run nothing is written; a line per node says what would be done: create, overwrite, skip, conflict (then exit
code 1), with what differs. With --json: {\"action\": …, \"path\": …, \"differs\": […]} each; last, as without --dry-run,
{\"path\": …, \"created\": …, \"overwritten\": …, \"skipped\": …, \"unchanged\": …, \"conflicts\": …, \"ephemeral\": …}.

Examples:
  zkctl import config.jsonl --dry-run
  zkctl import config.jsonl --at /staging/config -p
  zkctl import config.jsonl --existing overwrite
  gunzip < all.jsonl.gz | zkctl import -")]
pub(crate) struct Args {
    /// The file; - is stdin
    file: String,

    /// Create the tree here, and not where it was
    #[arg(long, value_name = "PATH")]
    at: Option<NodePath>,

    /// Create missing parents of the tree, too
    #[arg(long, short)]
    parents: bool,

    /// What to do with a node that is there already and differs
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Existing::Fail)]
    existing: Existing,

    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,

    /// Give all nodes this ACL, and not that of the file; may be repeated
    #[arg(long, value_name = "ENTRY")]
    acl: Vec<Acl>,

    /// Make containers and TTL nodes persistent
    #[arg(long)]
    persistent: bool,
}

/// Nodes of a file as they are to be: elsewhere, with another ACL.
pub(crate) struct Wanted {
    archive: Archive,
    root: String,
    acl: Vec<Acl>,
    persistent: bool,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    connection.servers()?;
    let archive = Archive::open(&args.file)?;
    let root = match &args.at {
        Some(at) => at.as_str().to_owned(),
        None => archive.header().root.clone(),
    };
    let mut wanted = Wanted {
        archive,
        root,
        acl: args.acl,
        persistent: args.persistent,
    };
    let (existing, dry_run, parents) = (args.existing, args.dry_run, args.parents);
    connection
        .run(|client| async move {
            wanted.check(&client)?;
            let mut plan = Work::plan(&client, existing, json && dry_run, dry_run);
            if dry_run || existing == Existing::Fail {
                wanted.walk(&mut plan, "comparing").await?;
                plan.check()?;
            }
            if dry_run {
                return show(&wanted.root, &plan.tally, true, json);
            }
            if parents {
                make_parents(&client, &wanted.root).await?;
            }
            let mut work = Work::write(&client, existing);
            let worked = wanted.walk(&mut work, "importing").await;
            let tally = &work.tally;
            worked.map_err(|failure| failure.with_hint(&work.so_far()))?;
            show(&wanted.root, tally, false, json)
        })
        .await
}

impl Wanted {
    /// Reads the whole file once, so that nothing is wrong with it that would be found halfway.
    fn check(&mut self, client: &Client) -> Result<(), Failure> {
        while let Some(entry) = self.next()? {
            if is_servers(&client.absolute(&entry.path)) {
                return Err(Failure::new(
                    code::DATA,
                    format!(
                        "{} belongs to the servers and cannot be imported",
                        entry.path
                    ),
                ));
            }
            if let Some(masked) = entry.masked() {
                let masked = masked.to_string();
                let hint = "export as an identity that may administer it, or give all nodes an ACL with --acl";
                let what = format!(
                    "the ACL of {} was exported without the hash of its password ({})",
                    entry.path,
                    output::printable(&masked)
                );
                return Err(Failure::new(code::DATA, what).with_hint(hint));
            }
        }
        self.archive.rewind()
    }

    /// Goes once over all nodes, in portions.
    async fn walk(&mut self, work: &mut Work, what: &'static str) -> Result<(), Failure> {
        let mut progress = Progress::new(what, self.archive.header().nodes);
        loop {
            let (mut portion, mut bytes) = (Vec::new(), 0);
            while portion.len() < PORTION && bytes < PORTION_BYTES {
                let Some(entry) = self.next()? else { break };
                bytes += entry.data.as_ref().map_or(0, |data| data.len());
                portion.push(entry);
            }
            let count = portion.len() as u64;
            if count == 0 {
                return self.archive.rewind();
            }
            work.portion(portion).await?;
            progress.add(count);
        }
    }

    fn next(&mut self) -> Result<Option<Entry>, Failure> {
        let Some(mut entry) = self.archive.next()? else {
            return Ok(None);
        };
        let from = &self.archive.header().root;
        let relative = order::relative(from, &entry.path).unwrap_or("/");
        entry.path = order::below(&self.root, relative);
        if !self.acl.is_empty() {
            entry.acl = Some(self.acl.clone());
        }
        if self.persistent && entry.mode != Mode::Ephemeral {
            entry.mode = Mode::Persistent;
        }
        Ok(Some(entry))
    }
}

/// Makes what is missing above the tree.
async fn make_parents(client: &Client, root: &str) -> Result<(), Failure> {
    let Some(parent) = path::parent(root).filter(|parent| *parent != "/") else {
        return Ok(());
    };
    if client.exists(parent).await?.is_some() {
        return Ok(());
    }
    let create = client.create(parent, "").mode(CreateMode::Persistent);
    match create.parents().await {
        Err(error) if error.kind() != zk_recipes::ErrorKind::NodeExists => Err(error.into()),
        _ => Ok(()),
    }
}

fn show(root: &str, tally: &Tally, dry_run: bool, json: bool) -> Result<u8, Failure> {
    if json {
        output::json(&tally.object(root))?;
    } else {
        output::text(&format!("{}\n", tally.text(dry_run)))?;
    }
    Ok(if dry_run && tally.conflicts > 0 {
        code::REFUSED
    } else {
        code::OK
    })
}

/// How many nodes are looked at and written at a time, and how much data.
const PORTION: usize = 256;
const PORTION_BYTES: usize = 8 << 20;
