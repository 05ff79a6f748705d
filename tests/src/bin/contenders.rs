//! Contenders of one lock that add to a number in a plain file, as a process of its own.
//!
//! The file is read and written without any other protection, so a lost count is a lock held twice. Arguments:
//! CONNECT LOCK COUNTER_FILE ROUNDS CONTENDERS LOG_FILE NAME. Each contender has a client of its own. Per hold one
//! line `NAME.CONTENDER token TOKEN count COUNT` is appended to the log, under the lock; the process prints
//! `connected` once all are connected and at the end `done holds N contended M`.
#![allow(clippy::print_stdout, reason = "a program whose output its test reads")]

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use zk_recipes::{Client, Mutex};

#[derive(Clone)]
struct Job {
    connect: String,
    lock: String,
    counter: PathBuf,
    rounds: u32,
    log: PathBuf,
    name: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [connect, lock, counter, rounds, contenders, log, name] = args.as_slice() else {
        return Err("usage: contenders CONNECT LOCK COUNTER ROUNDS CONTENDERS LOG NAME".into());
    };
    let contenders: u32 = contenders.parse()?;
    let mut clients = Vec::new();
    for number in 0..contenders {
        let job = Job {
            connect: connect.clone(),
            lock: lock.clone(),
            counter: counter.into(),
            rounds: rounds.parse()?,
            log: log.into(),
            name: format!("{name}.{number}"),
        };
        clients.push((Client::builder(&job.connect).connect().await?, job));
    }
    println!("connected");
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|(zk, job)| tokio::spawn(contend(zk, job)))
        .collect();
    let mut contended = 0;
    for task in tasks {
        contended += task.await??;
    }
    let holds = contenders * rounds.parse::<u32>()?;
    println!("done holds {holds} contended {contended}");
    Ok(())
}

/// Holds the lock for all rounds; says how often others were ahead.
async fn contend(zk: Client, job: Job) -> Result<u32, Box<dyn Error + Send + Sync>> {
    let mutex = Mutex::new(&zk, &job.lock)?;
    let mut contended = 0;
    for _ in 0..job.rounds {
        contended += u32::from(!mutex.contenders().await?.is_empty());
        let guard = mutex.acquire().contender(&job.name).await?;
        let count: u64 = fs::read_to_string(&job.counter)?.trim().parse()?;
        fs::write(&job.counter, format!("{}\n", count + 1))?;
        let line = format!("{} token {} count {}\n", job.name, guard.token(), count + 1);
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&job.log)?
            .write_all(line.as_bytes())?;
        guard.release().await?;
    }
    zk.close().await?;
    Ok(contended)
}
