//! `zkctl reconfig`: changes which servers make up the ensemble.

use zk_recipes::ErrorKind;

use super::config::show;
use crate::connect::Connection;
use crate::exit::{Failure, code};

/// Options of `reconfig`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Prints the new configuration, as `zkctl config` does. Either some servers join and leave, or --members names all of
them. A server that joins has to run and to have caught up. Every server needs reconfigEnabled=true, and whoever asks
needs WRITE on /zookeeper/config: a super user, or whom one gave it with `zkctl acl`.

Examples:
  zkctl reconfig --add 'server.4=zk4:2888:3888:participant;2181' --remove 1
  zkctl reconfig --version 100000003 --remove 4      # only if nobody changed it since
  zkctl reconfig --members 'server.1=zk1:2888:3888;2181' --members 'server.2=zk2:2888:3888;2181'")]
pub(crate) struct Args {
    /// A server to add, or to give new addresses; may be repeated
    #[arg(long, value_name = "SERVER", required_unless_present_any = ["remove", "members"])]
    add: Vec<String>,

    /// The number of a server to remove; may be repeated
    #[arg(long, value_name = "ID")]
    remove: Vec<u64>,

    /// A server of those that are to be all of them; may be repeated
    #[arg(long, value_name = "SERVER", conflicts_with_all = ["add", "remove"])]
    members: Vec<String>,

    /// Only if the configuration has this version (see `zkctl config`), in hexadecimal digits
    #[arg(long, value_name = "HEX", value_parser = hexadecimal)]
    version: Option<u64>,
}

fn hexadecimal(text: &str) -> Result<u64, &'static str> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    u64::from_str_radix(digits, 16).map_err(|_| "a version is a number in hexadecimal digits")
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let config = connection
        .run(|client| async move {
            let mut reconfig = client.reconfig();
            for server in &args.add {
                reconfig = reconfig.join(server);
            }
            for id in args.remove {
                reconfig = reconfig.leave(id);
            }
            reconfig = reconfig.members(args.members.iter().map(String::as_str));
            if let Some(version) = args.version {
                reconfig = reconfig.version(version);
            }
            reconfig.await.map_err(|error| match error.kind() {
                // Here the command line is at fault, not the connection.
                ErrorKind::InvalidConfig | ErrorKind::Misuse => Failure::usage(error),
                _ => error.into(),
            })
        })
        .await?;
    show(&config, json)?;
    Ok(code::OK)
}
