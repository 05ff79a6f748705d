//! Four-letter words, as the commands show them.

use serde_json::{Map, Value};
use zk_recipes::{ServerAddr, Word, WordAnswer, WordError, ask_word};
use zk_wire::HostPort;

use crate::connect::PATIENCE;
use crate::output;

/// Names and values, in the order of the server and fit for a terminal.
pub(crate) type Fields = Vec<(String, String)>;

/// Why nothing is asked where encryption is wanted.
pub(crate) const PLAIN: &str =
    "zkctl asks four-letter words in plain text alone, and TLS is wanted";

/// What `server` says to `word`, as it stands.
pub(crate) async fn text(server: &HostPort, word: Word) -> Result<String, WordError> {
    let server = ServerAddr::new(server.host.clone(), server.port);
    let answer = ask_word(server, word).timeout(PATIENCE).await?;
    Ok(answer.text().to_owned())
}

/// Asks `server` for `word`.
pub(crate) async fn ask(server: &HostPort, word: Word) -> Result<Fields, WordError> {
    let server = ServerAddr::new(server.host.clone(), server.port);
    let answer = ask_word(server, word).timeout(PATIENCE).await?;
    Ok(fields(&answer))
}

fn fields(answer: &WordAnswer) -> Fields {
    let fields: Fields = answer
        .fields()
        .map(|(name, value)| (output::printable(name), output::printable(value)))
        .collect();
    if fields.is_empty() {
        // `ruok` and `isro` answer with one word.
        let text = output::printable(answer.text().trim());
        return vec![(answer.word().to_string(), text)];
    }
    fields
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_those_of_json() {
        let fields = [
            ("Mode", "leader"),
            ("Node count", "5"),
            ("Latency min/avg/max", "0/0.5/7"),
            ("zk_version", "3.9.3"),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(value(&fields, "Mode"), Some("leader"));
        assert_eq!(
            Value::from(object(&fields)),
            serde_json::json!({
                "mode": "leader",
                "node_count": 5,
                "latency_min_avg_max": "0/0.5/7",
                "zk_version": "3.9.3",
            })
        );
    }
}
