//! An archive in a file, read line by line.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _};
use std::path::Path;

use zk_recipes::path;

use super::entry::Entry;
use super::header::Header;
use super::order;
use crate::exit::{Failure, code};

/// A file that is read from its beginning, once or several times.
pub(crate) struct Archive {
    name: String,
    reader: BufReader<File>,
    header: Header,
    line: u64,
    nodes: u64,
    last: Option<String>,
}

impl Archive {
    /// Opens a file; `-` is stdin, which is kept in a temporary file to be read more than once.
    pub(crate) fn open(name: &str) -> Result<Self, Failure> {
        let wrong = |e: io::Error| Failure::new(code::DATA, format!("cannot read {name}: {e}"));
        let file = if name == "-" {
            let mut kept = temporary()?;
            io::copy(&mut io::stdin().lock(), &mut kept).map_err(wrong)?;
            kept.rewind().map_err(wrong)?;
            kept
        } else {
            File::open(name).map_err(wrong)?
        };
        let name = if name == "-" { "stdin" } else { name };
        let mut archive = Self {
            name: name.to_owned(),
            reader: BufReader::new(file),
            header: Header {
                root: "/".to_owned(),
                nodes: None,
                zxids: None,
                consistency: super::header::Consistency::Fuzzy,
            },
            line: 0,
            nodes: 0,
            last: None,
        };
        let first = archive.read_line()?.unwrap_or_default();
        archive.header = Header::parse(&first).map_err(|e| archive.wrong(&e))?;
        Ok(archive)
    }

    /// What it says about itself.
    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// The next node; `None` after the last. Each is below the root, after the node above it, and has its place in the
    /// order of an archive.
    pub(crate) fn next(&mut self) -> Result<Option<Entry>, Failure> {
        let Some(line) = self.read_line()? else {
            return match self.header.nodes {
                Some(nodes) if nodes != self.nodes => Err(self.wrong(&format!(
                    "it has {} of the {nodes} nodes that its first line promises: it was cut off or changed; \
                     export again, or take \"nodes\" out of that line",
                    self.nodes
                ))),
                _ => Ok(None),
            };
        };
        let entry = Entry::parse(&line).map_err(|e| self.wrong(&e))?;
        self.check_place(&entry.path).map_err(|e| self.wrong(&e))?;
        self.nodes += 1;
        self.last = Some(entry.path.clone());
        Ok(Some(entry))
    }

    /// Back to the first node.
    pub(crate) fn rewind(&mut self) -> Result<(), Failure> {
        let rewound = self.reader.rewind();
        rewound.map_err(|e| self.wrong(&format!("cannot read it again: {e}")))?;
        (self.line, self.nodes, self.last) = (0, 0, None);
        self.read_line()?;
        Ok(())
    }

    fn check_place(&self, at: &str) -> Result<(), String> {
        let root = &self.header.root;
        if order::relative(root, at).is_none() {
            return Err(format!(
                "{at} is not below {root}, which the first line names"
            ));
        }
        match &self.last {
            None if at == root => Ok(()),
            None => Err(format!("{at} stands before {root}; the root comes first")),
            Some(last) if order::compare(last, at).is_ge() => Err(format!(
                "{at} stands after {last}; parents come first and siblings by name"
            )),
            Some(last) => {
                let parent = path::parent(at).unwrap_or("/");
                let follows = last == parent || path::ancestors(last).any(|above| above == parent);
                let missing = format!("{at} has no line for {parent} before it");
                follows.then_some(()).ok_or(missing)
            }
        }
    }

    fn read_line(&mut self) -> Result<Option<String>, Failure> {
        let mut bytes = Vec::new();
        let read = self
            .reader
            .by_ref()
            .take(LONGEST)
            .read_until(b'\n', &mut bytes);
        self.line += 1;
        let read = read.map_err(|e| self.wrong(&format!("cannot read it: {e}")))?;
        if read == 0 {
            return Ok(None);
        }
        if bytes.last() != Some(&b'\n') {
            let why = if bytes.len() as u64 == LONGEST {
                "no node is as long as this line"
            } else {
                "the line has no end: the file was cut off; export again"
            };
            return Err(self.wrong(why));
        }
        let text = String::from_utf8(bytes).map_err(|_| self.wrong("no text in UTF-8"))?;
        Ok(Some(text.trim_end().to_owned()))
    }

    fn wrong(&self, what: &str) -> Failure {
        Failure::new(code::DATA, format!("{}:{}: {what}", self.name, self.line))
    }
}

/// A file that nobody else sees and that is gone with the process.
pub(crate) fn temporary() -> Result<File, Failure> {
    let place = std::env::temp_dir();
    let made = nameless(&place);
    made.map_err(|e| {
        let what = format!("cannot make a temporary file in {}: {e}", place.display());
        Failure::new(code::INTERNAL, what).with_hint("TMPDIR names another place")
    })
}

fn nameless(place: &Path) -> io::Result<File> {
    let mut attempt = 0_u32;
    loop {
        let path = place.join(format!("zkctl-{}-{attempt}", std::process::id()));
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && attempt < 1_000 => attempt += 1,
            Err(e) => return Err(e),
        }
    }
}

/// Longer is no line: many times the data of the largest node that stock servers take.
const LONGEST: u64 = 1 << 28;
