//! A row of a database as a gate: the statements, for any driver.

use std::fmt;

use super::stale::StaleToken;

/// A row that remembers the highest token: a column, and one conditional UPDATE, which databases do in one step.
///
/// Nothing here talks to a database. Run [`update`](Self::update) with the parameters *values, token, key, token*; if it
/// changed no row run [`highest`](Self::highest) with the key; hand both results to [`verdict`](Self::verdict). In a larger
/// database transaction run the update first: it keeps the row until the end. Only standard SQL is used, and it is right at
/// every isolation level from READ COMMITTED; under stricter ones a database may end it with a serialization failure instead,
/// which is to be tried again as usual.
///
/// Rows are made before, with the column's default; there a first holder is as good as any. Everybody who writes the row has
/// to go this way.
///
/// ```
/// use zk_recipes::gate::{SqlGate, SqlRefusal};
///
/// let accounts = SqlGate::new("accounts", "id", &["balance"])?;
/// assert_eq!(accounts.add_column(), "ALTER TABLE accounts ADD COLUMN fencing_token BIGINT NOT NULL DEFAULT 0");
/// assert_eq!(accounts.update(), "UPDATE accounts SET balance = ?, fencing_token = ? WHERE id = ? AND fencing_token <= ?");
/// assert_eq!(accounts.highest(), "SELECT fencing_token FROM accounts WHERE id = ?");
/// // What a driver said: no row was changed, because there is a higher token.
/// let refused = SqlGate::verdict(17, 0, Some(18));
/// assert!(matches!(refused, Err(SqlRefusal::Stale(_))));
/// # Ok::<(), zk_recipes::gate::InvalidName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlGate {
    table: String,
    key: String,
    token: String,
    values: Vec<String>,
    numbered: bool,
}

/// Why a write to a row was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SqlRefusal {
    /// A later holder was here.
    Stale(StaleToken),
    /// There is no such row.
    NoRow,
    /// The row came to be, or was set back, between the two statements: try again.
    Changed,
}

/// A name that is no plain identifier, so that it cannot stand in a statement unquoted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidName {
    /// The name.
    pub name: String,
}

impl SqlGate {
    /// The gate of the rows of `table`, found by the column `key`; `values` are the columns to write. Names are plain
    /// identifiers (letters, digits, `_`), that of the table may have its schema and a point in front.
    ///
    /// # Errors
    ///
    /// If one is not.
    pub fn new(table: &str, key: &str, values: &[&str]) -> Result<Self, InvalidName> {
        for part in table.split('.') {
            identifier(part)?;
        }
        let values = values.iter().map(|name| identifier(name));
        Ok(Self {
            table: table.to_owned(),
            key: identifier(key)?,
            token: "fencing_token".to_owned(),
            values: values.collect::<Result<_, _>>()?,
            numbered: false,
        })
    }

    /// Sets the name of the column for the token. Default: `fencing_token`.
    ///
    /// # Errors
    ///
    /// If it is no plain identifier.
    pub fn token_column(mut self, name: &str) -> Result<Self, InvalidName> {
        self.token = identifier(name)?;
        Ok(self)
    }

    /// Writes parameters as `$1`, `$2`, … as PostgreSQL has them. Default: `?`.
    #[must_use]
    pub fn numbered(mut self) -> Self {
        self.numbered = true;
        self
    }

    /// The column, for CREATE TABLE. Tokens are zxids, which fit into 63 bits.
    #[must_use]
    pub fn column(&self) -> String {
        format!("{} BIGINT NOT NULL DEFAULT 0", self.token)
    }

    /// The statement that adds the column to a table that is there.
    #[must_use]
    pub fn add_column(&self) -> String {
        format!("ALTER TABLE {} ADD COLUMN {}", self.table, self.column())
    }

    /// The write. Parameters: the values, the token, the key, the token again.
    #[must_use]
    pub fn update(&self) -> String {
        let mut number = 0;
        let mut parameter = || {
            number += 1;
            match self.numbered {
                true => format!("${number}"),
                false => "?".to_owned(),
            }
        };
        let columns = self.values.iter().chain([&self.token]);
        let sets: Vec<String> = columns
            .map(|column| format!("{column} = {}", parameter()))
            .collect();
        let (table, key, token) = (&self.table, &self.key, &self.token);
        let (at, least) = (parameter(), parameter());
        let sets = sets.join(", ");
        format!("UPDATE {table} SET {sets} WHERE {key} = {at} AND {token} <= {least}")
    }

