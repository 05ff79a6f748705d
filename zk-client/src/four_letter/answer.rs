//! What a server said.

use super::{Word, WordError};

/// A server's answer to a four-letter word: its text, and what can be read from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordAnswer {
    word: Word,
    text: String,
}

impl WordAnswer {
    /// Tells answers from refusals.
    pub(super) fn read(word: Word, bytes: &[u8]) -> Result<Self, WordError> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        if text.contains("is not executed because it is not in the whitelist") {
            return Err(WordError::NotAllowed { word });
        }
        if text.contains("not currently serving requests") {
            return Err(WordError::NotServing);
        }
        if text.trim().is_empty() {
            return Err(WordError::Silent);
        }
        Ok(Self { word, text })
    }

    /// The word it answers.
    #[must_use]
    pub fn word(&self) -> Word {
        self.word
    }

    /// The text as it came; it may hold whatever the server chose to send, control characters too.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Names and values in the order of the server: `Mode: leader`, `zk_version<TAB>3.9.3`, `clientPort=2181`. Empty for
    /// answers of one word (`ruok`, `isro`).
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.text.lines().filter_map(|line| {
            let at = line.find(['\t', ':', '='])?;
            let (name, value) = line.split_at_checked(at)?;
            let value = value.get(1..)?.trim();
            (!value.is_empty()).then_some((name.trim(), value))
        })
    }

    /// The value with this name, as the server writes it.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields();
        fields.find_map(|(field, value)| (field == name).then_some(value))
    }

    /// The release of the server, such as `3.9.3`; from `srvr`, `stat`, `mntr` and `envi`.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        let names = ["Zookeeper version", "zk_version", "zookeeper.version"];
        let version = names.iter().find_map(|name| self.field(name))?;
        version.split(['-', ',']).next()
    }

    /// What part the server plays: `leader`, `follower`, `observer`, `standalone`, `read-only`; from `srvr`, `stat` and
    /// `mntr`.
    #[must_use]
    pub fn mode(&self) -> Option<&str> {
        self.field("Mode").or_else(|| self.field("zk_server_state"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(word: Word, text: &str) -> WordAnswer {
        WordAnswer::read(word, text.as_bytes()).unwrap()
    }

    #[test]
    fn b92_the_separators_of_all_words_are_understood() {
        let srvr = answer(
            Word::SRVR,
            "Zookeeper version: 3.9.3-x, built on 2024-10-17 23:21 UTC\nLatency min/avg/max: 0/0.5/7\nMode: leader\n",
        );
        assert_eq!(
            (srvr.version(), srvr.mode()),
            (Some("3.9.3"), Some("leader"))
        );
        assert_eq!(srvr.field("Latency min/avg/max"), Some("0/0.5/7"));
        assert_eq!(srvr.fields().count(), 3);
        let mntr = answer(
            Word::MNTR,
            "zk_version\t3.8.0-y, built\nzk_server_state\tfollower\nzk_znode_count\t5\n",
        );
        assert_eq!(
            (mntr.version(), mntr.mode()),
            (Some("3.8.0"), Some("follower"))
        );
        assert_eq!(mntr.field("zk_znode_count"), Some("5"));
        assert_eq!(
            answer(Word::CONF, "clientPort=2181\n").field("clientPort"),
            Some("2181")
        );
        let ruok = answer(Word::RUOK, "imok");
        assert_eq!((ruok.text(), ruok.fields().count()), ("imok", 0));
    }

    #[test]
    fn refusals_are_errors_of_their_own() {
        let read = |text: &str| WordAnswer::read(Word::MNTR, text.as_bytes()).unwrap_err();
        let refused = read("mntr is not executed because it is not in the whitelist.\n");
        assert!(matches!(
            refused,
            WordError::NotAllowed { word: Word::MNTR }
        ));
        assert!(refused.to_string().contains("4lw.commands.whitelist=mntr"));
        let idle = read("This ZooKeeper instance is not currently serving requests\n");
        assert!(matches!(idle, WordError::NotServing));
        assert!(matches!(read(" \n"), WordError::Silent));
    }
}
