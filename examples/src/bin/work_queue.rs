//! Work that is lost by nobody: jobs in a queue, and workers that may die at any moment.
//!
//! A job stays in the queue, out of the others' reach, while a worker has it; if the worker dies the job is there again. What
//! the work comes to is written in one transaction with the completion: every job has one result, however often it was tried.
//!
//! ```text
//! export ZK_CONNECT=127.0.0.1:2181
//! cargo run -p zk-examples --bin work_queue -- put 100
//! cargo run -p zk-examples --bin work_queue -- work &
//! cargo run -p zk-examples --bin work_queue -- work
//! ```
//!
//! With `work --pause` it stands still over each job until it is sent a line.
#![expect(clippy::print_stdout, reason = "a program to watch")]

use std::error::Error;

use zk_examples::{connect, stopped, wait_for_a_line};
use zk_recipes::{Claimed, Client, CreateMode, ErrorKind, Queue};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let zk = connect().await?;
    let jobs = Queue::new(&zk, "/work/jobs")?;
    match arguments.as_slice() {
        ["put", count] => put(&jobs, count.parse()?).await?,
        ["work"] => work(&zk, &jobs, false).await?,
        ["work", "--pause"] => work(&zk, &jobs, true).await?,
        _ => return Err("usage: work_queue put COUNT | work [--pause]".into()),
    }
    zk.close().await?;
    Ok(())
}

/// Puts numbers to square, up to a hundred in one transaction.
async fn put(jobs: &Queue, count: u32) -> Outcome<()> {
    let numbers: Vec<String> = (0..count).map(|number| number.to_string()).collect();
    for portion in numbers.chunks(100) {
        jobs.put_all(portion.iter().cloned()).await?;
    }
    println!("put {count} jobs");
    Ok(())
}

/// Works until it is told to stop; then it finishes what it has begun.
async fn work(zk: &Client, jobs: &Queue, pauses: bool) -> Outcome<()> {
    make_results(zk).await?;
    let stopped = stopped();
    tokio::pin!(stopped);
    loop {
        let job = tokio::select! {
            // A claim that is dropped leaves nothing behind.
            () = &mut stopped => return Ok(()),
            job = jobs.claim() => job?,
        };
        let number: u64 = std::str::from_utf8(job.data())?.parse()?;
        println!("has {number}, attempt {}", job.attempt());
        if pauses {
            wait_for_a_line()?;
        }
        let square = number * number;
        match finish(zk, job, number, square).await {
            Ok(()) => println!("completed {number}"),
            // It took too long. Either the job is completed, result and all, or somebody else has it: what was worked out
            // here is thrown away.
            Err(error) if is_over(&error) => println!("lost {number}"),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Both or neither: the job is gone and its result is there.
async fn finish(
    zk: &Client,
    job: Claimed,
    number: u64,
    square: u64,
) -> Result<(), zk_recipes::Error> {
    // Numbered nodes, so that a second result of a job would be seen.
    let node = format!("{RESULTS}/{number}-");
    let result = square.to_string();
    let write = zk
        .multi()
        .create(&node, result, CreateMode::PersistentSequential);
    job.complete_with(write).await
}

fn is_over(error: &zk_recipes::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::LockLost | ErrorKind::SessionExpired
    )
}

async fn make_results(zk: &Client) -> Outcome<()> {
    match zk.create(RESULTS, "").parents().await {
        Err(error) if error.kind() != ErrorKind::NodeExists => Err(error.into()),
        _ => Ok(()),
    }
}

const RESULTS: &str = "/work/results";
