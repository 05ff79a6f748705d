//! Candidates with priorities: a leader makes room for a better one.
//!
//! A priority stands in the name of the candidate's node, behind the id: `_c_<uuid>-p<priority>-latch-<10 digits>`. Curator
//! reads names from the end, and sees a candidate like any other.

use std::time::Duration;

use zk_client::{Client, Error, ErrorKind, path};

use super::leadership::Leadership;
use crate::contend::{Family, Name};

/// What the name of a candidate says.
pub(super) fn tag(priority: u32) -> String {
    format!("-p{priority}")
}

/// The priority of the candidate with this name; `None` for those without.
fn priority(name: &str) -> Option<u32> {
    let name = Name::parse(name).filter(|name| name.family == Family::Latch)?;
    let (head, _) = name.text.rsplit_once("-latch-")?;
    let (_, digits) = head.rsplit_once("-p")?;
    digits.parse().ok()
}

/// Waits until a better candidate stands, and makes it the next in line. Errors pass by: they are the leader's to see in
/// what it does itself.
pub(super) async fn make_room(leadership: &Leadership) {
    let term = leadership.term();
    let client = term.client();
    let Some(own) = priority(path::name(term.held().node())) else {
        return std::future::pending().await;
    };
    loop {
        match better(client, term.path(), own).await {
            Ok(contender) => {
                let named = leadership.name_successor(&contender, PATIENCE).await;
                if named.is_ok() {
                    return;
                }
            }
            Err(error) if error.kind() == ErrorKind::ConnectionLost => {}
            // The term is over, which others tell.
            Err(error) if error.kind() == ErrorKind::SessionExpired => {
                return std::future::pending().await;
            }
            Err(error) => {
                tracing::debug!(path = term.path(), %error, "cannot look for better candidates");
                tokio::time::sleep(PATIENCE).await;
            }
        }
    }
}

/// Waits for a candidate of higher priority; the best one, and of equals the first in line. Yields what it calls itself.
async fn better(client: &Client, at: &str, own: u32) -> Result<String, Error> {
    loop {
        let (children, mut watch) = client.children(at).watch().await?;
        let mut better: Vec<(u32, i64, String)> = children
            .iter()
            .filter_map(|child| {
                let name = Name::parse(child)?;
                let priority = priority(child).filter(|priority| *priority > own)?;
                Some((u32::MAX - priority, name.sequence, name.text))
            })
            .collect();
        better.sort_unstable();
        for (_, _, name) in better {
            match client.get(&path::join(at, &name)).await {
                Ok(found) => return Ok(String::from_utf8_lossy(&found.data).into_owned()),
                Err(error) if error.kind() == ErrorKind::NoNode => {}
                Err(error) => return Err(error),
            }
        }
        watch.next().await;
    }
}

/// How long a better candidate may take to step forward.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_priority_is_read_from_the_name_that_says_it() {
        let name =
            |tag: &str| format!("_c_53345f98-9423-4e0c-a7b5-9f819e3ec2e1{tag}-latch-0000000007");
        for value in [0, 7, u32::MAX] {
            assert_eq!(priority(&name(&tag(value))), Some(value));
        }
        for without in ["", "-p", "-px", "-p99999999999"] {
            assert_eq!(priority(&name(without)), None, "{without}");
        }
        assert_eq!(priority("_c_x-p7-lock-0000000007"), None);
    }
}
