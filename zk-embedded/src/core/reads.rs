//! Reads. None of them validates its path: a malformed one is a node that does not exist.

use bytes::Bytes;
use zk_wire::{Acl, ErrorCode, Permissions, SessionId, Stat};

use super::acl::Identities;
use super::node::Node;
use super::tree::Tree;

pub(super) fn data(
    tree: &Tree,
    identities: &Identities,
    path: &str,
) -> Result<(Option<Bytes>, Stat), ErrorCode> {
    let node = readable(tree, identities, path)?;
    Ok((node.data.clone(), node.stat()))
}

/// In the order of a seeded hash: ZooKeeper promises none.
pub(super) fn children(
    tree: &Tree,
    identities: &Identities,
    path: &str,
) -> Result<(Vec<String>, Stat), ErrorCode> {
    let node = readable(tree, identities, path)?;
    Ok((node.child_names(), node.stat()))
}

/// `None` is an absent node, which is no failure for whoever wants to watch it.
pub(super) fn exists(
    tree: &Tree,
    identities: &Identities,
    path: &str,
    guarded: bool,
) -> Result<Option<Stat>, ErrorCode> {
    if path.contains('\0') {
        return Err(ErrorCode::BadArguments);
    }
    match tree.get(path) {
        Some(node) => {
            if guarded {
                identities.check(&node.acl, Permissions::READ)?;
            }
            Ok(Some(node.stat()))
        }
        None => Ok(None),
    }
}

pub(super) fn acl(
    tree: &Tree,
    identities: &Identities,
    path: &str,
    guarded: bool,
) -> Result<(Vec<Acl>, Stat), ErrorCode> {
    let node = tree.get(path).ok_or(ErrorCode::NoNode)?;
    if !guarded {
        return Ok((node.acl.to_vec(), node.stat()));
    }
    identities.check(&node.acl, Permissions::READ | Permissions::ADMIN)?;
    Ok((identities.visible(&node.acl), node.stat()))
}

pub(super) fn descendants(
    tree: &Tree,
    identities: &Identities,
    path: &str,
) -> Result<i32, ErrorCode> {
    readable(tree, identities, path)?;
    Ok(i32::try_from(tree.descendants(path)).unwrap_or(i32::MAX))
}

/// The prefix is one of text, not of names: `/a` finds `/ab`. Sorted backwards, because ZooKeeper
/// promises no order.
pub(super) fn ephemerals(tree: &Tree, owner: SessionId, prefix: &str) -> Vec<String> {
    tree.ephemerals(owner)
        .rev()
        .filter(|path| path.starts_with(prefix))
        .cloned()
        .collect()
}

fn readable<'t>(
    tree: &'t Tree,
    identities: &Identities,
    path: &str,
) -> Result<&'t Node, ErrorCode> {
    let node = tree.get(path).ok_or(ErrorCode::NoNode)?;
    identities.check(&node.acl, Permissions::READ)?;
    Ok(node)
}
