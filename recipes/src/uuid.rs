//! Random names.

use zk_client::{Client, Error};

/// A random version-4 UUID in text form with hyphens.
pub(crate) fn new_uuid(client: &Client) -> Result<String, Error> {
    let bits = u128::from_be_bytes(client.random()?);
    let bits = (bits & !(0xf << 76) | (0x4 << 76)) & !(0x3 << 62) | (0x2 << 62);
    let mut text = format!("{bits:032x}");
    for hyphen in [8, 13, 18, 23] {
        text.insert(hyphen, '-');
    }
    Ok(text)
}
