//! A worker that takes from an account under a lock, and an account that refuses workers which have lost it.
//!
//! The row remembers the highest fencing token. A worker that is held up between its look at the lock and its write, however
//! long, cannot overwrite what the next one wrote: SQLite compares the tokens in the UPDATE itself.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-examples --bin lock_worker -- accounts.db 10`
//!
//! With `--pause` it stands still before its write until it is sent a line.
#![expect(clippy::print_stdout, reason = "a program to watch")]

use std::error::Error;
use std::process::ExitCode;

use rusqlite::{Connection, OptionalExtension as _};
use zk_examples::{connect, wait_for_a_line};
use zk_recipes::gate::SqlGate;
use zk_recipes::{Held, Mutex};

type Outcome<T> = Result<T, Box<dyn Error>>;

// One thread: while the work stands still, so does everything else here, like a process that is paused.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let (Some(database), Some(amount)) = (arguments.next(), arguments.next()) else {
        return Err("usage: lock_worker DATABASE AMOUNT [--pause]".into());
    };
    let amount: i64 = amount.parse()?;
    let pauses = arguments.next().as_deref() == Some("--pause");
    let accounts = Accounts::open(&database)?;
    let zk = connect().await?;
    let lock = Mutex::new(&zk, "/locks/account")?;
    let work = |held: Held| async move {
        let balance = accounts.balance()?;
        println!("holding with token {}, balance {balance}", held.token());
        if pauses {
            wait_for_a_line()?;
        }
        accounts.store(balance - amount, held.token())
    };
    // What became of the work counts more than that the lock was lost meanwhile, which makes an error of `hold`.
    let guard = lock.acquire().await?;
    let worked = work(guard.held()).await;
    match &worked {
        Ok(balance) => println!("stored {balance}"),
        Err(refused) => println!("not stored: {refused}"),
    }
    guard.release().await?;
    zk.close().await?;
    Ok(match worked {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

/// One account in a table.
struct Accounts {
    database: Connection,
    gate: SqlGate,
}

impl Accounts {
    fn open(path: &str) -> Outcome<Self> {
        let database = Connection::open(path)?;
        database.busy_timeout(std::time::Duration::from_secs(10))?;
        let gate = SqlGate::new("accounts", "name", &["balance"])?;
        let token = gate.column();
        database.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, balance BIGINT NOT NULL, {token});
             INSERT OR IGNORE INTO accounts (name, balance) VALUES ('ada', 100);"
        ))?;
        Ok(Self { database, gate })
    }

    fn balance(&self) -> Outcome<i64> {
        let select = "SELECT balance FROM accounts WHERE name = 'ada'";
        Ok(self.database.query_row(select, [], |row| row.get(0))?)
    }

    /// Stores the balance, unless a later holder of the lock has.
    fn store(&self, balance: i64, token: u64) -> Outcome<i64> {
        let fence = SqlGate::parameter(token);
        let update = (balance, fence, "ada", fence);
        let changed = self.database.execute(&self.gate.update(), update)?;
        let highest = match changed {
            0 => {
                let row = self
                    .database
                    .query_row(&self.gate.highest(), ["ada"], |row| row.get(0));
                row.optional()?
            }
            _ => None,
        };
        SqlGate::verdict(token, changed as u64, highest)?;
        Ok(balance)
    }
}
