//! The statements of the gate on a real database, under stale writers: what to do for a database of one's own.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;
use zk_recipes::gate::{BreachKind, GateError, SqlGate, SqlRefusal, StaleWriters, TokenGate};

use crate::kit::Folder;

/// A row, written with a connection of its own by each thread.
struct Row {
    database: PathBuf,
    gate: SqlGate,
    update: String,
}

impl Row {
    fn new(folder: &Folder, update: impl FnOnce(&SqlGate) -> String) -> Self {
        let gate = SqlGate::new("files", "name", &["contents"]).unwrap();
        let row = Self {
            database: folder.file("gate.db"),
            update: update(&gate),
            gate,
        };
        let column = row.gate.column();
        let set_up = format!(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE files (name TEXT PRIMARY KEY, contents BLOB NOT NULL, {column});
             INSERT INTO files (name, contents) VALUES ('a', x'');"
        );
        row.connect().unwrap().execute_batch(&set_up).unwrap();
        row
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = Connection::open(&self.database)?;
        connection.busy_timeout(Duration::from_secs(30))?;
        // What a power failure would take is not what is tried here.
        connection.pragma_update(None, "synchronous", "OFF")?;
        Ok(connection)
    }
}

impl TokenGate for Row {
    type Error = rusqlite::Error;

    fn write(&self, token: u64, value: &[u8]) -> Result<(), GateError<rusqlite::Error>> {
        let fence = SqlGate::parameter(token);
        let written = (|| {
            let connection = self.connect()?;
            let changed = connection.execute(&self.update, (value, fence, "a", fence))?;
            let highest = connection.query_row(&self.gate.highest(), ["a"], |row| row.get(0))?;
            Ok((changed as u64, highest))
        })();
        let (changed, highest) = written.map_err(GateError::Failed)?;
        match SqlGate::verdict(token, changed, Some(highest)) {
            Ok(()) => Ok(()),
            Err(SqlRefusal::Stale(stale)) => Err(GateError::Stale(stale)),
            Err(other) => panic!("{other}"),
        }
    }

    fn read(&self) -> rusqlite::Result<Vec<u8>> {
        let select = "SELECT contents FROM files WHERE name = 'a'";
        self.connect()?.query_row(select, [], |row| row.get(0))
    }
}

#[test]
fn the_statements_let_no_stale_write_through_on_sqlite() {
    let folder = Folder::new("gate");
    let row = Row::new(&folder, SqlGate::update);
    let checked = StaleWriters::new().rounds(10).check(&row).unwrap();
    assert!(checked.refused >= 30, "{checked:?}");
}

#[test]
fn a_statement_without_its_condition_is_found_out() {
    let folder = Folder::new("bent-gate");
    let row = Row::new(&folder, |gate| gate.update().replace("<= ?", "<= ? + 1"));
    let breach = StaleWriters::new().rounds(10).check(&row).unwrap_err();
    let (presented, highest) = (1, 2);
    assert_eq!(
        breach.kind,
        BreachKind::StaleAccepted { presented, highest }
    );
}
