//! `zkctl mntr`: a server's numbers for monitoring.

use zk_recipes::Word;

use super::srvr::ask_each;
use crate::connect::Connection;
use crate::exit::Failure;

/// Options of `mntr`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Asks the servers named, or all of the connect string, without opening a session. Servers answer only words that
their configuration allows (4lw.commands.whitelist=srvr,mntr). Exits with 69 if one does not answer.
With --json one object per server: {\"server\": …, \"word\": \"mntr\", \"fields\": {\"zk_znode_count\": number, …}}
or {\"server\": …, \"word\": \"mntr\", \"error\": …}.

Examples:
  zkctl mntr
  zkctl mntr zk1:2181 zk2:2181
  zkctl mntr --json | jq '{server, outstanding: .fields.zk_outstanding_requests}'")]
pub(crate) struct Args {
    /// The servers, e.g. zk1:2181; the port may be left out
    #[arg(value_name = "SERVER")]
    servers: Vec<String>,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    ask_each(&args.servers, Word::MNTR, connection, json).await
}
