//! The first line of an archive.

use std::fmt;

use serde_json::{Value, json};
use zk_recipes::path;

/// What an archive is of, and what it promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// The node at the top.
    pub(crate) root: String,
    /// How many lines follow; a file with fewer was cut off. Absent in files that people wrote.
    pub(crate) nodes: Option<u64>,
    /// The transactions before and after the first and the last node were read.
    pub(crate) zxids: Option<(i64, i64)>,
    pub(crate) consistency: Consistency,
}

/// How the nodes of an archive belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consistency {
    /// Nothing was committed meanwhile: ACLs, too, are those of one moment.
    Snapshot,
    /// No node was made, written or deleted meanwhile. ACLs are as they were when each was read.
    Nodes,
    /// The tree changed meanwhile, or nobody knows: each node is as it was when it was read.
    Fuzzy,
}

impl Header {
    /// The line, without its end.
    pub(crate) fn line(&self) -> String {
        json!({
            "zkctl_archive": VERSION,
            "root": self.root,
            "nodes": self.nodes,
            "zxid": self.zxids.map(|(from, to)| json!({ "from": from, "to": to })),
            "consistency": self.consistency.name(),
        })
        .to_string()
    }

    /// Reads the first line.
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
        let object: Value = serde_json::from_str(line).map_err(|_| NO_HEADER.to_owned())?;
        match object.get("zkctl_archive").map(Value::as_u64) {
            None => return Err(NO_HEADER.to_owned()),
            Some(Some(VERSION)) => {}
            Some(_) => {
                return Err(format!(
                    "its format is another one than {VERSION}; a later zkctl wrote it and reads it"
                ));
            }
        }
        let root = object.get("root").and_then(Value::as_str);
        let root = root.filter(|root| path::validate(root).is_ok());
        let zxid = |end: &str| object.get("zxid")?.get(end)?.as_i64();
        let consistency = object.get("consistency").and_then(Value::as_str);
        Ok(Self {
            root: root.ok_or("the first line names no \"root\"")?.to_owned(),
            nodes: object.get("nodes").and_then(Value::as_u64),
            zxids: zxid("from").zip(zxid("to")),
            consistency: consistency.map_or(Consistency::Fuzzy, Consistency::named),
        })
    }
}

impl Consistency {
    fn name(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Nodes => "snapshot of nodes",
            Self::Fuzzy => "fuzzy",
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "snapshot" => Self::Snapshot,
            "snapshot of nodes" => Self::Nodes,
            _ => Self::Fuzzy,
        }
    }
}

impl fmt::Display for Consistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

const VERSION: u64 = 1;

const NO_HEADER: &str = "the first line is not that of an archive; `zkctl export` writes one";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_back_and_a_later_format_is_refused() {
        for consistency in [
            Consistency::Snapshot,
            Consistency::Nodes,
            Consistency::Fuzzy,
        ] {
            let header = Header {
                root: "/app".to_owned(),
                nodes: Some(7),
                zxids: Some((4, 5)),
                consistency,
            };
            assert_eq!(Header::parse(&header.line()), Ok(header));
        }
        for line in [
            "",
            "{}",
            "[1]",
            r#"{"zkctl_archive":1}"#,
            r#"{"zkctl_archive":2,"root":"/"}"#,
        ] {
            assert!(Header::parse(line).is_err(), "{line}");
        }
    }
}