    /// The highest token so far, for when the write changed no row. Parameter: the key.
    #[must_use]
    pub fn highest(&self) -> String {
        let parameter = if self.numbered { "$1" } else { "?" };
        format!(
            "SELECT {} FROM {} WHERE {} = {parameter}",
            self.token, self.table, self.key
        )
    }

    /// The token as the signed number that the column holds. Tokens are zxids, which fit; a number that does not becomes the
    /// highest one that does.
    #[must_use]
    pub fn parameter(token: u64) -> i64 {
        i64::try_from(token).unwrap_or(i64::MAX)
    }

    /// What the two statements come to: how many rows the write changed, and, if none, the highest token found; `None` if
    /// there was no row.
    ///
    /// Some databases do not count a row that is written with what it holds already: that is a write all the same.
    ///
    /// # Errors
    ///
    /// If nothing was written.
    pub fn verdict(token: u64, changed: u64, highest: Option<i64>) -> Result<(), SqlRefusal> {
        if changed > 0 {
            return Ok(());
        }
        let highest = highest.ok_or(SqlRefusal::NoRow)?;
        let highest = u64::try_from(highest).unwrap_or(0);
        match token.cmp(&highest) {
            std::cmp::Ordering::Less => Err(StaleToken::new(token, highest).into()),
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(SqlRefusal::Changed),
        }
    }
}

fn identifier(name: &str) -> Result<String, InvalidName> {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_plain =
        name.starts_with(is_start) && name.chars().all(|c| is_start(c) || c.is_ascii_digit());
    match is_plain {
        true => Ok(name.to_owned()),
        false => Err(InvalidName {
            name: name.to_owned(),
        }),
    }
}

impl From<StaleToken> for SqlRefusal {
    fn from(stale: StaleToken) -> Self {
        Self::Stale(stale)
    }
}

impl fmt::Display for SqlRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale(stale) => stale.fmt(f),
            Self::NoRow => f.write_str(
                "there is no row to write to; insert it first, with the default of its token",
            ),
            Self::Changed => f.write_str("the row was changed between two statements; try again"),
        }
    }
}

impl std::error::Error for SqlRefusal {}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no plain identifier; use letters, digits and _, or write the statements by hand",
            self.name
        )
    }
}

impl std::error::Error for InvalidName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_in_the_order_of_the_question_marks() {
        let gate = SqlGate::new("shop.stock", "item", &["price", "left"]).unwrap();
        let gate = gate.token_column("t").unwrap();
        assert_eq!(
            gate.update(),
            "UPDATE shop.stock SET price = ?, left = ?, t = ? WHERE item = ? AND t <= ?"
        );
        let gate = gate.numbered();
        assert_eq!(
            gate.update(),
            "UPDATE shop.stock SET price = $1, left = $2, t = $3 WHERE item = $4 AND t <= $5"
        );
        assert_eq!(gate.highest(), "SELECT t FROM shop.stock WHERE item = $1");
    }

    #[test]
    fn a_name_that_is_no_identifier_gets_into_no_statement() {
        for name in ["", "1a", "a b", "a;b", "a-b", "a\"", "\u{e4}", "a.b"] {
            let as_key = SqlGate::new("t", name, &[]);
            assert_eq!(as_key.unwrap_err().name, name);
            assert!(SqlGate::new("t", "id", &[name]).is_err());
        }
        for name in ["", ".", "a.", ".a", "a..b", "a.b c"] {
            assert!(SqlGate::new(name, "id", &[]).is_err(), "{name}");
        }
    }

    #[test]
    fn the_verdict_tells_a_stale_token_from_a_row_that_is_not_there() {
        assert_eq!(SqlGate::verdict(7, 1, None), Ok(()));
        let stale = SqlRefusal::Stale(StaleToken::new(7, 8));
        assert_eq!(SqlGate::verdict(7, 0, Some(8)), Err(stale));
        assert_eq!(SqlGate::verdict(7, 0, None), Err(SqlRefusal::NoRow));
        assert_eq!(SqlGate::verdict(7, 0, Some(7)), Ok(()));
        assert_eq!(SqlGate::verdict(7, 0, Some(6)), Err(SqlRefusal::Changed));
    }
}
