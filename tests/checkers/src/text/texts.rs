//! The words of a history, each kept once.

use std::collections::BTreeMap;

/// The handle of a word in [`Texts`]; the default is the empty word.
///
/// Two handles of one history are equal if and only if their words are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(u32);

impl Text {
    /// The empty word.
    pub const EMPTY: Self = Self(0);

    /// Whether this is the empty word.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::EMPTY
    }
}

/// The words of a history, each kept once: paths, data, names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// The words but for the empty one, each behind the one before.
    bytes: Vec<u8>,
    /// Where each word ends.
    ends: Vec<usize>,
    handles: BTreeMap<Box<[u8]>, Text>,
}

impl Texts {
    /// The handle of a word.
    ///
    /// # Panics
    ///
    /// With 2³² different words.
    pub fn intern(&mut self, word: &[u8]) -> Text {
        if word.is_empty() {
            return Text::EMPTY;
        }
        if let Some(&known) = self.handles.get(word) {
            return known;
        }
        self.bytes.extend_from_slice(word);
        self.ends.push(self.bytes.len());
        #[expect(clippy::expect_used, reason = "no machine holds that many records")]
        let handle = Text(u32::try_from(self.ends.len()).expect("fewer than 2³² words"));
        self.handles.insert(word.into(), handle);
        handle
    }

    /// The handle of a word that is known already.
    #[must_use]
    pub fn find(&self, word: &[u8]) -> Option<Text> {
        if word.is_empty() {
            return Some(Text::EMPTY);
        }
        self.handles.get(word).copied()
    }

    /// The word; empty for a handle of another history.
    #[must_use]
    pub fn bytes(&self, handle: Text) -> &[u8] {
        let Some(place) = (handle.0 as usize).checked_sub(1) else {
            return &[];
        };
        let start = match place.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or_default(),
            None => 0,
        };
        let end = self.ends.get(place).copied().unwrap_or(start);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// The word in the text form: bytes that would end a field as `%XX`.
    #[must_use]
    pub fn shown(&self, handle: Text) -> String {
        use std::fmt::Write as _;
        let mut shown = String::new();
        for &byte in self.bytes(handle) {
            if byte.is_ascii_graphic() && byte != b'%' {
                shown.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(shown, "%{byte:02x}");
            }
        }
        shown
    }

    /// The handle of a word in the text form.
    pub(crate) fn intern_shown(&mut self, shown: &str) -> Result<Text, String> {
        let mut word = Vec::with_capacity(shown.len());
        let mut rest = shown.as_bytes();
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            if byte != b'%' {
                word.push(byte);
                continue;
            }
            let digits = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
            let code = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
            word.push(code.ok_or("two hexadecimal digits must follow %")?);
            rest = after.get(2..).unwrap_or_default();
        }
        Ok(self.intern(&word))
    }
}
