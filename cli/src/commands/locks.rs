//! `zkctl locks`: who holds a lock, and who waits for it.

pub(crate) mod picture;
mod view;

use zk_recipes::Mutex;

use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::node_path::NodePath;
use crate::output;

use picture::{check_chroot, list, show};

/// Options of `locks`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Shows the contenders in the order in which they get the lock: the holder first. SINCE is when a contender
queued up, by the servers' clock. Contenders of Curator, go-zk and kazoo are shown, too.
With --json: {\"path\": …, \"contenders\": [{\"holds\": …, \"token\": …, \"since\": …, \"since_ms\": …, \"session\": …,
\"text\": …, \"node\": …, \"family\": …}, …]}.

With --watch a terminal shows the lock as it is, always; elsewhere each change is one such object on a line, and
{\"path\": …, \"event\": \"suspended\" | \"connected\" | \"expired\"} tells of the session.

Examples:
  zkctl locks /locks/nightly
  zkctl locks /locks/nightly --watch
  zkctl locks /locks/nightly --json | jq -r '.contenders[0].text'
  zkctl rm NODE   # takes the lock away from the contender with this node")]
pub(crate) struct Args {
    /// The lock
    path: NodePath,

    /// Show it again whenever it changes, until Ctrl-C
    #[arg(long, short)]
    watch: bool,
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let path = args.path.as_str();
    if args.watch {
        return view::run(path, connection, json).await;
    }
    let contenders = connection
        .run(|client| async move {
            let contenders = Mutex::new(&client, path)?.contenders().await?;
            if contenders.is_empty() {
                check_chroot(&client).await?;
            }
            Ok(contenders)
        })
        .await?;
    if json {
        output::json(&list(path, &contenders))?;
    } else {
        output::text(&show(path, &contenders))?;
    }
    Ok(code::OK)
}
