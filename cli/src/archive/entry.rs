//! A node, as a line of an archive.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use zk_recipes::{Acl, Bytes, CreateMode, Node, SessionId, path};

use crate::output;

/// A node of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its absolute path.
    pub(crate) path: String,
    /// `None` is null, which is not the same as empty.
    pub(crate) data: Option<Bytes>,
    pub(crate) mode: Mode,
    /// `None` if ACLs were left out.
    pub(crate) acl: Option<Vec<Acl>>,
    /// What the servers said about it, for people and other programs; nothing here goes by it.
    pub(crate) stat: Option<Value>,
}

/// How a node ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// When somebody deletes it.
    Persistent,
    /// With its session.
    Ephemeral,
    /// Some time after its last child.
    Container,
    /// When it was not changed for so many milliseconds.
    Ttl(u64),
}

impl Mode {
    /// What a client can know: servers tell it neither that a node is a container nor that it has a TTL.
    pub(crate) fn of(owner: SessionId) -> Self {
        if owner.is_none() {
            Self::Persistent
        } else {
            Self::Ephemeral
        }
    }

    /// The mode to create such a node with; `None` for an ephemeral one, which nobody can create for another session.
    pub(crate) fn creates(self) -> Option<CreateMode> {
        match self {
            Self::Persistent => Some(CreateMode::Persistent),
            Self::Container => Some(CreateMode::Container),
            Self::Ttl(_) => Some(CreateMode::PersistentTtl),
            Self::Ephemeral => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Persistent => "persistent",
            Self::Ephemeral => "ephemeral",
            Self::Container => "container",
            Self::Ttl(_) => "ttl",
        }
    }
}

impl Entry {
    /// A node as it was read.
    pub(crate) fn read(path: String, node: &Node, acl: Option<Vec<Acl>>) -> Self {
        Self {
            path,
            data: node.value().cloned(),
            mode: Mode::of(node.stat.ephemeral_owner),
            acl,
            stat: Some(output::stat(&node.stat)),
        }
    }

    /// The line, without its end.
    pub(crate) fn line(&self) -> String {
        let mut object = Map::new();
        object.insert("path".to_owned(), self.path.as_str().into());
        match &self.data {
            Some(data) => output::put_bytes(&mut object, "data", data),
            None => {
                object.insert("data".to_owned(), Value::Null);
            }
        }
        object.insert("mode".to_owned(), self.mode.name().into());
        if let Mode::Ttl(millis) = self.mode {
            object.insert("ttl_ms".to_owned(), millis.into());
        }
        if let Some(acl) = &self.acl {
            let acl: Vec<String> = acl.iter().map(ToString::to_string).collect();
            object.insert("acl".to_owned(), acl.into());
        }
        if let Some(stat) = &self.stat {
            object.insert("stat".to_owned(), stat.clone());
        }
        Value::from(object).to_string()
    }

    /// Reads a line; what it has to say beyond the fields of [`line`](Self::line) is ignored.
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(line).map_err(|e| format!("no JSON: {e}"))?;
        let Value::Object(mut object) = value else {
            return Err("no JSON object".to_owned());
        };
        let Some(Value::String(at)) = object.remove("path") else {
            return Err("no \"path\"".to_owned());
        };
        path::validate(&at).map_err(|e| format!("{at:?} is no path: {}", e.rule))?;
        let wrong = |what: &str| format!("{at}: {what}");
        let data = data(object.remove("data"), object.remove("data_base64")).map_err(&wrong)?;
        let mode = mode(object.get("mode"), object.get("ttl_ms")).map_err(&wrong)?;
        let acl = match object.remove("acl") {
            None | Some(Value::Null) => None,
            Some(Value::Array(entries)) => Some(acl(&entries).map_err(|e| wrong(&e))?),
            Some(_) => return Err(wrong("\"acl\" is no list")),
        };
        Ok(Self {
            data,
            mode,
            acl,
            stat: object.remove("stat"),
            path: at,
        })
    }

    /// An entry of its ACL that cannot be created: servers show the hash of a password only to those who may
    /// administer the node, and `x` to others.
    pub(crate) fn masked(&self) -> Option<&Acl> {
        let mut entries = self.acl.iter().flatten();
        entries.find(|entry| entry.scheme == "digest" && entry.id.ends_with(":x"))
    }

    /// What differs: `data`; `mode`, if one is ephemeral; `acl`, unless it is unknown of either.
    pub(crate) fn differences(&self, other: &Self) -> Vec<&'static str> {
        let mut found = Vec::new();
        if self.data != other.data {
            found.push("data");
        }
        // More is not known of a node that a server showed.
        if (self.mode == Mode::Ephemeral) != (other.mode == Mode::Ephemeral) {
            found.push("mode");
        }
        let acls = self.acl.as_ref().zip(other.acl.as_ref());
        if acls.is_some_and(|(a, b)| !same_acl(a, b)) {
            found.push("acl");
        }
        found
    }
}

