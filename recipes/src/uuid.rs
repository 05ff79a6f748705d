//! Random names: version-4 UUIDs in the text form with hyphens.

use zk_client::{Client, Error};

/// A random name.
pub(crate) fn new_uuid(client: &Client) -> Result<String, Error> {
    client.random().map(uuid_of)
}

/// A name from random bytes.
pub(crate) fn uuid_of(bytes: [u8; 16]) -> String {
    let bits = u128::from_be_bytes(bytes);
    let bits = (bits & !(0xf << 76) | (0x4 << 76)) & !(0x3 << 62) | (0x2 << 62);
    let mut text = format!("{bits:032x}");
    for hyphen in [8, 13, 18, 23] {
        text.insert(hyphen, '-');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_version_4_uuids() {
        let name = uuid_of([0xff; 16]);
        let bytes = name.as_bytes();
        assert_eq!(name.len(), 36);
        assert!([8, 13, 18, 23].iter().all(|&at| bytes[at] == b'-'));
        assert_eq!(bytes[14], b'4');
        assert!(b"89ab".contains(&bytes[19]));
        assert_eq!(name, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
