//! Four-letter words: questions that a server answers without a session, if its configuration lets it.

use std::time::Duration;

use serde_json::{Map, Value};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use zk_wire::HostPort;

use crate::connect::PATIENCE;
use crate::output;

/// What a server said, or why there is nothing to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Names and values, in the order of the server.
    Fields(Vec<(String, String)>),
    /// The server's configuration does not allow the word.
    NotAllowed,
    /// The server has no quorum.
    NotServing,
    /// There is no answer, for this reason.
    None(String),
}

/// Why nothing is asked where encryption is wanted.
pub(crate) const PLAIN: &str =
    "zkctl asks four-letter words in plain text alone, and TLS is wanted";

/// Asks `server` for `word`.
pub(crate) async fn ask(server: &HostPort, word: &str) -> Answer {
    let mut text = Vec::new();
    match timeout(PATIENCE, exchange(server, word, &mut text)).await {
        Ok(Ok(())) => parse(word, &String::from_utf8_lossy(&text)),
        Ok(Err(error)) => Answer::None(error.to_string()),
        Err(_) => Answer::None(format!("no answer within {}", show(PATIENCE))),
    }
}

async fn exchange(server: &HostPort, word: &str, text: &mut Vec<u8>) -> std::io::Result<()> {
    let stream = TcpStream::connect((server.host.as_str(), server.port)).await?;
    let (reader, mut writer) = stream.into_split();
    writer.write_all(word.as_bytes()).await?;
    reader.take(LIMIT).read_to_end(text).await.map(|_| ())
}

fn parse(word: &str, text: &str) -> Answer {
    if text.contains("is not executed because it is not in the whitelist") {
        return Answer::NotAllowed;
    }
    if text.contains("not currently serving requests") {
        return Answer::NotServing;
    }
    if text.trim().is_empty() {
        return Answer::None("it hung up without an answer".to_owned());
    }
    let fields: Vec<_> = text.lines().filter_map(field).collect();
    if fields.is_empty() {
        // `ruok` and `isro` answer with one word.
        let text = output::printable(text.trim());
        return Answer::Fields(vec![(word.to_owned(), text)]);
    }
    Answer::Fields(fields)
}

/// `Mode: leader`, `zk_version\t3.9`, `clientPort=2181`.
fn field(line: &str) -> Option<(String, String)> {
    let at = line.find(['\t', ':', '='])?;
    let (name, value) = line.split_at(at);
    let value = output::printable(value.get(1..)?.trim());
    (!value.is_empty()).then(|| (output::printable(name.trim()), value))
}

/// The value of the field with this name.
pub(crate) fn value<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = fields.iter().find(|(field, _)| field == name)?;
    Some(found.1.as_str())
}

/// The fields as an object: names in lower case with `_` between words, numbers as numbers.
pub(crate) fn object(fields: &[(String, String)]) -> Map<String, Value> {
    let value = |text: &String| {
        text.parse::<i64>()
            .map_or_else(|_| Value::from(text.as_str()), Value::from)
    };
    fields
        .iter()
        .map(|(name, text)| (key(name), value(text)))
        .collect()
}

fn key(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|c| {
            if c.is_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    name.trim_matches('_').to_owned()
}

fn show(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// `cons` and `wchp` of a busy server are long; more than this is nothing for a terminal.
const LIMIT: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<(String, String)> {
        match parse("word", text) {
            Answer::Fields(fields) => fields,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_answer_is_names_and_values() {
        let srvr = "Zookeeper version: 3.9.3-x, built on 2024-10-17 23:21 UTC\nLatency min/avg/max: 0/0.5/7\n\
                    Zxid: 0x100000002\nMode: leader\nNode count: 5\nProposal sizes last/min/max: 48/48/48\n";
        let fields = fields(srvr);
        assert_eq!(value(&fields, "Mode"), Some("leader"));
        assert_eq!(
            Value::from(object(&fields)),
            serde_json::json!({
                "zookeeper_version": "3.9.3-x, built on 2024-10-17 23:21 UTC",
                "latency_min_avg_max": "0/0.5/7",
                "zxid": "0x100000002",
                "mode": "leader",
                "node_count": 5,
                "proposal_sizes_last_min_max": "48/48/48",
            })
        );
    }

    #[test]
    fn other_words_have_other_separators() {
        assert_eq!(
            Value::from(object(&fields("zk_version\t3.9.3\nzk_znode_count\t5\n"))),
            serde_json::json!({ "zk_version": "3.9.3", "zk_znode_count": 5 })
        );
        assert_eq!(
            fields("clientPort=2181\n"),
            [("clientPort".to_owned(), "2181".to_owned())]
        );
        assert_eq!(fields("imok"), [("word".to_owned(), "imok".to_owned())]);
    }

    #[test]
    fn refusals_and_hostile_answers_are_told_apart() {
        let refusal = "srvr is not executed because it is not in the whitelist.\n";
        assert_eq!(parse("srvr", refusal), Answer::NotAllowed);
        let idle = "This ZooKeeper instance is not currently serving requests\n";
        assert_eq!(parse("srvr", idle), Answer::NotServing);
        assert!(matches!(parse("srvr", ""), Answer::None(_)));
        assert_eq!(
            fields("a: \u{1b}[2J"),
            [("a".to_owned(), "\\u{1b}[2J".to_owned())]
        );
    }
}