/// Whether two ACLs have the same entries, in whatever order.
fn same_acl(a: &[Acl], b: &[Acl]) -> bool {
    let sorted = |acl: &[Acl]| {
        let mut entries: Vec<String> = acl.iter().map(ToString::to_string).collect();
        entries.sort();
        entries
    };
    sorted(a) == sorted(b)
}

fn data(text: Option<Value>, base64: Option<Value>) -> Result<Option<Bytes>, &'static str> {
    match (text, base64) {
        (Some(Value::String(text)), None) => Ok(Some(text.into())),
        (None | Some(Value::Null), Some(Value::String(text))) => match STANDARD.decode(text) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(_) => Err("\"data_base64\" is no base64"),
        },
        (None | Some(Value::Null), None) => Ok(None),
        (Some(_), None) => Err("\"data\" is no text"),
        (None, Some(_)) => Err("\"data_base64\" is no text"),
        (Some(_), Some(_)) => Err("both \"data\" and \"data_base64\""),
    }
}

fn mode(name: Option<&Value>, ttl: Option<&Value>) -> Result<Mode, &'static str> {
    let name = match name {
        None => "persistent",
        Some(name) => name.as_str().ok_or("\"mode\" is no text")?,
    };
    match name {
        "persistent" => Ok(Mode::Persistent),
        "ephemeral" => Ok(Mode::Ephemeral),
        "container" => Ok(Mode::Container),
        "ttl" => {
            let millis = ttl.and_then(Value::as_u64).filter(|millis| *millis > 0);
            millis.map(Mode::Ttl).ok_or("a TTL node without \"ttl_ms\"")
        }
        _ => Err("\"mode\" is none of persistent, container, ttl, ephemeral"),
    }
}

fn acl(entries: &[Value]) -> Result<Vec<Acl>, String> {
    if entries.is_empty() {
        return Err("\"acl\" is empty; leave it out, or name whom it is for".to_owned());
    }
    let parse = |entry: &Value| {
        let text = entry.as_str().ok_or("an entry of \"acl\" is no text")?;
        text.parse::<Acl>().map_err(|e| format!("{text:?}: {e}"))
    };
    entries.iter().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(mode: Mode) -> Entry {
        Entry {
            path: "/a/grün".to_owned(),
            data: Some(Bytes::from_static(&[0xff, 0, 10])),
            mode,
            acl: Some(vec!["world:anyone:r".parse().unwrap()]),
            stat: None,
        }
    }

    #[test]
    fn what_is_written_is_read_back_whatever_kind_of_node_it_is() {
        for mode in [
            Mode::Persistent,
            Mode::Ephemeral,
            Mode::Container,
            Mode::Ttl(5_000),
        ] {
            let bytes = entry(mode);
            let text = Entry {
                data: Some(Bytes::from_static("line\n\"".as_bytes())),
                ..bytes.clone()
            };
            let empty = Entry {
                data: Some(Bytes::new()),
                acl: None,
                ..bytes.clone()
            };
            let null = Entry {
                data: None,
                ..bytes.clone()
            };
            for entry in [bytes, text, empty, null] {
                let line = entry.line();
                assert!(!line.contains('\n'), "{line}");
                assert_eq!(Entry::parse(&line).as_ref(), Ok(&entry), "{line}");
            }
        }
    }

    #[test]
    fn lines_that_are_no_nodes_are_refused_with_the_reason() {
        for (line, reason) in [
            ("", "no JSON"),
            ("[]", "no JSON object"),
            ("{}", "no \"path\""),
            (r#"{"path":"a"}"#, "is no path"),
            (r#"{"path":"/a/../b"}"#, "is no path"),
            (r#"{"path":"/a","data":1}"#, "/a: \"data\" is no text"),
            (r#"{"path":"/a","data_base64":"%"}"#, "no base64"),
            (r#"{"path":"/a","data":"","data_base64":""}"#, "both"),
            (r#"{"path":"/a","mode":"other"}"#, "\"mode\" is none of"),
            (r#"{"path":"/a","mode":"ttl"}"#, "without \"ttl_ms\""),
            (r#"{"path":"/a","acl":[]}"#, "\"acl\" is empty"),
            (r#"{"path":"/a","acl":["nobody"]}"#, "\"nobody\""),
        ] {
            let error = Entry::parse(line).unwrap_err();
            assert!(error.contains(reason), "{line}: {error}");
        }
    }

    #[test]
    fn differences_are_named_and_the_order_of_an_acl_is_none() {
        let a = Entry::parse(r#"{"path":"/a","acl":["world:anyone:r","ip:10.0.0.1:w"]}"#).unwrap();
        let b = Entry::parse(r#"{"path":"/a","acl":["ip:10.0.0.1:w","world:anyone:r"]}"#).unwrap();
        assert!(a.differences(&b).is_empty());
        let c =
            Entry::parse(r#"{"path":"/a","data":"","mode":"ephemeral","acl":["ip:1.1.1.1:r"]}"#);
        assert_eq!(a.differences(&c.unwrap()), ["data", "mode", "acl"]);
    }
}
