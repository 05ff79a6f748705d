//! `zkctl members`: who is a member of a group.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};
use zk_recipes::{Client, ErrorKind, Node, path};

use super::locks::picture::check_chroot;
use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::node_path::NodePath;
use crate::{duration, output, since};

/// Options of `members`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Shows the members of a group of Curator's GroupMember or of kazoo's Party or ShallowParty, by their nodes; groups of these
recipes are Curator's. One that is kept by no session does not go when its program does: its session is `none`.
With --json: {\"path\": …, \"members\": [{\"member\": …, \"data\": … or \"data_base64\": …, \"session\": … or null, \"since\": …,
\"since_ms\": …, \"node\": …, \"layout\": \"curator\" | \"kazoo party\" | \"kazoo shallow party\"}, …]}.

Examples:
  zkctl members /workers
  zkctl members /workers --json | jq -r '.members[].member'")]
pub(crate) struct Args {
    /// The group
    path: NodePath,
}

/// Whose node it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Curator,
    Party,
    ShallowParty,
}

/// A member.
struct Member {
    layout: Layout,
    id: String,
    path: String,
    node: Node,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let at = args.path.as_str();
    let members = connection
        .run(|client| async move { list(&client, at).await })
        .await?;
    if json {
        let members: Vec<Value> = members.iter().map(Member::object).collect();
        output::json(&json!({ "path": at, "members": members }))?;
    } else if members.is_empty() {
        output::text(&format!("nobody is a member of {at}\n"))?;
    } else {
        let header = ["SINCE", "AGE", "SESSION", "MEMBER", "DATA"];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        rows.extend(members.iter().map(Member::row));
        output::text(&output::table(&rows))?;
    }
    Ok(code::OK)
}

/// The members, in the order in which they came. A group that nobody ever joined has no node.
async fn list(client: &Client, at: &str) -> Result<Vec<Member>, Failure> {
    let terse = client.terse();
    let names = match terse.children(at).await {
        Ok(names) => names,
        Err(error) if error.kind() == ErrorKind::NoNode => {
            check_chroot(client).await?;
            return Ok(Vec::new());
        }
        Err(error) => return Err(client.explain(error).await.into()),
    };
    let paths = names.iter().map(|name| path::join(at, name));
    let asked: Vec<_> = paths
        .map(|path| (terse.get(&path).submit(), path))
        .collect();
    let mut members = Vec::new();
    for (answer, path) in asked {
        match answer.await {
            Ok(node) => members.push(Member::new(path, node)),
            Err(error) if error.kind() == ErrorKind::NoNode => {}
            Err(error) => return Err(client.explain(error).await.into()),
        }
    }
    members.sort_by_key(|member| member.node.stat.czxid);
    Ok(members)
}

impl Layout {
    /// What the name of a node says: 32 digits, then `__party__`, or a dash and who it is. Any other name is Curator's.
    fn of(name: &str) -> Self {
        let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        let rest = name
            .split_at_checked(32)
            .filter(|(digits, _)| digits.chars().all(is_digit));
        match rest {
            Some((_, "__party__")) => Self::Party,
            Some((_, rest)) if rest.starts_with('-') => Self::ShallowParty,
            _ => Self::Curator,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Curator => "curator",
            Self::Party => "kazoo party",
            Self::ShallowParty => "kazoo shallow party",
        }
    }
}

impl Member {
    fn new(path: String, node: Node) -> Self {
        let name = path::name(&path);
        let layout = Layout::of(name);
        let id = match layout {
            Layout::Curator => name.to_owned(),
            Layout::Party => String::from_utf8_lossy(&node.data).into_owned(),
            Layout::ShallowParty => name.get(33..).unwrap_or_default().to_owned(),
        };
        Self {
            layout,
            id,
            path,
            node,
        }
    }

    fn session(&self) -> Option<String> {
        let owner = self.node.stat.ephemeral_owner;
        (!owner.is_none()).then(|| owner.to_string())
    }

    fn object(&self) -> Value {
        let mut object = Map::new();
        let ctime = self.node.stat.ctime;
        object.insert("member".to_owned(), self.id.as_str().into());
        output::put_bytes(&mut object, "data", &self.node.data);
        object.insert("session".to_owned(), self.session().into());
        object.insert("since".to_owned(), since::rfc3339(ctime).into());
        object.insert("since_ms".to_owned(), ctime.into());
        object.insert("node".to_owned(), self.path.as_str().into());
        object.insert("layout".to_owned(), self.layout.name().into());
        Value::from(object)
    }

    fn row(&self) -> Vec<String> {
        let ctime = self.node.stat.ctime;
        let age = since::millis(SystemTime::now()).saturating_sub(ctime);
        let age = Duration::from_millis(u64::try_from(age).unwrap_or(0));
        vec![
            since::rfc3339(ctime),
            duration::show(age),
            self.session().unwrap_or_else(|| "none".to_owned()),
            output::printable(&self.id),
            output::printable(&String::from_utf8_lossy(&self.node.data)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_whose_member_it_is() {
        let digits = "0123456789abcdef0123456789abcdef";
        assert_eq!(Layout::of(&format!("{digits}__party__")), Layout::Party);
        assert_eq!(
            Layout::of(&format!("{digits}-host-1")),
            Layout::ShallowParty
        );
        for name in ["host-1", digits, "grün-ein-langer-name-mit-umlauten-ä", ""] {
            assert_eq!(Layout::of(name), Layout::Curator, "{name}");
        }
    }
}
