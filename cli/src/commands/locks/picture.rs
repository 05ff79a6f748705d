//! How a lock is shown.

use std::time::SystemTime;

use serde_json::{Value, json};
use zk_recipes::{Client, Contender, Family, path};

use crate::exit::Failure;
use crate::{duration, output, since};

/// A lock that nobody ever took has no node; a chroot that is not there is a mistake.
pub(crate) async fn check_chroot(client: &Client) -> Result<(), Failure> {
    if matches!(client.exists("/").await, Ok(None)) {
        client.get("/").await?;
    }
    Ok(())
}

/// The contenders as one object.
pub(crate) fn list(path: &str, contenders: &[Contender]) -> Value {
    let contenders: Vec<Value> = contenders.iter().map(object).collect();
    json!({ "path": path, "contenders": contenders })
}

/// A contender as an object.
pub(crate) fn object(contender: &Contender) -> Value {
    json!({
        "holds": contender.holds,
        "token": contender.token,
        "since": since::rfc3339(since::millis(contender.since)),
        "since_ms": since::millis(contender.since),
        "session": contender.session.to_string(),
        "text": contender.text,
        "node": contender.node,
        "family": family(contender.family),
    })
}

/// The contenders as a table.
pub(crate) fn show(path: &str, contenders: &[Contender]) -> String {
    if contenders.is_empty() {
        return format!("{path} is free\n");
    }
    let header = ["", "TOKEN", "SINCE", "AGE", "SESSION", "CONTENDER", "NODE"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(contenders.iter().map(|contender| {
        let age = SystemTime::now()
            .duration_since(contender.since)
            .unwrap_or_default();
        let text = match contender.family {
            Family::Mutex => output::printable(&contender.text),
            other => format!("{} ({})", output::printable(&contender.text), family(other)),
        };
        vec![
            if contender.holds { "holds" } else { "waits" }.to_owned(),
            contender.token.to_string(),
            since::rfc3339(since::millis(contender.since)),
            duration::show(age),
            contender.session.to_string(),
            text,
            contender.node.clone(),
        ]
    }));
    output::table(&rows)
}

/// What a contender says about itself; its node if it says nothing, or was asked to let go, which replaces it.
pub(crate) fn named(contender: &Contender) -> String {
    let text = match contender.text.as_str() {
        "" | REQUEST => path::name(&contender.node),
        text => text,
    };
    match contender.family {
        Family::Mutex => output::printable(text),
        other => format!("{} ({})", output::printable(text), family(other)),
    }
}

/// What Curator's Revoker and `zkctl lock revoke` write in its place.
pub(crate) const REQUEST: &str = "__REVOKE__";

/// The name of a family, for people.
pub(crate) fn family(family: Family) -> &'static str {
    match family {
        Family::Mutex => "mutex",
        Family::Kazoo => "kazoo",
        Family::OtherKazoo => "kazoo read lock",
        Family::Reader => "reader",
        Family::Writer => "writer",
        Family::Latch => "election",
        Family::OtherCurator => "semaphore permit",
        _ => "another recipe",
    }
}
