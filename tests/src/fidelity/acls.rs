//! ACLs and credentials, right and wrong.

use zk_wire::{Acl, Permissions};

use crate::dice::Dice;

/// What both servers take for the user whom no ACL stops: `super:secret`.
pub(super) const SUPER_DIGEST: &str = "super:lK75jTNcA+U9vtVEw5vB51mj/w4=";

/// An ACL, open to everybody more often than not.
pub(super) fn acl(dice: &mut Dice) -> Vec<Acl> {
    if dice.percent(65) {
        return vec![Acl::open()];
    }
    let all = Permissions::ALL;
    match dice.below(20) {
        0 => Vec::new(),
        1 => vec![Acl::read_only()],
        2 | 3 => vec![Acl::creator_all()],
        4 => vec![Acl::digest("u", "p")],
        5 => vec![
            Acl::digest("v", "q").with_perms(some_permissions(dice)),
            Acl::read_only(),
        ],
        6 => vec![Acl::new("ip", "0.0.0.0/0", all)],
        7 => vec![Acl::new("ip", "10.9.9.9", all), Acl::read_only()],
        8 => vec![Acl::new("ip", "10.9.9.9/40", all)],
        9 => vec![Acl::new("world", "nobody", all)],
        10 => vec![Acl::new("digest", "no-colon", all)],
        11 => vec![Acl::new("bogus", "anyone", all)],
        12 => vec![Acl::open(), Acl::open(), Acl::read_only()],
        13 => vec![Acl::open().with_perms(Permissions::NONE)],
        14 => vec![Acl::read_only(), Acl::creator_all(), Acl::digest("u", "p")],
        15 => vec![Acl::new("ip", "not-an-address", all)],
        _ => vec![Acl::open().with_perms(some_permissions(dice))],
    }
}

fn some_permissions(dice: &mut Dice) -> Permissions {
    Permissions::from_bits(u32::try_from(dice.below(32)).unwrap_or_default())
}

/// Scheme and proof. Those that are refused end the connection, so they are rare.
pub(super) fn credentials(dice: &mut Dice) -> (&'static str, &'static str) {
    let known = [
        ("digest", "u:p"),
        ("digest", "u:p"),
        ("digest", "v:q"),
        ("digest", "v:q:r"),
        ("digest", "v:wrong"),
        ("digest", "nameless"),
        ("digest", ""),
        ("ip", "10.1.1.1"),
        ("digest", "super:secret"),
    ];
    let unknown = [("bogus", "x"), ("world", "anyone"), ("auth", ""), ("", "")];
    if dice.percent(85) {
        *dice.pick(&known)
    } else {
        *dice.pick(&unknown)
    }
}
