//! `zkctl dev chaos`: faults for the development servers that run.

use std::env;
use std::io;

use serde_json::json;

use super::control;
use super::servers::DEFAULT_PORT;
use crate::connect::ZK_CONNECT;
use crate::exit::{Failure, code};
use crate::output;

/// Options of `dev chaos`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It acts on the `zkctl dev` that runs at the first server of ZK_CONNECT, else at port 2181. Without words it tells
how the servers are. Faults, of which several may follow each other after a `;`:
  partition 1|2,3    heal    one-way 1 2       servers reach only their own group; all; one does not hear the other
  kill WHO    restart WHO    pause WHO    resume WHO       WHO is a number, leader, follower or all
  lag WHO 500ms    delay WHO 1s    linger WHO 10ms    slow-log WHO 50ms    latency 5ms
  election    freeze    thaw    lose-tails    keep-tails    expire SESSION|all    drop-touches WHO    cut WHO
  clear    reap    set-sequence PATH N
Most take `for TIME` at their end, or `after TIME` before them. A request can set them off, or be hit itself:
  on create2 /locks/ #2 kill leader for 5s
  on setData /config cut-after

Examples:
  zkctl dev --servers 3
  zkctl dev chaos 'partition 1|2,3 for 10s'
  zkctl dev chaos kill leader for 5s
  zkctl dev chaos expire all")]
pub(crate) struct Args {
    /// The port of the first server
    #[arg(long)]
    port: Option<u16>,

    /// What is to happen
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "FAULT"
    )]
    words: Vec<String>,
}

pub(super) async fn run(args: Args, json: bool) -> Result<u8, Failure> {
    let port = match args.port {
        Some(port) => port,
        None => port_of_environment()?,
    };
    let answer = control::ask(port, &args.words.join(" ")).await;
    match answer.map_err(|error| unreachable_at(port, &error))? {
        Ok(text) if json => output::json(&json!({ "servers": lines(&text) }))?,
        Ok(text) => output::text(&text)?,
        Err(refusal) => return Err(Failure::new(code::REFUSED, refusal)),
    }
    Ok(code::OK)
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

fn port_of_environment() -> Result<u16, Failure> {
    let Ok(servers) = env::var(ZK_CONNECT) else {
        return Ok(DEFAULT_PORT);
    };
    let first = servers.split([',', '/']).next().unwrap_or_default();
    let port = first.rsplit_once(':').map(|(_, port)| port.parse());
    match port {
        None => Ok(DEFAULT_PORT),
        Some(Ok(port)) => Ok(port),
        Some(Err(_)) => Err(Failure::new(
            code::CONFIG,
            format!("the first server of {ZK_CONNECT}={servers} has no port: give one with --port"),
        )),
    }
}

fn unreachable_at(port: u16, error: &io::Error) -> Failure {
    Failure::new(
        code::UNAVAILABLE,
        format!(
            "no `zkctl dev` of yours runs at port {port} ({error}): start `zkctl dev --servers 3`, or name the \
             port of its first server with --port or {ZK_CONNECT}"
        ),
    )
}
