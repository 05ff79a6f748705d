//! What answers in the place of a ZooKeeper server.

/// Describes whoever sent these bytes as its first ones, which are no answer to a handshake.
pub(crate) fn stranger(bytes: &[u8]) -> String {
    if bytes.starts_with(b"HTTP/") {
        return "answered with HTTP; 8080 is the admin port, clients use 2181".to_owned();
    }
    // A TLS record: an alert or a handshake message, of version 3.x.
    if matches!(bytes, [0x15 | 0x16, 0x03, 0..=4, ..]) {
        return "answered with TLS; it is a port for encrypted connections: use .tls() (zkctl --tls-ca)".to_owned();
    }
    let shown = bytes.get(..SHOWN).unwrap_or(bytes);
    let more = if shown.len() < bytes.len() { "…" } else { "" };
    format!(
        "answered with \"{}\"{more}, which is not ZooKeeper",
        shown.escape_ascii()
    )
}

/// How many bytes tell enough: a banner's first words.
const SHOWN: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_strangers_are_named() {
        assert!(stranger(b"HTTP/1.1 400 Bad Request\r\n").starts_with("answered with HTTP; "));
        assert!(stranger(&[0x15, 3, 3, 0, 2, 2, 0x46]).starts_with("answered with TLS; "));
        assert!(stranger(&[0x16, 3, 1, 0, 80]).starts_with("answered with TLS; "));
    }

    #[test]
    fn other_bytes_are_shown_escaped_and_cut() {
        assert_eq!(
            stranger(b"SSH-2.0-OpenSSH_9.2\r\n"),
            "answered with \"SSH-2.0-OpenSSH_9.2\\r\\n\", which is not ZooKeeper"
        );
        let long = stranger(&[0x1b; 400]);
        let expected = format!(
            "answered with \"{}\"…, which is not ZooKeeper",
            "\\x1b".repeat(32)
        );
        assert_eq!(long, expected);
        assert_eq!(stranger(b""), "answered with \"\", which is not ZooKeeper");
    }
}
