//! Comparing and writing, a portion at a time.

use serde_json::json;
use zk_recipes::{Client, Error, ErrorKind, Fate};

use super::existing::Existing;
use super::finding::{Finding, look};
use super::tally::Tally;
use crate::archive::entry::{Entry, Mode};
use crate::exit::{Failure, code};
use crate::output;

/// One go over the nodes of a file.
pub(crate) struct Work {
    client: Client,
    existing: Existing,
    /// Whether nodes are written, or only compared.
    writes: bool,
    /// Whether what would be done is told, and as objects.
    tells: bool,
    json: bool,
    pub(crate) tally: Tally,
    /// The first nodes in the way.
    in_the_way: Vec<String>,
    /// Writes of which it could not be found out what became of them.
    unknown: u64,
}

/// A node that is not settled yet.
struct Open {
    entry: Entry,
    /// What was tried, and perhaps done.
    tried: Option<Tried>,
}

#[derive(Clone, Copy)]
enum Tried {
    Create,
    Overwrite,
}

/// What became of a write.
enum Outcome {
    Done,
    /// To be looked at again: somebody else was there first, or the answer did not come.
    Again {
        unknown: bool,
    },
    Failed(Error),
}

impl Work {
    /// Compares, and writes nothing.
    pub(crate) fn plan(client: &Client, existing: Existing, json: bool, tells: bool) -> Self {
        Self {
            client: client.clone(),
            existing,
            writes: false,
            tells,
            json,
            tally: Tally::default(),
            in_the_way: Vec::new(),
            unknown: 0,
        }
    }

    /// Writes.
    pub(crate) fn write(client: &Client, existing: Existing) -> Self {
        Self {
            writes: true,
            ..Self::plan(client, existing, false, false)
        }
    }

