//! What goes to stdout.

use std::io::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use zk_recipes::Stat;

/// Writes bytes as they are.
pub(crate) fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Writes a text that ends in a newline, or is empty.
pub(crate) fn text(text: &str) -> io::Result<()> {
    bytes(text.as_bytes())
}

/// Writes one object on one line.
pub(crate) fn json(object: &Value) -> io::Result<()> {
    text(&format!("{object}\n"))
}

/// A node's metadata as an object. Times are milliseconds since 1970.
pub(crate) fn stat(stat: &Stat) -> Value {
    let owner = (!stat.ephemeral_owner.is_none()).then(|| stat.ephemeral_owner.to_string());
    json!({
        "czxid": stat.czxid.as_raw(),
        "mzxid": stat.mzxid.as_raw(),
        "pzxid": stat.pzxid.as_raw(),
        "ctime": stat.ctime,
        "mtime": stat.mtime,
        "version": stat.version,
        "cversion": stat.cversion,
        "aversion": stat.aversion,
        "ephemeral_owner": owner,
        "data_length": stat.data_length,
        "num_children": stat.num_children,
    })
}

/// Puts bytes into `object`: as `name` if they are UTF-8, else in base64 as `name_base64`.
pub(crate) fn put_bytes(object: &mut Map<String, Value>, name: &str, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => object.insert(name.to_owned(), text.into()),
        Err(_) => object.insert(format!("{name}_base64"), STANDARD.encode(bytes).into()),
    };
}

/// A text from elsewhere, without what a terminal would take for a command.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect()
            } else {
                vec![c]
            }
        })
        .collect()
}

/// Lines up columns; the last one is not padded.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_go_in_base64() {
        let mut object = Map::new();
        put_bytes(&mut object, "data", "grün".as_bytes());
        put_bytes(&mut object, "other", &[0xff, 0x00]);
        assert_eq!(
            Value::from(object),
            json!({ "data": "grün", "other_base64": "/wA=" })
        );
    }

    #[test]
    fn a_text_from_elsewhere_cannot_command_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
    }

    #[test]
    fn columns_line_up() {
        let rows = [["A", "B"], ["long", "x"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "A     B\nlong  x\n");
    }
}
