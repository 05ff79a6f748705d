//! What an ACL entry permits.

use std::fmt;
use std::ops::{BitAnd, BitOr, BitOrAssign};
use std::str::FromStr;

use crate::records::acl_parse_error::AclParseError;

/// A set of permissions, shown as the letters `cdrwa`.
///
/// Bits the protocol does not define are kept, so that an ACL can be written back as it was read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Permissions(u32);

impl Permissions {
    /// No permission.
    pub const NONE: Self = Self(0);
    /// Read data and list children.
    pub const READ: Self = Self(1);
    /// Replace data.
    pub const WRITE: Self = Self(2);
    /// Create children.
    pub const CREATE: Self = Self(4);
    /// Delete children.
    pub const DELETE: Self = Self(8);
    /// Replace the ACL.
    pub const ADMIN: Self = Self(16);
    /// All of the above.
    pub const ALL: Self = Self(31);

    const LETTERS: [(Self, char); 5] = [
        (Self::CREATE, 'c'),
        (Self::DELETE, 'd'),
        (Self::READ, 'r'),
        (Self::WRITE, 'w'),
        (Self::ADMIN, 'a'),
    ];

    /// The set with these bits.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits of the set.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether every permission of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether some permission of `other` is in this set: how a server checks what it needs.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Permissions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Permissions {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl BitAnd for Permissions {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (permission, letter) in Self::LETTERS {
            if self.contains(permission) {
                fmt::Write::write_char(f, letter)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permissions({self}, {})", self.0)
    }
}

impl FromStr for Permissions {
    type Err = AclParseError;

    /// Reads letters of `cdrwa` in any order.
    fn from_str(text: &str) -> Result<Self, AclParseError> {
        let mut permissions = Self::NONE;
        for letter in text.chars() {
            match Self::LETTERS.iter().find(|(_, known)| *known == letter) {
                Some((permission, _)) => permissions |= *permission,
                None => return Err(AclParseError::UnknownPermission { letter }),
            }
        }
        if permissions == Self::NONE {
            return Err(AclParseError::NoPermission);
        }
        Ok(permissions)
    }
}
