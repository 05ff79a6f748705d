//! What is told besides errors.

use std::io::{self, Write as _};
use std::time::Duration;

use serde_json::{Value, json};
use zk_recipes::Held;

use crate::duration;
use crate::exit::say;

/// What is told besides errors. On stderr: stdout is the command's.
pub(super) struct Voice {
    pub(super) verbose: bool,
    pub(super) json: bool,
}

impl Voice {
    pub(super) fn tell(&self, held: &Held, event: &str, after: Duration) {
        let (path, token) = (held.path(), held.token());
        if self.json {
            let timed = if event == "acquired" {
                "waited_ms"
            } else {
                "held_ms"
            };
            let object: Value = json!({
                "event": event,
                "path": path,
                "token": token,
                timed: u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
            });
            let _ = writeln!(io::stderr().lock(), "{object}");
        } else if self.verbose {
            say(format_args!(
                "{event} {path} (token {token}) after {}",
                duration::show(after)
            ));
        }
    }
}
