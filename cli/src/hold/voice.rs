//! What is told besides errors.

use std::io::{self, Write as _};
use std::time::Duration;

use serde_json::{Map, Value};

use super::grip::Sight;
use crate::duration;
use crate::exit::say;

/// What is told besides errors. On stderr: stdout is the command's.
pub(super) struct Voice {
    pub(super) verbose: bool,
    pub(super) json: bool,
}

impl Voice {
    pub(super) fn tell(&self, sight: &Sight, event: &str, after: Duration) {
        if self.json {
            let timed = if event == "acquired" {
                "waited_ms"
            } else {
                "held_ms"
            };
            let mut object = Map::new();
            object.insert("event".to_owned(), event.into());
            object.insert("path".to_owned(), sight.path().into());
            if let Some((name, number)) = sight.number() {
                object.insert(name.to_owned(), number.into());
            }
            let millis = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
            object.insert(timed.to_owned(), millis.into());
            let _ = writeln!(io::stderr().lock(), "{}", Value::from(object));
        } else if self.verbose {
            say(format_args!(
                "{event} {} after {}",
                sight.title(),
                duration::show(after)
            ));
        }
    }
}
