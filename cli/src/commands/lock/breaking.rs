//! `zkctl lock break`: takes a lock away, on record.

use std::io::{self, BufRead as _, IsTerminal as _};

use serde_json::json;
use zk_recipes::{Contender, Mutex};

use super::super::locks::picture::named;
use super::target::Target;
use crate::connect::Connection;
use crate::exit::{Failure, code, say};
use crate::{output, since};

/// Options of `lock break`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Deletes the holder's node, if it is still the one that was shown, and leaves a record below PATH-__broken__ (node, holder,
session, token, who broke it, and why), in one transaction. Says what it is about to do and asks, on a terminal; elsewhere
it needs --yes.

A holder that is alive hears of it as soon as it can and may go on working until then: break only what is known to be dead,
or what writes to something that checks tokens. `zkctl lock explain PATH` says how it is; `zkctl lock revoke PATH` asks first.

Exits with 1 if nobody holds the lock, somebody else than --token says, or the answer is no.
With --json: {\"path\": …, \"node\": …, \"token\": …, \"text\": …, \"session\": …, \"record\": the node with the record}.

Examples:
  zkctl lock break /locks/nightly --reason \"build-7 is switched off\"
  zkctl lock break /locks/nightly --token 4294967301 --reason \"build-7 is switched off\" --yes
  zkctl get /locks/nightly-__broken__/break-0000000000     # the record")]
pub(super) struct Args {
    #[command(flatten)]
    target: Target,

    /// Why, for the record
    #[arg(long, value_name = "TEXT", required = true)]
    reason: String,

    /// Do it without asking
    #[arg(long, short)]
    yes: bool,
}

pub(super) async fn run(args: &Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    if args.reason.trim().is_empty() {
        return Err(Failure::usage("the record needs a reason: --reason TEXT"));
    }
    let path = args.target.path.as_str();
    let (contender, record) = connection
        .run(|client| async move {
            let mutex = Mutex::new(&client, path)?;
            let contender = args.target.find(&client, &mutex).await?;
            if !args.yes {
                say(plan(path, &contender));
                confirm(&contender).await?;
            }
            let broken = mutex.break_hold(&contender, &args.reason).await?;
            Ok((contender, broken.record))
        })
        .await?;
    let Contender {
        node,
        token,
        text,
        session,
        ..
    } = &contender;
    if json {
        let object = json!({
            "path": path,
            "node": node,
            "token": token,
            "text": text,
            "session": session.to_string(),
            "record": record,
        });
        output::json(&object)?;
    } else {
        let text = named(&contender);
        output::text(&format!(
            "took {path} from {text} (token {token}); the record is {record}\n"
        ))?;
    }
    Ok(code::OK)
}

fn plan(path: &str, contender: &Contender) -> String {
    let verb = match contender.holds {
        true => "holds",
        false => "waits for",
    };
    format!(
        "{} {verb} {path} (token {}, session {}, since {}): its node {} would be deleted and a record left below \
         {path}-__broken__; if it is alive it may go on working for a while",
        named(contender),
        contender.token,
        contender.session,
        since::rfc3339(since::millis(contender.since)),
        contender.node
    )
}

/// Asks whoever sits at the terminal.
async fn confirm(contender: &Contender) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(format!(
            "nothing was done: add --yes to do it, and --token {} lest somebody else holds it by then",
            contender.token
        )));
    }
    say("go on? Type yes");
    // Not on the one thread: the session lives on meanwhile.
    let read = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        read.map(|_| answer)
    });
    match read.await {
        Ok(Ok(answer)) if answer.trim() == "yes" => Ok(()),
        _ => Err(Failure::new(code::REFUSED, "nothing was done")),
    }
}
