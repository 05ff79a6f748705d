//! What became of the nodes of a file.

use serde_json::{Value, json};

/// How many nodes each thing happened to, or would.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) created: u64,
    pub(crate) overwritten: u64,
    pub(crate) skipped: u64,
    pub(crate) unchanged: u64,
    pub(crate) conflicts: u64,
    pub(crate) ephemeral: u64,
}

impl Tally {
    /// As a sentence.
    pub(crate) fn text(&self, dry_run: bool) -> String {
        let would = if dry_run { "would have " } else { "" };
        let mut text = format!("{would}created {}", self.created);
        for (count, what) in [
            (self.overwritten, "overwritten"),
            (self.skipped, "skipped (they differ)"),
            (self.unchanged, "there already as in the file"),
            (self.conflicts, "in conflict"),
            (self.ephemeral, "ephemeral and left out"),
        ] {
            if count > 0 {
                text.push_str(&format!(", {count} {what}"));
            }
        }
        text
    }

    /// As an object.
    pub(crate) fn object(&self, root: &str) -> Value {
        json!({
            "path": root,
            "created": self.created,
            "overwritten": self.overwritten,
            "skipped": self.skipped,
            "unchanged": self.unchanged,
            "conflicts": self.conflicts,
            "ephemeral": self.ephemeral,
        })
    }
}
