//! A holder that is stopped between looking at its hold and writing, as a process of its own.
//!
//! It holds the lock by one session and writes by another, as to a store that knows nothing of the lock. Variables:
//! `ZK_CONNECT`, `ZK_LOCK`, `ZK_RESOURCE` (the node to write), `ZK_SESSION_MS`, `ZK_FENCED` (`yes` or `no`). Prints a
//! line of JSON when it holds and has seen that the hold is safe, and then stops itself with SIGSTOP; when it is
//! continued it writes at once, and prints a line about the write and one about the loss.
#![allow(clippy::print_stdout, reason = "a program whose output its test reads")]

use std::error::Error;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use serde_json::json;
use zk_recipes::{Client, Fate, Mutex};

// One thread: no other can see a signal, or write, between the look and the write.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let session = Duration::from_millis(std::env::var("ZK_SESSION_MS")?.parse()?);
    let connect = std::env::var("ZK_CONNECT")?;
    let resource = std::env::var("ZK_RESOURCE")?;
    let fenced = std::env::var("ZK_FENCED")? == "yes";
    let zk = Client::builder(&connect)
        .session_timeout(session)
        .connect()
        .await?;
    let store = Client::builder(&connect).session_timeout(5 * session);
    let store = store.connect().await?;
    let guard = Mutex::new(&zk, &std::env::var("ZK_LOCK")?)?
        .acquire()
        .await?;
    let (held, granted) = (guard.held(), zk.now());
    while !held.is_safe() {
        if !held.is_held() {
            return Err("lost before it was stopped: the machine stood still".into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let safe_until = held.safe_until().ok_or("safe, and not known until when")?;
    println!(
        "{}",
        json!({
            "event": "safe", "token": held.token(), "granted": granted.as_nanos(),
            "safe_until": safe_until.as_nanos(),
        })
    );
    kill_process(getpid(), Signal::STOP)?;
    let continued = zk.now();
    let mut write = store.set(&resource, "stale");
    if fenced {
        write = write.fenced_by(&held);
    }
    let written = write.await;
    println!(
        "{}",
        json!({
            "event": "wrote", "continued": continued.as_nanos(),
            "outcome": match written.as_ref().map_err(|error| error.fate()) {
                Ok(_) => "done",
                Err(Fate::NotApplied) => "not_applied",
                Err(_) => "unknown",
            },
            "kind": written.as_ref().err().map(|error| error.kind().name()),
            "safe": held.is_safe(),
        })
    );
    let lost = held.lost().await;
    println!(
        "{}",
        json!({ "event": "lost", "why": lost.why.to_string(), "held": held.is_held() })
    );
    drop(guard);
    store.close().await?;
    zk.close().await?;
    Ok(())
}
