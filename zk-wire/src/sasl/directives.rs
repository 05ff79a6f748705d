//! `name=value, name="value"`: the form of all messages of DIGEST-MD5.

/// The longest message either side may send, in bytes (RFC 2831 §2.1.1).
pub(super) const LONGEST: usize = 2048;

/// The values of a message, in its order.
#[derive(Debug)]
pub(super) struct Directives<'a>(Vec<(&'a str, String)>);

impl<'a> Directives<'a> {
    /// Reads a message. `Err` names what is wrong with it.
    pub(super) fn parse(message: &'a [u8]) -> Result<Self, &'static str> {
        if message.len() > LONGEST {
            return Err("it is too long");
        }
        let mut rest = std::str::from_utf8(message).map_err(|_| "it is not UTF-8")?;
        let mut found = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', '\t', '\r', '\n', ',']);
            if rest.is_empty() {
                return Ok(Self(found));
            }
            let (name, after) = rest.split_once('=').ok_or("a directive has no value")?;
            let after = after.trim_start_matches(BLANKS);
            let (value, after) = match after.strip_prefix('"') {
                Some(quoted) => unquote(quoted)?,
                None => {
                    let end = after.find(',').unwrap_or(after.len());
                    let (value, after) = after.split_at(end);
                    (value.trim_end_matches(BLANKS).to_owned(), after)
                }
            };
            let after = after.trim_start_matches(BLANKS);
            if !after.is_empty() && !after.starts_with(',') {
                return Err("a directive does not end");
            }
            found.push((name.trim_end_matches(BLANKS), value));
            rest = after;
        }
    }

    /// The first value of that name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut directives = self.0.iter();
        let found = directives.find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The value of that name, which must not be there twice.
    pub(super) fn once(&self, name: &str) -> Result<Option<&str>, &'static str> {
        let named = |(found, _): &&(&str, String)| found.eq_ignore_ascii_case(name);
        if self.0.iter().filter(named).count() > 1 {
            return Err("a directive is there twice");
        }
        Ok(self.get(name))
    }
}

/// The value behind a quotation mark, and what follows it.
fn unquote(quoted: &str) -> Result<(String, &str), &'static str> {
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Ok((value, quoted.get(at + 1..).unwrap_or_default())),
            '\\' => value.push(chars.next().ok_or(OPEN)?.1),
            char => value.push(char),
        }
    }
    Err(OPEN)
}

/// A value in quotation marks.
pub(super) fn quoted(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

const OPEN: &str = "a quotation does not end";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_blanks_and_empty_elements_are_understood() {
        let message = b" , realm=\"a \\\"b\\\" \\\\\" ,qop = auth ,,NONCE=x";
        let found = Directives::parse(message).unwrap();
        assert_eq!(found.get("realm"), Some("a \"b\" \\"));
        assert_eq!(found.get("qop"), Some("auth"));
        assert_eq!(found.once("nonce"), Ok(Some("x")));
        assert_eq!(found.get("other"), None);
        assert_eq!(quoted("a \"b\" \\"), "\"a \\\"b\\\" \\\\\"");
    }

    #[test]
    fn what_is_no_list_of_directives_is_refused() {
        let long = vec![b'a'; LONGEST + 1];
        for message in [
            &b"nonce"[..],
            b"nonce=\"x",
            b"nonce=\"x\\",
            b"nonce=\"x\"y",
            b"\xff=1",
            &long,
        ] {
            assert!(Directives::parse(message).is_err(), "{message:?}");
        }
        let twice = Directives::parse(b"nonce=a,nonce=b").unwrap();
        assert!(twice.once("nonce").is_err());
    }
}
