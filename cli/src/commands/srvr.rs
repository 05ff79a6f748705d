//! `zkctl srvr`: a server's numbers.

use serde_json::{Value, json};
use zk_recipes::Word;

use crate::connect::Connection;
use crate::exit::{Failure, code, say};
use crate::output;
use crate::word;

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
    word: Word,
}

fn four_letters(text: &str) -> Result<Word, &'static str> {
    let word = text.parse();
    word.map_err(|_| "a word has four lower-case letters, for example mntr")
}

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let named: Vec<String> = args.server.into_iter().collect();
    ask_each(&named, args.word, connection, json).await
}

/// Shows what each of the servers answers to the word.
pub(super) async fn ask_each(
    named: &[String],
    word: Word,
    connection: &Connection,
    json: bool,
) -> Result<u8, Failure> {
    let servers = connection.each(named)?;
    let mut silent = 0;
    for (place, server) in servers.iter().enumerate() {
        let name = server.to_string();
        let answer = if connection.asks_words() {
            word::ask(server, word).await.map_err(|e| e.to_string())
        } else {
            Err(word::PLAIN.to_owned())
        };
        match answer {
            Ok(fields) if json => output::json(&json!({
                "server": name,
                "word": word.as_str(),
                "fields": Value::from(word::object(&fields)),
            }))?,
            Ok(fields) => {
                let gap = if place == 0 { "" } else { "\n" };
                let mut rows = vec![vec!["server".to_owned(), name]];
                rows.extend(fields.into_iter().map(|(name, value)| vec![name, value]));
                output::text(&format!("{gap}{}", output::table(&rows)))?;
            }
            Err(error) => {
                silent += 1;
                if json {
                    output::json(
                        &json!({ "server": name, "word": word.as_str(), "error": error }),
                    )?;
                } else {
                    say(format_args!("{name} does not answer {word}: {error}"));
                }
            }
        }
    }
    Ok(if silent == 0 {
        code::OK
    } else {
        code::UNAVAILABLE
    })
}
