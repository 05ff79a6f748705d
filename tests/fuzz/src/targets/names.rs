//! Text: paths, chroots, connect strings, suffixes of sequential nodes, ACLs.

use zk_wire::{Acl, Chroot, ConnectString, path};

use crate::target::Target;

pub(super) const TARGET: Target = Target {
    name: "names",
    seeds,
    run,
};

fn seeds() -> Vec<Vec<u8>> {
    [
        "/a/b\n/app",
        "zk1:2181,zk2,[::1]:2181/app/prod\n/",
        "lock-0000000012\n_c_uuid-lock-",
        "digest:a:b:cdrwa\nworld:anyone:r",
        "/a/../b\n/./x",
        "sasl:user@REALM:cdrwa\n/\u{ffff}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}

/// Two lines of text.
fn run(input: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(input);
    let (one, two) = text.split_once('\n').unwrap_or((&text, "/"));
    let valid = path::validate(one).is_ok();
    if valid != is_path(one) {
        return Err(format!("{one:?} is judged {valid}, and slowly otherwise"));
    }
    if let Ok(chroot) = Chroot::new(two) {
        if valid {
            let absolute = chroot.absolute(one);
            let inside = chroot.is_root()
                || absolute == chroot.path()
                || absolute.starts_with(&format!("{}/", chroot.path()));
            if !inside || chroot.strip(&absolute) != Some(one) {
                return Err(format!("{one:?} leaves {chroot} as {absolute:?}"));
            }
        }
    }
    if let Ok(servers) = one.parse::<ConnectString>() {
        let again = servers.to_string().parse::<ConnectString>();
        if again.as_ref() != Ok(&servers) || servers.hosts.is_empty() {
            return Err(format!("{servers:?} comes back as {again:?}"));
        }
    }
    if let Some(number) = path::sequence_suffix(one) {
        // Ten digits, or eleven characters after an overflow.
        let shown = format!("{number:010}");
        if !one.ends_with(&shown) {
            return Err(format!("{one:?} does not end with {shown}"));
        }
    }
    let _ = path::sequence_after(two, one);
    if let Ok(acl) = one.parse::<Acl>() {
        let again = acl.to_string().parse::<Acl>();
        if again.as_ref() != Ok(&acl) {
            return Err(format!("{acl:?} comes back as {again:?}"));
        }
    }
    Ok(())
}

/// The rules of paths, character by character.
fn is_path(text: &str) -> bool {
    if text == "/" {
        return true;
    }
    let Some(rest) = text.strip_prefix('/') else {
        return false;
    };
    let names = rest.split('/');
    let good =
        |c: char| !matches!(u32::from(c), 0..=0x1f | 0x7f..=0x9f | 0xd800..=0xf8ff | 0xfff0..);
    names
        .into_iter()
        .all(|name| !matches!(name, "" | "." | "..") && name.chars().all(good))
}
