//! The tables of a Markdown text.

/// One table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// The line of its heading.
    pub(super) line: usize,
    pub(super) heading: Vec<String>,
    /// The cells of each row, with its line.
    pub(super) rows: Vec<(usize, Vec<String>)>,
}

impl Table {
    /// Where the column with this heading stands.
    pub(super) fn column(&self, heading: &str) -> Option<usize> {
        self.heading.iter().position(|cell| cell == heading)
    }
}

/// All tables of a text, in their order.
pub(super) fn of(text: &str) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if !line.starts_with('|') {
            inside = false;
            continue;
        }
        let cells = cells(line);
        match tables.last_mut().filter(|_| inside) {
            None => tables.push(Table {
                line: index + 1,
                heading: cells,
                rows: Vec::new(),
            }),
            Some(table) => {
                if !is_rule(&cells) {
                    table.rows.push((index + 1, cells));
                }
            }
        }
        inside = true;
    }
    tables
}

/// The names in backticks of a cell.
pub(super) fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn is_rule(cells: &[String]) -> bool {
    let is_line = |cell: &String| cell.chars().all(|c| matches!(c, '-' | ':' | ' '));
    cells.iter().all(is_line)
}

fn cells(line: &str) -> Vec<String> {
    let inner = line.strip_prefix('|').unwrap_or(line);
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    let cells = inner.split('|');
    cells.map(|cell| cell.trim().to_owned()).collect()
}
