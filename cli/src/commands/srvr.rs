//! `zkctl srvr`: a server's numbers.

use serde_json::{Value, json};

use crate::connect::Connection;
use crate::exit::{Failure, code, say};
use crate::output;
use crate::word::{self, Answer};

/// Options of `srvr`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Asks the servers named, or all of the connect string, without opening a session. Servers answer only words that
their configuration allows (4lw.commands.whitelist; srvr alone unless set). Exits with 69 if one does not answer.
With --json one object per server: {\"server\": …, \"word\": …, \"fields\": {\"mode\": …, \"node_count\": number, …}}
or {\"server\": …, \"word\": …, \"error\": …}.

Examples:
  zkctl srvr
  zkctl srvr zk1:2181 --word mntr
  zkctl srvr --json | jq -r 'select(.fields.mode == \"leader\").server'")]
pub(crate) struct Args {
    /// Only this server, e.g. zk1:2181; the port may be left out
    server: Option<String>,

    /// Which word: srvr, mntr, ruok, isro, envi, conf, stat, cons …
    #[arg(long, value_name = "WORD", default_value = "srvr", value_parser = four_letters)]
    word: String,
}

fn four_letters(text: &str) -> Result<String, &'static str> {
    let is_word = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_lowercase());
    is_word
        .then(|| text.to_owned())
        .ok_or("a word has four lower-case letters, for example mntr")
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let named: Vec<String> = args.server.into_iter().collect();
    let servers = connection.each(&named)?;
    let mut silent = 0;
    for (place, server) in servers.iter().enumerate() {
        let answer = if connection.asks_words() {
            word::ask(server, &args.word).await
        } else {
            Answer::None(word::PLAIN.to_owned())
        };
        let reason = match &answer {
            Answer::Fields(fields) => {
                if json {
                    output::json(&json!({
                        "server": server.to_string(),
                        "word": args.word,
                        "fields": Value::from(word::object(fields)),
                    }))?;
                } else {
                    let gap = if place == 0 { "" } else { "\n" };
                    let mut rows = vec![vec!["server".to_owned(), server.to_string()]];
                    rows.extend(
                        fields
                            .iter()
                            .map(|(name, value)| vec![name.clone(), value.clone()]),
                    );
                    output::text(&format!("{gap}{}", output::table(&rows)))?;
                }
                continue;
            }
            Answer::NotAllowed => format!(
                "its configuration does not allow the word (4lw.commands.whitelist={})",
                args.word
            ),
            Answer::NotServing => "it is not serving requests: it has no quorum".to_owned(),
            Answer::None(reason) => reason.clone(),
        };
        silent += 1;
        if json {
            let (server, word) = (server.to_string(), &args.word);
            output::json(&json!({ "server": server, "word": word, "error": reason }))?;
        } else {
            say(format_args!(
                "{server} does not answer {}: {reason}",
                args.word
            ));
        }
    }
    Ok(if silent == 0 {
        code::OK
    } else {
        code::UNAVAILABLE
    })
}
