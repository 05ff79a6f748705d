//! Who a connection is, and what it may do.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use zk_wire::{Acl, ClientInfo, ErrorCode, Permissions, digest_id};

/// One proven identity of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    scheme: String,
    id: String,
}

/// Everything a connection has proven to be, in the order of a hash table. It only ever grows.
#[derive(Clone, Debug, Default)]
pub(super) struct Identities {
    proven: Vec<Identity>,
    schemes: Schemes,
}

/// The schemes that not every server has a provider for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Schemes {
    pub(super) sasl: bool,
    pub(super) x509: bool,
}

impl Identities {
    /// A connection from `address` is that address, without asking.
    pub(super) fn of_address(address: IpAddr, schemes: Schemes) -> Self {
        let mut identities = Self {
            proven: Vec::new(),
            schemes,
        };
        identities.prove("ip", address.to_string());
        identities
    }

    /// Whether the connection has proven anything in this scheme.
    pub(super) fn has(&self, scheme: &str) -> bool {
        self.proven.iter().any(|one| one.scheme == scheme)
    }

    /// Takes the credentials of an auth packet.
    pub(super) fn authenticate(
        &mut self,
        scheme: &str,
        auth: &[u8],
        address: IpAddr,
        super_digest: Option<&str>,
    ) -> Result<(), ErrorCode> {
        match scheme {
            // A wrong password is no failure: it is another identity.
            "digest" => {
                let id = digest_id(&String::from_utf8_lossy(auth));
                if super_digest == Some(id.as_str()) {
                    self.prove("super", String::new());
                }
                self.prove("digest", id);
                Ok(())
            }
            "ip" => {
                self.prove("ip", address.to_string());
                Ok(())
            }
            _ => Err(ErrorCode::AuthFailed),
        }
    }

    /// Whether a node with this ACL lets the connection do any of `needed`.
    pub(super) fn check(&self, acl: &[Acl], needed: Permissions) -> Result<(), ErrorCode> {
        if acl.is_empty() || self.has("super") {
            return Ok(());
        }
        let allowed = acl
            .iter()
            .filter(|entry| entry.perms.intersects(needed))
            .any(|entry| is_anyone(entry) || self.proven.iter().any(|identity| identity.is(entry)));
        if allowed {
            Ok(())
        } else {
            Err(ErrorCode::NoAuth)
        }
    }

    /// The ACL a new node gets when the client asks for `wanted`: each entry once, but what `auth` stands for may be
    /// there beside it.
    pub(super) fn fix_up(&self, wanted: &[Acl]) -> Result<Vec<Acl>, ErrorCode> {
        let mut fixed: Vec<Acl> = Vec::new();
        let mut seen = BTreeSet::new();
        for entry in wanted {
            if !seen.insert((entry.perms.bits(), &entry.scheme, &entry.id)) {
                continue;
            }
            match entry.scheme.as_str() {
                "world" if entry.id == "anyone" => fixed.push(entry.clone()),
                "auth" => {
                    let mut proven = self
                        .proven
                        .iter()
                        .filter(|one| matches!(one.scheme.as_str(), "digest" | "sasl" | "x509"))
                        .peekable();
                    if proven.peek().is_none() {
                        return Err(ErrorCode::InvalidAcl);
                    }
                    for identity in proven {
                        fixed.push(Acl::new(&*identity.scheme, &*identity.id, entry.perms));
                    }
                }
                "digest" if is_digest_id(&entry.id) => fixed.push(entry.clone()),
                "sasl" if self.schemes.sasl && is_principal(&entry.id) => fixed.push(entry.clone()),
                "x509" if self.schemes.x509 && entry.id.contains('=') => fixed.push(entry.clone()),
                "ip" if Network::parse(&entry.id).is_some() => fixed.push(entry.clone()),
                _ => return Err(ErrorCode::InvalidAcl),
            }
        }
        if fixed.is_empty() {
            Err(ErrorCode::InvalidAcl)
        } else {
            Ok(fixed)
        }
    }

