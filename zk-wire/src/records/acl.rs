//! Who may do what to a node.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use crate::codes::permissions::Permissions;
use crate::decode_error::DecodeError;
use crate::jute::{Decode, Encode, Reader, put_i32, put_str};
use crate::records::acl_parse_error::AclParseError;

/// One entry of a node's ACL: an identity and what it may do.
///
/// Written as `scheme:id:permissions`, for example `world:anyone:cdrwa`. The id may contain colons.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the protocol fixes the fields")]
pub struct Acl {
    /// What the identity may do.
    pub perms: Permissions,
    /// How the identity was proved: `world`, `auth`, `digest`, `ip`, `sasl`, `x509`.
    pub scheme: String,
    /// The identity, in the scheme's own form.
    pub id: String,
}

impl Acl {
    /// The smallest record on the wire.
    pub(crate) const MIN_SIZE: usize = 12;

    /// An entry for the identity `id` of `scheme`.
    #[must_use]
    pub fn new(scheme: impl Into<String>, id: impl Into<String>, perms: Permissions) -> Self {
        Self {
            perms,
            scheme: scheme.into(),
            id: id.into(),
        }
    }

    /// Everything for everybody: `world:anyone:cdrwa`.
    #[must_use]
    pub fn open() -> Self {
        Self::new("world", "anyone", Permissions::ALL)
    }

    /// Reading for everybody: `world:anyone:r`.
    #[must_use]
    pub fn read_only() -> Self {
        Self::new("world", "anyone", Permissions::READ)
    }

    /// Everything for the creator: the server puts each identity of the connection in its place, and
    /// refuses the ACL if there is none.
    #[must_use]
    pub fn creator_all() -> Self {
        Self::new("auth", "", Permissions::ALL)
    }

    /// Everything for whoever knows this password.
    #[must_use]
    pub fn digest(user: &str, password: &str) -> Self {
        Self::new(
            "digest",
            digest_id(&format!("{user}:{password}")),
            Permissions::ALL,
        )
    }

    /// Everything for whoever proves by SASL to be this user, or this principal.
    #[must_use]
    pub fn sasl(user: impl Into<String>) -> Self {
        Self::new("sasl", user, Permissions::ALL)
    }

    /// Everything for whoever connects from this address, or from this network: `10.0.0.5`, `10.0.0.0/8`. Servers
    /// before 3.9.4 know IPv4 alone.
    ///
    /// An address is no secret and proves little: what stands between, such as a proxy, has one too.
    #[must_use]
    pub fn ip(network: impl Into<String>) -> Self {
        Self::new("ip", network, Permissions::ALL)
    }

    /// Everything for whoever shows a TLS certificate of this subject, in Java's form: the most specific part first
    /// and no blanks between, `CN=app,OU=ops,O=Example`. Only servers with `authProvider.x509` take it.
    #[must_use]
    pub fn x509(subject: impl Into<String>) -> Self {
        Self::new("x509", subject, Permissions::ALL)
    }

    /// The same identity with other permissions.
    #[must_use]
    pub fn with_perms(self, perms: Permissions) -> Self {
        Self { perms, ..self }
    }

    pub(crate) fn skip(input: &mut Reader) -> Result<(), DecodeError> {
        input.skip(4, "ACL.perms")?;
        input.skip_sized("Id.scheme")?;
        input.skip_sized("Id.id")
    }
}

impl Encode for Acl {
    fn encode(&self, out: &mut Vec<u8>) {
        put_i32(out, self.perms.bits() as i32);
        put_str(out, &self.scheme);
        put_str(out, &self.id);
    }
}

impl Decode for Acl {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            perms: Permissions::from_bits(input.read_i32("ACL.perms")? as u32),
            scheme: input.read_string("Id.scheme")?,
            id: input.read_string("Id.id")?,
        })
    }
}

/// Reads a vector of ACL entries; null becomes empty, and a server refuses both alike.
pub(crate) fn read_acls(input: &mut Reader) -> Result<Vec<Acl>, DecodeError> {
    input.read_vec("acl", Acl::MIN_SIZE, Acl::decode)
}

impl fmt::Display for Acl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.scheme, self.id, self.perms)
    }
}