    /// Fails if nodes are in the way, unless they were told one by one.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.tells || self.tally.conflicts == 0 {
            return Ok(());
        }
        let more = match self.tally.conflicts - self.in_the_way.len() as u64 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Err(conflict(format!(
            "in the way, there already and not as in the file: {}{more}; nothing was written",
            self.in_the_way.join(", ")
        )))
    }

    /// What was done before a failure.
    pub(crate) fn so_far(&self) -> String {
        let mut text = format!("so far {}", self.tally.text(false));
        if self.unknown > 0 {
            text.push_str(&format!(
                "; what became of {} more is unknown",
                self.unknown
            ));
        }
        text.push_str("; run it again to go on");
        text
    }

    /// Settles these nodes, in their order.
    pub(crate) async fn portion(&mut self, entries: Vec<Entry>) -> Result<(), Failure> {
        let mut open = Vec::with_capacity(entries.len());
        for entry in entries {
            if entry.mode == Mode::Ephemeral {
                self.tally.ephemeral += 1;
                self.tell("leave out", &entry, &["ephemeral"])?;
            } else {
                open.push(Open { entry, tried: None });
            }
        }
        let mut round = 0;
        while !open.is_empty() {
            round += 1;
            let wanted: Vec<&Entry> = open.iter().map(|open| &open.entry).collect();
            let looked = look(&self.client, &wanted).await;
            let findings = looked.inspect_err(|_| self.unknown = tried(&open))?;
            let writes = self.decide(open, findings)?;
            let (again, unknown, reason) = self.carry_out(writes).await?;
            open = again;
            if round == ROUNDS && !open.is_empty() {
                self.unknown = tried(&open);
                return Err(self.give_up(reason).await);
            }
            if unknown {
                // What was sent before is decided when this is answered. If it is not, the next look may come too early;
                // then the write that follows meets what is there, and it is looked at once more.
                let _ = self.client.barrier().await;
            }
        }
        Ok(())
    }

    /// What to write, for those nodes that something is to be done about.
    fn decide(
        &mut self,
        open: Vec<Open>,
        findings: Vec<Finding>,
    ) -> Result<Vec<(Open, Finding)>, Failure> {
        let mut writes = Vec::new();
        for (open, finding) in open.into_iter().zip(findings) {
            let differs: &[&'static str] = match &finding {
                Finding::Nothing if self.writes => {
                    writes.push((open, finding));
                    continue;
                }
                Finding::Nothing => {
                    self.tally.created += 1;
                    self.tell("create", &open.entry, &[])?;
                    continue;
                }
                Finding::Ephemeral => &["ephemeral"],
                Finding::Node { differs, .. } => differs,
            };
            let is_writable = finding != Finding::Ephemeral;
            match self.existing {
                _ if differs.is_empty() => self.is_as_wanted(open.tried),
                Existing::Overwrite if is_writable => {
                    if self.writes {
                        writes.push((open, finding));
                    } else {
                        self.tally.overwritten += 1;
                        self.tell("overwrite", &open.entry, differs)?;
                    }
                }
                Existing::Skip => {
                    self.tally.skipped += 1;
                    self.tell("skip", &open.entry, differs)?;
                }
                Existing::Fail | Existing::Overwrite => self.conflicts(&open.entry, differs)?,
            }
        }
        Ok(writes)
    }

    fn is_as_wanted(&mut self, tried: Option<Tried>) {
        match tried {
            None => self.tally.unchanged += 1,
            Some(Tried::Create) => self.tally.created += 1,
            Some(Tried::Overwrite) => self.tally.overwritten += 1,
        }
    }

    fn conflicts(&mut self, entry: &Entry, differs: &[&'static str]) -> Result<(), Failure> {
        let what = format!(
            "{} ({})",
            output::printable(&entry.path),
            differs.join(", ")
        );
        if self.writes {
            return Err(conflict(format!(
                "{what} is there already and not as in the file"
            )));
        }
        self.tally.conflicts += 1;
        if self.in_the_way.len() < SHOWN {
            self.in_the_way.push(what);
        }
        self.tell("conflict", entry, differs)
    }

    /// Submits all writes in their order, parents before what is below them, and waits for the answers.
    async fn carry_out(
        &mut self,
        writes: Vec<(Open, Finding)>,
    ) -> Result<(Vec<Open>, bool, Option<Error>), Failure> {
        let terse = self.client.terse();
        let mut sent = Vec::with_capacity(writes.len());
        for (open, finding) in writes {
            let (path, data) = (open.entry.path.clone(), open.entry.data.clone());
            let acl = open.entry.acl.clone();
            sent.push(match finding {
                Finding::Node {
                    differs,
                    version,
                    aversion,
                } => {
                    let set = differs.contains(&"data").then(|| {
                        let set = terse.set(&path, data.clone().unwrap_or_default());
                        let set = if data.is_none() { set.null() } else { set };
                        set.version(version).submit()
                    });
                    let acl = acl.filter(|_| differs.contains(&"acl"));
                    let set_acl =
                        acl.map(|acl| terse.set_acl(&path, acl).version(aversion).submit());
                    (open, None, set, set_acl)
                }
                Finding::Nothing | Finding::Ephemeral => {
                    let create = terse.create(&path, data.clone().unwrap_or_default());
                    let mut create = if data.is_none() {
                        create.null()
                    } else {
                        create
                    };
                    create = create.mode(open.entry.mode.creates().unwrap_or_default());
                    if let Mode::Ttl(millis) = open.entry.mode {
                        create = create.ttl(std::time::Duration::from_millis(millis));
                    }
                    if let Some(acl) = acl {
                        create = create.acl(acl);
                    }
                    (open, Some(create.submit()), None, None)
                }
            });
        }
        let (mut again, mut unknown, mut reason, mut failed) = (Vec::new(), false, None, None);
        for (mut open, create, set, set_acl) in sent {
            let tried = if create.is_some() {
                Tried::Create
            } else {
                Tried::Overwrite
            };
            let mut outcomes = Vec::new();
            if let Some(create) = create {
                outcomes.push(create.await.map(drop));
            }
            if let Some(set) = set {
                outcomes.push(set.await.map(drop));
            }
            if let Some(set_acl) = set_acl {
                outcomes.push(set_acl.await.map(drop));
            }
            let mut is_open = false;
            for outcome in outcomes {
                let error = outcome.as_ref().err().cloned();
                match Outcome::of(outcome) {
                    Outcome::Done => {}
                    Outcome::Again { unknown: lost } => {
                        is_open = true;
                        unknown |= lost;
                        if lost {
                            open.tried = Some(tried);
                        }
                        // Others may follow from the first.
                        reason = reason.or(error);
                    }
                    Outcome::Failed(error) => {
                        is_open = true;
                        failed.get_or_insert(error);
                    }
                }
            }
            if is_open {
                again.push(open);
            } else {
                self.is_as_wanted(Some(tried));
            }
        }
        match failed {
            Some(error) => {
                self.unknown = tried(&again);
                Err(self.give_up(Some(error)).await)
            }
            None => Ok((again, unknown, reason)),
        }
    }

    async fn give_up(&self, reason: Option<Error>) -> Failure {
        let Some(error) = reason else {
            return Failure::new(code::INTERNAL, "nothing is written, and no server says why");
        };
        let kind = error.kind();
        let failure = Failure::from(self.client.explain(error).await);
        match kind {
            ErrorKind::Unimplemented => failure.with_hint(KINDS),
            ErrorKind::NoAuth => failure.with_hint(
                "the file gives the nodes above it an ACL that may not let this identity in: --auth, or --acl",
            ),
            _ => failure,
        }
    }

    fn tell(&self, action: &str, entry: &Entry, differs: &[&'static str]) -> Result<(), Failure> {
        if !self.tells {
            return Ok(());
        }
        if self.json {
            output::json(&json!({ "action": action, "path": entry.path, "differs": differs }))?;
        } else {
            let path = output::printable(&entry.path);
            let differs = match differs {
                [] => String::new(),
                differs => format!("  ({})", differs.join(", ")),
            };
            output::text(&format!("{action:<9}  {path}{differs}\n"))?;
        }
        Ok(())
    }
}

impl Outcome {
    fn of<T>(result: Result<T, Error>) -> Self {
        let Err(error) = result else {
            return Self::Done;
        };
        let unknown = error.fate() == Fate::Unknown;
        match error.kind() {
            // Somebody else was there first, or the parent's own create is to be tried again.
            ErrorKind::NodeExists | ErrorKind::BadVersion | ErrorKind::NoNode => {
                Self::Again { unknown }
            }
            ErrorKind::ConnectionLost
            | ErrorKind::TimedOut
            | ErrorKind::SessionExpired
            | ErrorKind::Throttled => Self::Again { unknown },
            _ if unknown => Self::Again { unknown },
            _ => Self::Failed(error),
        }
    }
}

fn tried(open: &[Open]) -> u64 {
    open.iter().filter(|open| open.tried.is_some()).count() as u64
}

fn conflict(what: String) -> Failure {
    Failure::new(code::REFUSED, what).with_hint(
        "--existing skip leaves such nodes as they are, --existing overwrite replaces their data and ACL, --dry-run \
         shows each",
    )
}

/// How often a node is looked at before it is given up: each time somebody else was faster, or an answer did not come.
const ROUNDS: u32 = 6;

/// How many nodes in the way are named.
const SHOWN: usize = 5;

const KINDS: &str = "servers refuse TTL nodes unless they run with zookeeper.extendedTypesEnabled=true; --persistent makes \
                     containers and TTL nodes persistent";