    /// The ACL as the connection may see it: without ADMIN, hashes are withheld.
    pub(super) fn visible(&self, acl: &[Acl]) -> Vec<Acl> {
        let in_full = self.check(acl, Permissions::ADMIN).is_ok();
        let show = |entry: &Acl| match entry.id.split_once(':') {
            Some((user, _)) if !in_full && entry.scheme == "digest" => {
                Acl::new("digest", format!("{user}:x"), entry.perms)
            }
            _ => entry.clone(),
        };
        acl.iter().map(show).collect()
    }

    /// The answer to whoAmI: user names without their hashes.
    pub(super) fn client_infos(&self) -> Vec<ClientInfo> {
        let info = |identity: &Identity| ClientInfo {
            auth_scheme: identity.scheme.clone(),
            user: match identity.scheme.as_str() {
                "digest" => identity.id.split(':').next().unwrap_or_default().to_owned(),
                _ => identity.id.clone(),
            },
        };
        self.proven.iter().map(info).collect()
    }

    /// Adds what has been proven.
    pub(super) fn prove(&mut self, scheme: &str, id: String) {
        let identity = Identity {
            scheme: scheme.to_owned(),
            id,
        };
        if !self.proven.contains(&identity) {
            self.proven.push(identity);
            let places = places_for(self.proven.len());
            self.proven.sort_by_key(|identity| identity.hash() % places);
        }
    }
}

/// How large a table Java makes for so many entries: it is never more than three quarters full.
fn places_for(len: usize) -> u32 {
    let mut places = 16;
    while places * 3 / 4 <= len {
        places *= 2;
    }
    u32::try_from(places).unwrap_or(u32::MAX)
}

impl Identity {
    /// As ZooKeeper's tables hash it: clients see the order of identities in whoAmI, and in the ACLs that `auth`
    /// expands to.
    fn hash(&self) -> u32 {
        let of_text = |text: &str| {
            let units = text.encode_utf16();
            units.fold(0_u32, |hash, unit| {
                hash.wrapping_mul(31).wrapping_add(u32::from(unit))
            })
        };
        let hash = [of_text(&self.scheme), of_text(&self.id)]
            .into_iter()
            .fold(17_u32, |hash, part| {
                hash.wrapping_mul(37).wrapping_add(part)
            });
        hash ^ (hash >> 16)
    }

    fn is(&self, entry: &Acl) -> bool {
        if self.scheme != entry.scheme {
            return false;
        }
        match self.scheme.as_str() {
            "ip" => match (Network::parse(&entry.id), self.id.parse::<Ipv4Addr>()) {
                (Some(network), Ok(address)) => network.contains(address),
                _ => false,
            },
            _ => self.id == entry.id,
        }
    }
}

fn is_anyone(entry: &Acl) -> bool {
    entry.scheme == "world" && entry.id == "anyone"
}

/// `user:hash`. Counted as Java's `split` counts: empty parts at the end do not.
fn is_digest_id(id: &str) -> bool {
    id.trim_end_matches(':').split(':').count() == 2
}

/// A user, or a principal of Kerberos: `name`, `name@REALM`, `name/host@REALM`.
fn is_principal(id: &str) -> bool {
    let (name, realm) = id.split_once('@').unwrap_or((id, ""));
    !realm.contains(['/', '@']) && (id == name || name.split('/').count() <= 2)
}

/// `address` or `address/bits`. IPv6 came with 3.9.4.
#[derive(Clone, Copy, Debug)]
struct Network {
    base: u32,
    bits: u32,
}

impl Network {
    fn parse(id: &str) -> Option<Self> {
        let (address, bits) = match id.split_once('/') {
            Some((address, bits)) => (address, bits.parse().ok()?),
            None => (id, 32),
        };
        let address: Ipv4Addr = address.parse().ok()?;
        (bits <= 32).then_some(Self {
            base: address.to_bits(),
            bits,
        })
    }

    fn contains(self, address: Ipv4Addr) -> bool {
        let differing = self.base ^ address.to_bits();
        differing.leading_zeros() >= self.bits
    }
}

#[cfg(test)]
#[path = "acl_tests.rs"]
mod tests;
