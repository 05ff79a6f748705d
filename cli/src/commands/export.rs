//! `zkctl export`: a tree as a file.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;
use zk_recipes::Client;

use crate::archive::file::temporary;
use crate::archive::header::{Consistency, Header};
use crate::archive::live::Live;
use crate::connect::Connection;
use crate::exit::{Failure, code, say};
use crate::node_path::NodePath;
use crate::output;
use crate::progress::Progress;

/// Options of `export`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Writes one line of JSON about the whole and one per node, parents first and siblings by name: {\"path\": …, \"data\": … or
\"data_base64\": … (null: no data), \"mode\": persistent or ephemeral, \"acl\": […], \"stat\": {…}}.
Ephemeral nodes are told; `zkctl import` leaves them out. What belongs to the servers (/zookeeper) is not exported.
Servers do not tell whether a node is a container or has a TTL: such nodes are exported as persistent. To import them as
what they were, make their \"mode\" container, or ttl with \"ttl_ms\": milliseconds.

The first line says what is promised: {\"zkctl_archive\": 1, \"root\": …, \"nodes\": how many lines follow, \"zxid\": {\"from\": …,
\"to\": …}, \"consistency\": …}, with the transactions before the first and after the last read.
  snapshot            nothing at all was committed meanwhile: the tree of one moment
  snapshot of nodes   nothing in this tree was created, written or deleted meanwhile; ACLs are as they were when read
  fuzzy               the tree changed meanwhile, or the servers do not tell (before 3.6): each node is as it was when read

Nothing is written before everything was read. ACLs show the hashes of passwords only to whoever may administer the node.

Examples:
  zkctl export /config -o config.jsonl
  zkctl export / --exact | gzip > all.jsonl.gz
  zkctl export /config | jq -r 'select(.mode == \"ephemeral\").path'
  zkctl export /config | zkctl import - --connect other:2181")]
pub(crate) struct Args {
    /// The node at the top
    #[arg(default_value = "/")]
    path: NodePath,

    /// Write to this file, which must not exist yet, and not to stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Read again until nothing in the tree changed meanwhile; exit with 75 after five times
    #[arg(long)]
    exact: bool,

    /// Leave ACLs out
    #[arg(long)]
    no_acl: bool,

    /// Leave out nodes that may not be read, and what is below them
    #[arg(long)]
    skip_unreadable: bool,
}

/// A tree in a temporary file, without its first line.
struct Spool {
    file: File,
    header: Header,
    /// Nodes whose ACL shows no hash of a password.
    masked: u64,
    unreadable: u64,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let place = match &args.output {
        Some(file) => Some(Destination::open(file)?),
        None => None,
    };
    let asked = &args;
    let spool = connection
        .run(|client| async move { read(&client, asked).await })
        .await?;
    spool.warn();
    let Some(place) = place else {
        spool.write(&mut io::stdout().lock())?;
        return Ok(code::OK);
    };
    place.take(&spool)?;
    let (header, file) = (&spool.header, place.path.display().to_string());
    if json {
        let mut object: Value = serde_json::from_str(&header.line()).unwrap_or_default();
        if let Some(object) = object.as_object_mut() {
            object.remove("zkctl_archive");
            object.insert("file".to_owned(), file.into());
        }
        output::json(&object)?;
    } else {
        let count = header.nodes.unwrap_or(0);
        let plural = if count == 1 { "" } else { "s" };
        output::text(&format!(
            "exported {count} node{plural} of {} to {}: {}\n",
            output::printable(&header.root),
            output::printable(&file),
            header.consistency
        ))?;
    }
    Ok(code::OK)
}

/// Reads the tree, again and again if it must be exact.
async fn read(client: &Client, args: &Args) -> Result<Spool, Failure> {
    let attempts = if args.exact { ATTEMPTS } else { 1 };
    let mut last = None;
    for _ in 0..attempts {
        let spool = read_once(client, args).await?;
        if spool.header.consistency != Consistency::Fuzzy {
            return Ok(spool);
        }
        last = Some(spool);
    }
    match last {
        Some(spool) if !args.exact => Ok(spool),
        _ => Err(Failure::new(
            code::NOT_ACQUIRED,
            format!(
                "{} changed each of the {ATTEMPTS} times while it was read; without --exact it is exported as it is \
                 found, node by node",
                args.path
            ),
        )),
    }
}

async fn read_once(client: &Client, args: &Args) -> Result<Spool, Failure> {
    let root = args.path.as_str();
    let mut live = Live::new(client, root, !args.no_acl, args.skip_unreadable).await?;
    let mut progress = Progress::new("exporting", live.count().await);
    let mut out = BufWriter::new(temporary()?);
    let (mut nodes, mut masked) = (0, 0);
    while let Some(entry) = live.next().await? {
        masked += u64::from(entry.masked().is_some());
        writeln!(out, "{}", entry.line()).map_err(|e| not_kept(&e))?;
        nodes += 1;
        progress.add(1);
    }
    let unreadable = live.unreadable;
    let (consistency, zxids) = live.end().await?;
    let file = out.into_inner().map_err(|e| not_kept(e.error()))?;
    Ok(Spool {
        file,
        header: Header {
            root: root.to_owned(),
            nodes: Some(nodes),
            zxids: Some(zxids),
            consistency,
        },
        masked,
        unreadable,
    })
}

impl Spool {
    /// Says what is not as one might think.
    fn warn(&self) {
        let root = output::printable(&self.header.root);
        if self.header.consistency == Consistency::Fuzzy {
            say(format_args!(
                "{root} may have changed while it was read: each node is as it was then; --exact reads again until \
                 nothing changes"
            ));
        }
        if self.masked > 0 {
            say(format_args!(
                "the ACL of {} node(s) comes without the hashes of its passwords, which only an identity with the \
                 permission a is shown; `zkctl import` cannot restore it",
                self.masked
            ));
        }
        if self.unreadable > 0 {
            say(format_args!(
                "{} node(s) may not be read and are left out, with what is below them",
                self.unreadable
            ));
        }
    }

    fn write(&self, out: &mut impl io::Write) -> io::Result<()> {
        writeln!(out, "{}", self.header.line())?;
        let mut kept = &self.file;
        kept.rewind()?;
        io::copy(&mut kept, out)?;
        out.flush()
    }
}

/// A file that appears when it is complete.
struct Destination {
    path: PathBuf,
    partial: PathBuf,
}

impl Destination {
    /// Finds out early whether it can be written.
    fn open(path: &Path) -> Result<Self, Failure> {
        if fs::symlink_metadata(path).is_ok() {
            return Err(Failure::new(
                code::DATA,
                format!("{} is there already; it is not overwritten", path.display()),
            ));
        }
        let mut partial = path.as_os_str().to_owned();
        partial.push(".part");
        let place = Self {
            path: path.to_owned(),
            partial: partial.into(),
        };
        File::create(&place.partial).map_err(|e| place.failed(&e))?;
        Ok(place)
    }

    fn take(&self, spool: &Spool) -> Result<(), Failure> {
        let write = || {
            let mut file = File::create(&self.partial)?;
            spool.write(&mut file)?;
            file.sync_all()?;
            // Unlike a rename, a link does not take the place of what came there meanwhile; not every file system has it.
            match fs::hard_link(&self.partial, &self.path) {
                Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                    fs::rename(&self.partial, &self.path)
                }
                linked => linked,
            }
        };
        write().map_err(|e| self.failed(&e))
    }

    fn failed(&self, error: &io::Error) -> Failure {
        let what = format!("cannot write {}: {error}", self.path.display());
        Failure::new(code::DATA, what)
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.partial);
    }
}

fn not_kept(error: &io::Error) -> Failure {
    let place = std::env::temp_dir();
    let what = format!("cannot keep what was read in {}: {error}", place.display());
    Failure::new(code::INTERNAL, what).with_hint("TMPDIR names another place")
}

/// How often a tree is read that changes.
const ATTEMPTS: u32 = 5;
