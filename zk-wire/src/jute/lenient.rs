//! Strings from Java, which are not always UTF-8.

use std::str;

const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// Decodes UTF-8, joins surrogate pairs encoded one by one (CESU-8), replaces everything else.
///
/// The result is allocated once, at its exact size: a string of invalid bytes triples, and growing into
/// that by doubling would double it again.
pub(super) fn lenient_string(bytes: &[u8]) -> String {
    if let Ok(text) = str::from_utf8(bytes) {
        return text.to_owned();
    }
    let mut len = 0;
    pieces(bytes, |piece| len += piece.len());
    let mut text = String::with_capacity(len);
    pieces(bytes, |piece| text.push_str(piece));
    text
}

/// Hands `bytes` over as pieces of valid text.
fn pieces(bytes: &[u8], mut piece: impl FnMut(&str)) {
    let mut rest = bytes;
    loop {
        let error = match str::from_utf8(rest) {
            Ok(text) => return piece(text),
            Err(error) => error,
        };
        let (valid, invalid) = rest
            .split_at_checked(error.valid_up_to())
            .unwrap_or((&[], rest));
        piece(str::from_utf8(valid).unwrap_or_default());
        let (character, used) = match surrogate_pair(invalid) {
            Some(character) => (character, 6),
            // No length: the text stops in the middle of a character.
            None => (REPLACEMENT, error.error_len().unwrap_or(invalid.len())),
        };
        piece(character.encode_utf8(&mut [0; 4]));
        rest = invalid.get(used..).unwrap_or_default();
    }
}

/// The character that six bytes of two encoded surrogates stand for.
fn surrogate_pair(bytes: &[u8]) -> Option<char> {
    let &[
        0xed,
        high @ 0xa0..=0xaf,
        high_low,
        0xed,
        low @ 0xb0..=0xbf,
        low_low,
    ] = bytes.first_chunk::<6>()?
    else {
        return None;
    };
    if high_low & 0xc0 != 0x80 || low_low & 0xc0 != 0x80 {
        return None;
    }
    let unit =
        |upper: u8, lower: u8| 0xd000 | (u16::from(upper & 0x3f) << 6) | u16::from(lower & 0x3f);
    char::decode_utf16([unit(high, high_low), unit(low, low_low)])
        .next()?
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrogates_encoded_one_by_one_are_joined() {
        // U+1F512 as Java's jute writer emits it, between plain text.
        assert_eq!(lenient_string(b"a\xed\xa0\xbd\xed\xb4\x92b"), "a\u{1f512}b");
    }

    #[test]
    fn lone_surrogates_and_cut_characters_are_replaced() {
        assert_eq!(
            lenient_string(b"a\xed\xa0\xbdb"),
            "a\u{fffd}\u{fffd}\u{fffd}b"
        );
        assert_eq!(lenient_string(b"a\xe2\x82"), "a\u{fffd}");
        assert_eq!(lenient_string(b"\xff"), "\u{fffd}");
    }

    #[test]
    fn the_result_has_no_spare_capacity() {
        let text = lenient_string(&[0xff; 1000]);
        assert_eq!((text.len(), text.capacity()), (3000, 3000));
    }
}
