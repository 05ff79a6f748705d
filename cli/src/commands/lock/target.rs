//! Which contender of a lock is meant.

use zk_recipes::{Client, Contender, Mutex};

use super::super::locks::picture::{check_chroot, named};
use crate::exit::{Failure, code};
use crate::node_path::NodePath;

/// Which contender is meant.
#[derive(Debug, clap::Args)]
pub(super) struct Target {
    /// The lock, or election
    pub(super) path: NodePath,

    /// This contender instead of the holder: its node, as `zkctl locks` shows it
    #[arg(long, value_name = "NODE")]
    node: Option<NodePath>,

    /// Only if it still has this token, as `zkctl locks` shows it
    #[arg(long, value_name = "N")]
    token: Option<u64>,
}

impl Target {
    /// Looks who it is.
    pub(super) async fn find(&self, client: &Client, mutex: &Mutex) -> Result<Contender, Failure> {
        let path = self.path.as_str();
        let contenders = mutex.contenders().await?;
        if contenders.is_empty() {
            check_chroot(client).await?;
        }
        choose(
            path,
            self.node.as_ref().map(NodePath::as_str),
            self.token,
            contenders,
        )
    }
}

fn choose(
    path: &str,
    node: Option<&str>,
    token: Option<u64>,
    contenders: Vec<Contender>,
) -> Result<Contender, Failure> {
    let refused = |text: String| {
        let hint = format!("`zkctl locks {path}` shows who is there");
        Failure::new(code::REFUSED, text).with_hint(&hint)
    };
    let mut meant: Vec<Contender> = match node {
        Some(node) => contenders.into_iter().filter(|c| c.node == node).collect(),
        // A token says which one as well as a node does.
        None if token.is_some() => {
            let (held, waits): (Vec<_>, Vec<_>) = contenders.into_iter().partition(|c| c.holds);
            match held.len() {
                1 => held,
                _ => held
                    .into_iter()
                    .chain(waits)
                    .filter(|c| Some(c.token) == token)
                    .collect(),
            }
        }
        None => contenders.into_iter().filter(|c| c.holds).collect(),
    };
    let found = meant.pop();
    if !meant.is_empty() {
        let held = meant.len() + 1;
        return Err(refused(format!(
            "{path} has {held} holders: say which one with --node or --token"
        )));
    }
    let Some(found) = found else {
        return Err(match (node, token) {
            (Some(node), _) => refused(format!("{node} is no contender of {path}, or is gone")),
            (None, Some(token)) => {
                refused(format!("nobody at {path} has the token {token} any more"))
            }
            (None, None) => refused(format!("nobody holds {path}")),
        });
    };
    match token {
        Some(token) if token != found.token => Err(refused(format!(
            "{path} has changed hands: it is with {} (token {}) now, not token {token}",
            named(&found),
            found.token
        ))),
        _ => Ok(found),
    }
}
