//! Leaders of other systems that keep them in ZooKeeper in a way of their own.

use std::time::SystemTime;

use serde_json::{Map, Value};
use zk_recipes::{Client, ErrorKind, Node, Stat, path};

use crate::exit::Failure;
use crate::{duration, output, since};

/// Who leads, and who might.
#[derive(Debug, Default)]
pub(crate) struct Foreign {
    /// Whose nodes they are.
    pub(super) kind: &'static str,
    pub(super) leader: Option<Candidate>,
    pub(super) candidates: Vec<Candidate>,
    /// Parts of the system, each with where its leader is.
    pub(super) components: Vec<Candidate>,
}

/// One who leads or might.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) name: String,
    pub(super) node: String,
    pub(super) epoch: Option<i64>,
    pub(super) announcement: Option<String>,
    /// Milliseconds since 1970.
    pub(super) since: i64,
    pub(super) session: String,
    /// What only this system has.
    pub(super) more: Vec<(&'static str, Value)>,
}

/// The names below a node; `None` if it does not exist.
pub(super) async fn children(client: &Client, at: &str) -> Result<Option<Vec<String>>, Failure> {
    match client.terse().children(at).await {
        Ok(mut names) => {
            names.sort_unstable();
            Ok(Some(names))
        }
        Err(error) if error.kind() == ErrorKind::NoNode => Ok(None),
        Err(error) => Err(client.explain(error).await.into()),
    }
}

/// A node; `None` if it does not exist.
pub(super) async fn node(client: &Client, at: &str) -> Result<Option<Node>, Failure> {
    match client.terse().get(at).await {
        Ok(node) => Ok(Some(node)),
        Err(error) if error.kind() == ErrorKind::NoNode => Ok(None),
        Err(error) => Err(client.explain(error).await.into()),
    }
}

impl Candidate {
    pub(super) fn of(at: &str, stat: &Stat) -> Self {
        Self {
            name: path::name(at).to_owned(),
            node: at.to_owned(),
            since: stat.ctime,
            session: stat.ephemeral_owner.to_string(),
            ..Self::default()
        }
    }

    fn object(&self) -> Value {
        let mut object = Map::new();
        object.insert("contender".to_owned(), self.name.as_str().into());
        object.insert("epoch".to_owned(), self.epoch.into());
        object.insert("announcement".to_owned(), self.announcement.clone().into());
        object.insert("since".to_owned(), since::rfc3339(self.since).into());
        object.insert("since_ms".to_owned(), self.since.into());
        object.insert("session".to_owned(), self.session.as_str().into());
        object.insert("node".to_owned(), self.node.as_str().into());
        for (name, value) in &self.more {
            object.insert((*name).to_owned(), value.clone());
        }
        Value::from(object)
    }

    fn row(&self, standing: &str) -> Vec<String> {
        let age = since::millis(SystemTime::now()).saturating_sub(self.since);
        let age = std::time::Duration::from_millis(u64::try_from(age).unwrap_or(0));
        vec![
            standing.to_owned(),
            self.epoch
                .map_or_else(String::new, |epoch| epoch.to_string()),
            since::rfc3339(self.since),
            duration::show(age),
            self.session.clone(),
            output::printable(&self.name),
            output::printable(self.announcement.as_deref().unwrap_or_default()),
        ]
    }
}

impl Foreign {
    pub(super) fn object(&self, at: &str) -> Value {
        let list = |all: &[Candidate]| all.iter().map(Candidate::object).collect::<Vec<_>>();
        let mut object = Map::new();
        object.insert("path".to_owned(), at.into());
        object.insert("kind".to_owned(), self.kind.into());
        let leader = self.leader.as_ref().map(Candidate::object);
        object.insert("leader".to_owned(), leader.into());
        object.insert("candidates".to_owned(), list(&self.candidates).into());
        if !self.components.is_empty() {
            object.insert("components".to_owned(), list(&self.components).into());
        }
        Value::from(object)
    }

    pub(super) fn table(&self, at: &str) -> String {
        let mut rows = vec![header()];
        let leader = self.leader.as_ref();
        rows.extend(leader.map(|leader| leader.row("leads")));
        // The leader of Kafka has a node of its own next to that of the broker it is.
        let is_other = |other: &&Candidate| leader.is_none_or(|leader| leader.name != other.name);
        let others = self.candidates.iter().filter(is_other);
        rows.extend(others.map(|other| other.row("waits")));
        rows.extend(self.components.iter().map(|part| part.row("leads")));
        let nobody = match leader {
            None if self.components.is_empty() => format!("nobody leads {at} ({})\n", self.kind),
            _ => String::new(),
        };
        if rows.len() == 1 {
            return nobody;
        }
        nobody + &output::table(&rows)
    }
}

/// What the columns of candidates are called, of whichever kind they are.
pub(super) fn header() -> Vec<String> {
    let titles = [
        "",
        "EPOCH",
        "SINCE",
        "AGE",
        "SESSION",
        "CANDIDATE",
        "ANNOUNCES",
    ];
    titles.map(str::to_owned).to_vec()
}