impl FromStr for Acl {
    type Err = AclParseError;

    fn from_str(text: &str) -> Result<Self, AclParseError> {
        let (scheme, rest) = text.split_once(':').ok_or(AclParseError::Shape)?;
        let (id, perms) = rest.rsplit_once(':').ok_or(AclParseError::Shape)?;
        if scheme.is_empty() {
            return Err(AclParseError::Shape);
        }
        Ok(Self::new(scheme, id, perms.parse()?))
    }
}

/// The id that the scheme `digest` gives to `user:password`: the user, a colon, and the base64 of the
/// SHA-1 over the whole text.
///
/// ```
/// assert_eq!(zk_wire::digest_id("super:test"), "super:D/InIHSb7yEEbrWz8b9l71RjZJU=");
/// ```
#[must_use]
pub fn digest_id(user_password: &str) -> String {
    let user = user_password.split(':').next().unwrap_or_default();
    let mut id = format!("{user}:");
    STANDARD.encode_string(Sha1::digest(user_password.as_bytes()), &mut id);
    id
}

/// One identity of a connection, as whoAmI lists it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the protocol fixes the fields")]
pub struct ClientInfo {
    /// How the identity was proved.
    pub auth_scheme: String,
    /// The user, in the scheme's own form.
    pub user: String,
}

impl ClientInfo {
    /// The smallest record on the wire.
    pub(crate) const MIN_SIZE: usize = 8;
}

impl Encode for ClientInfo {
    fn encode(&self, out: &mut Vec<u8>) {
        put_str(out, &self.auth_scheme);
        put_str(out, &self.user);
    }
}

impl Decode for ClientInfo {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            auth_scheme: input.read_string("ClientInfo.authScheme")?,
            user: input.read_string("ClientInfo.user")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_written_as_it_is_read() {
        for text in [
            "world:anyone:cdrwa",
            "ip:10.0.0.0/8:r",
            "auth::cdrwa",
            "digest:u:aGFzaA==:rw",
        ] {
            assert_eq!(text.parse::<Acl>().unwrap().to_string(), text);
        }
        let digest: Acl = "digest:u:aGFzaA==:wr".parse().unwrap();
        assert_eq!(
            (digest.scheme.as_str(), digest.id.as_str()),
            ("digest", "u:aGFzaA==")
        );
        assert_eq!(digest.perms, Permissions::READ | Permissions::WRITE);
    }

    #[test]
    fn a_text_that_is_no_entry_says_why() {
        assert_eq!("world:anyone".parse::<Acl>(), Err(AclParseError::Shape));
        assert_eq!(":anyone:r".parse::<Acl>(), Err(AclParseError::Shape));
        assert_eq!(
            "world:anyone:".parse::<Acl>(),
            Err(AclParseError::NoPermission)
        );
        let unknown = AclParseError::UnknownPermission { letter: 'x' };
        assert_eq!("world:anyone:rx".parse::<Acl>(), Err(unknown));
    }

    #[test]
    fn each_scheme_has_its_helper() {
        let all = [
            (Acl::open(), "world:anyone:cdrwa"),
            (Acl::read_only(), "world:anyone:r"),
            (Acl::creator_all(), "auth::cdrwa"),
            (Acl::sasl("app/host@REALM"), "sasl:app/host@REALM:cdrwa"),
            (Acl::ip("10.0.0.0/8"), "ip:10.0.0.0/8:cdrwa"),
            (Acl::x509("CN=app,O=Example"), "x509:CN=app,O=Example:cdrwa"),
            (
                Acl::digest("super", "test"),
                "digest:super:D/InIHSb7yEEbrWz8b9l71RjZJU=:cdrwa",
            ),
        ];
        for (acl, text) in all {
            assert_eq!(acl.to_string(), text);
            assert_eq!(text.parse(), Ok(acl));
        }
    }

    #[test]
    fn a_password_may_contain_colons() {
        let id = digest_id("u:p:q");
        assert!(id.starts_with("u:"));
        assert_eq!(id.matches(':').count(), 1);
        assert_eq!(Acl::digest("u", "p:q").id, id);
    }
}
