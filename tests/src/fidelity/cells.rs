//! Which operations were answered with which codes, and how often.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use zk_wire::ErrorCode;

/// The table of operations and codes.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells(BTreeMap<(&'static str, i32), u64>);

impl Cells {
    pub(super) fn count(&mut self, op: &'static str, code: i32) {
        *self.0.entry((op, code)).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (cell, count) in &other.0 {
            *self.0.entry(*cell).or_default() += count;
        }
    }

    pub(super) fn contains(&self, op: &str, code: i32) -> bool {
        self.0
            .iter()
            .any(|((known, raw), count)| *known == op && *raw == code && *count > 0)
    }
}

impl fmt::Display for Cells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ops: BTreeSet<&str> = self.0.keys().map(|(op, _)| *op).collect();
        for op in ops {
            write!(f, "{op:>20}")?;
            for ((_, code), count) in self.0.iter().rev().filter(|((known, _), _)| *known == op) {
                let name = ErrorCode::from_raw(*code).map_or("ok", ErrorCode::name);
                write!(f, "  {name} {count}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
