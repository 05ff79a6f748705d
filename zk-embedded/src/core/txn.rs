//! Writes: what is checked, in which order, and what they change.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use zk_wire::{Acl, Create, ErrorCode, Permissions, SessionId, Stat, Zxid, path};

use super::acl::Identities;
use super::node::{Node, NodeKind};
use super::quota;
use super::tree::{RESERVED, Tree};

/// In whose name a transaction runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Author<'a> {
    pub(super) session: SessionId,
    pub(super) identities: &'a Identities,
    /// What is wrong with the session, in the eyes of whoever orders the log.
    pub(super) refused: Option<ErrorCode>,
}

impl Author<'_> {
    const fn check_session(&self) -> Result<(), ErrorCode> {
        match self.refused {
            Some(code) => Err(code),
            None => Ok(()),
        }
    }
}

/// What happened to a node, for those who watch it.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) kind: ChangeKind,
    pub(super) path: String,
    /// What the node holds since then.
    pub(super) data: Option<Bytes>,
    /// The version since then, of the data or the ACL.
    pub(super) version: i32,
    /// Whose ephemeral it is.
    pub(super) owner: SessionId,
    /// Who may be told about the node itself.
    pub(super) acl: Arc<Vec<Acl>>,
    /// Who may be told about its parent.
    pub(super) parent_acl: Arc<Vec<Acl>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChangeKind {
    Created,
    Deleted,
    DataChanged,
    /// Nobody is told.
    AclChanged,
}

/// A transaction on the tree: one zxid, one time, and a way back.
#[derive(Debug)]
pub(super) struct Txn<'t> {
    tree: &'t mut Tree,
    zxid: Zxid,
    time: i64,
    rules: TxnRules,
    /// What it has added itself to what is in use below each path with a quota.
    added: BTreeMap<String, (i64, i64)>,
    changes: Vec<Change>,
    undo: Vec<Undo>,
    /// The counters of parents at the maximum, as this transaction has raised them: the tree's own stick.
    overflown: BTreeMap<String, i32>,
}

/// What differs between servers.
#[derive(Clone, Copy, Debug)]
pub(super) struct TxnRules {
    pub(super) extended_types: bool,
    pub(super) enforce_quotas: bool,
}

/// How to take a step back.
#[derive(Debug)]
enum Undo {
    Create {
        path: String,
        parent_pzxid: Zxid,
        parent_counter: i32,
    },
    Delete {
        path: String,
        node: Box<Node>,
        parent_pzxid: Zxid,
    },
    SetData {
        path: String,
        data: Option<Bytes>,
        version: i32,
        mzxid: Zxid,
        mtime: i64,
    },
}

impl<'t> Txn<'t> {
    pub(super) fn new(tree: &'t mut Tree, zxid: Zxid, time: i64, rules: TxnRules) -> Self {
        Self {
            tree,
            zxid,
            time,
            rules,
            added: BTreeMap::new(),
            changes: Vec::new(),
            undo: Vec::new(),
            overflown: BTreeMap::new(),
        }
    }

    /// Keeps everything; returns what watchers have to be told, in order.
    pub(super) fn commit(self) -> Vec<Change> {
        self.changes
    }

    /// What watchers would have to be told, in order.
    pub(super) fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Leaves the tree as it was.
    pub(super) fn roll_back(self) {
        for step in self.undo.into_iter().rev() {
            match step {
                Undo::Create {
                    path,
                    parent_pzxid,
                    parent_counter,
                } => {
                    self.tree.remove(&path);
                    if let Some(parent) = self.tree.get_mut(parent_key(&path)) {
                        parent.pzxid = parent_pzxid;
                        parent.counter = parent_counter;
                    }
                }
                Undo::Delete {
                    path,
                    node,
                    parent_pzxid,
                } => {
                    if let Some(parent) = self.tree.get_mut(parent_key(&path)) {
                        parent.pzxid = parent_pzxid;
                    }
                    self.tree.insert(path, *node);
                }
                Undo::SetData {
                    path,
                    data,
                    version,
                    mzxid,
                    mtime,
                } => {
                    let before = quota::size(data.as_ref());
                    let now = self.tree.get(&path).and_then(|node| node.data.as_ref());
                    let more = before - quota::size(now);
                    self.tree.account(&path, 0, more);
                    if let Some(node) = self.tree.get_mut(&path) {
                        node.data = data;
                        node.version = version;
                        node.mzxid = mzxid;
                        node.mtime = mtime;
                    }
                }
            }
        }
    }

    /// The order of the checks is ZooKeeper's, because a request can be wrong in several ways at once.
    pub(super) fn create(
        &mut self,
        author: Author<'_>,
        create: &Create,
    ) -> Result<(String, Stat), ErrorCode> {
        let kind = self.kind_of(author.session, create)?;
        author.check_session()?;
        let wanted = create.path.as_str();
        let parent_key = checked_parent_key(wanted)?;
        let acl = Arc::new(author.identities.fix_up(&create.acl)?);
        let parent = self.tree.get(parent_key).ok_or(ErrorCode::NoNode)?;
        author.identities.check(&parent.acl, Permissions::CREATE)?;
        let counter = self
            .overflown
            .get(parent_key)
            .copied()
            .unwrap_or(parent.counter);
        let sequential = create
            .mode()
            .is_some_and(zk_wire::CreateMode::is_sequential);
        // Java pads like this, too: the sign is one of the ten places.
        let path = if sequential {
            format!("{wanted}{counter:010}")
        } else {
            wanted.to_owned()
        };
        path::validate(&path).map_err(|_| ErrorCode::BadArguments)?;
        if self.tree.get(&path).is_some() {
            return Err(ErrorCode::NodeExists);
        }
        if parent.kind.is_ephemeral() {
            return Err(ErrorCode::NoChildrenForEphemerals);
        }
        let bytes = quota::size(create.data.as_ref());
        if self.rules.enforce_quotas {
            check_quota(self.tree, &mut self.added, &path, (1, bytes))?;
        }
        self.undo.push(Undo::Create {
            path: path.clone(),
            parent_pzxid: parent.pzxid,
            parent_counter: parent.counter,
        });
        let parent_acl = Arc::clone(&parent.acl);
        self.count_child(parent_key, counter);
        let data = create.data.clone();
        let node = Node::new(kind, data.clone(), Arc::clone(&acl), self.zxid, self.time);
        let stat = node.stat();
        self.tree.insert(path.clone(), node);
        self.changes.push(Change {
            kind: ChangeKind::Created,
            path: path.clone(),
            data,
            version: 0,
            owner: stat.ephemeral_owner,
            acl,
            parent_acl,
        });
        Ok((path, stat))
    }

    pub(super) fn delete(
        &mut self,
        author: Author<'_>,
        path: &str,
        version: i32,
    ) -> Result<(), ErrorCode> {
        author.check_session()?;
        let parent_key = checked_parent_key(path)?;
        if RESERVED.contains(&path) {
            return Err(ErrorCode::BadArguments);
        }
        let parent = self.tree.get(parent_key).ok_or(ErrorCode::NoNode)?;
        author.identities.check(&parent.acl, Permissions::DELETE)?;
        let node = self.tree.get(path).ok_or(ErrorCode::NoNode)?;
        check_version(version, node.version)?;
        if !node.children.is_empty() {
            return Err(ErrorCode::NotEmpty);
        }
        self.remove(path);
        Ok(())
    }

    /// What the reaper asks for. A client may ask, too: ZooKeeper checks neither session nor ACL.
    pub(super) fn delete_container(&mut self, path: &str) -> Result<(), ErrorCode> {
        checked_parent_key(path)?;
        if RESERVED.contains(&path) {
            return Err(ErrorCode::BadArguments);
        }
        let node = self.tree.get(path).ok_or(ErrorCode::NoNode)?;
        if !node.children.is_empty() {
            return Err(ErrorCode::NotEmpty);
        }
        if node.kind.is_ephemeral() {
            return Err(ErrorCode::BadVersion);
        }
        self.remove(path);
        Ok(())
    }

    pub(super) fn set_data(
        &mut self,
        author: Author<'_>,
        path: &str,
        data: Option<&Bytes>,
        version: i32,
    ) -> Result<Stat, ErrorCode> {
        author.check_session()?;
        path::validate(path).map_err(|_| ErrorCode::BadArguments)?;
        if self.rules.enforce_quotas {
            let node = self.tree.get(path).ok_or(ErrorCode::NoNode)?;
            author.identities.check(&node.acl, Permissions::WRITE)?;
            let more = quota::size(data) - quota::size(node.data.as_ref());
            check_quota(self.tree, &mut self.added, path, (0, more))?;
        }
        let node = self.tree.get_mut(path).ok_or(ErrorCode::NoNode)?;
        author.identities.check(&node.acl, Permissions::WRITE)?;
        check_version(version, node.version)?;
        let more = quota::size(data) - quota::size(node.data.as_ref());
        self.undo.push(Undo::SetData {
            path: path.to_owned(),
            data: node.data.take(),
            version: node.version,
            mzxid: node.mzxid,
            mtime: node.mtime,
        });
        node.data = data.cloned();
        node.version = node.version.wrapping_add(1);
        node.mzxid = self.zxid;
        node.mtime = self.time;
        let (stat, acl) = (node.stat(), Arc::clone(&node.acl));
        self.tree.account(path, 0, more);
        self.changes.push(Change {
            kind: ChangeKind::DataChanged,
            path: path.to_owned(),
            data: data.cloned(),
            version: stat.version,
            owner: stat.ephemeral_owner,
            // Nobody is told about the parent when data changes.
            parent_acl: Arc::clone(&acl),
            acl,
        });
        Ok(stat)
    }

    /// Only as a request of its own: there is no way back from it.
    pub(super) fn set_acl(
        &mut self,
        author: Author<'_>,
        path: &str,
        acl: &[Acl],
        version: i32,
    ) -> Result<Stat, ErrorCode> {
        author.check_session()?;
        path::validate(path).map_err(|_| ErrorCode::BadArguments)?;
        let acl = author.identities.fix_up(acl)?;
        let node = self.tree.get_mut(path).ok_or(ErrorCode::NoNode)?;
        author.identities.check(&node.acl, Permissions::ADMIN)?;
        check_version(version, node.aversion)?;
        node.acl = Arc::new(acl);
        node.aversion = node.aversion.wrapping_add(1);
        let (stat, acl) = (node.stat(), Arc::clone(&node.acl));
        self.changes.push(Change {
            kind: ChangeKind::AclChanged,
            path: path.to_owned(),
            data: None,
            version: stat.aversion,
            owner: stat.ephemeral_owner,
            parent_acl: Arc::clone(&acl),
            acl,
        });
        Ok(stat)
    }

    pub(super) fn check(
        &self,
        author: Author<'_>,
        path: &str,
        version: i32,
    ) -> Result<(), ErrorCode> {
        author.check_session()?;
        path::validate(path).map_err(|_| ErrorCode::BadArguments)?;
        let node = self.tree.get(path).ok_or(ErrorCode::NoNode)?;
        author.identities.check(&node.acl, Permissions::READ)?;
        check_version(version, node.version)
    }

    /// Deletes what a session leaves behind, in alphabetical order.
    pub(super) fn close_session(&mut self, session: SessionId) {
        while self.close_session_step(session) {}
    }

    /// Deletes one of them. `false` if there is none left.
    pub(super) fn close_session_step(&mut self, session: SessionId) -> bool {
        let next = self.tree.ephemerals(session).next().cloned();
        if let Some(path) = &next {
            self.remove(path);
        }
        next.is_some()
    }

    fn kind_of(&self, session: SessionId, create: &Create) -> Result<NodeKind, ErrorCode> {
        let mode = create.mode().ok_or(ErrorCode::BadArguments)?;
        if mode.has_ttl() {
            if !self.rules.extended_types {
                return Err(ErrorCode::Unimplemented);
            }
            return match create.ttl {
                Some(ttl @ 1..=MAX_TTL) => Ok(NodeKind::Ttl(ttl)),
                _ => Err(ErrorCode::BadArguments),
            };
        }
        if create.ttl.is_some_and(|ttl| ttl >= 0) {
            return Err(ErrorCode::BadArguments);
        }
        Ok(match mode {
            zk_wire::CreateMode::Container => NodeKind::Container,
            mode if mode.is_ephemeral() => NodeKind::Ephemeral(session),
            _ => NodeKind::Persistent,
        })
    }

    /// Raises a parent's counter for a new child. An increment that would wrap is not stored, and then
    /// neither is the pzxid: the counter sticks at its maximum.
    fn count_child(&mut self, parent_key: &str, counter: i32) {
        let raised = counter.wrapping_add(1);
        let Some(parent) = self.tree.get_mut(parent_key) else {
            return;
        };
        if raised > parent.counter {
            parent.counter = raised;
            parent.pzxid = self.zxid;
        } else {
            self.overflown.insert(parent_key.to_owned(), raised);
        }
    }

    fn remove(&mut self, path: &str) {
        let Some(node) = self.tree.remove(path) else {
            return;
        };
        if self.rules.enforce_quotas {
            let less = (-1, -quota::size(node.data.as_ref()));
            note_added(self.tree, &mut self.added, path, less);
        }
        let acl = Arc::clone(&node.acl);
        let mut parent_acl = Arc::clone(&acl);
        if let Some(parent) = self.tree.get_mut(parent_key(path)) {
            parent_acl = Arc::clone(&parent.acl);
            let parent_pzxid = std::mem::replace(&mut parent.pzxid, self.zxid);
            let node = Box::new(node);
            self.undo.push(Undo::Delete {
                path: path.to_owned(),
                node,
                parent_pzxid,
            });
        }
        self.changes.push(Change {
            kind: ChangeKind::Deleted,
            path: path.to_owned(),
            data: None,
            version: 0,
            owner: SessionId::NONE,
            acl,
            parent_acl,
        });
    }
}

/// Counts what a transaction adds, and asks whether there is room for it.
fn check_quota(
    tree: &Tree,
    added: &mut BTreeMap<String, (i64, i64)>,
    path: &str,
    (count, bytes): (i64, i64),
) -> Result<(), ErrorCode> {
    let Some(owner) = tree.quota_above(path) else {
        return Ok(());
    };
    let before = added.get(owner).copied().unwrap_or_default();
    tree.check_quota(owner, (count, bytes), before)?;
    note_added(tree, added, path, (count, bytes));
    Ok(())
}

/// What a transaction has added below the nearest quota, or taken away.
fn note_added(
    tree: &Tree,
    added: &mut BTreeMap<String, (i64, i64)>,
    path: &str,
    (count, bytes): (i64, i64),
) {
    if let Some(owner) = tree.quota_above(path) {
        let added = added.entry(owner.to_owned()).or_default();
        added.0 += count;
        added.1 += bytes;
    }
}

/// What precedes the last slash: the parent, the root as the empty path.
pub(super) fn parent_key(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The little that is checked before the parent is looked up.
fn checked_parent_key(path: &str) -> Result<&str, ErrorCode> {
    match path.rsplit_once('/') {
        Some((parent, _)) if !path.contains('\0') => Ok(parent),
        _ => Err(ErrorCode::BadArguments),
    }
}

const fn check_version(expected: i32, found: i32) -> Result<(), ErrorCode> {
    if expected == -1 || expected == found {
        Ok(())
    } else {
        Err(ErrorCode::BadVersion)
    }
}

/// 40 bits of milliseconds: what fits into ZooKeeper's ephemeralOwner beside the type.
const MAX_TTL: i64 = 0xff_ffff_ffff;

#[cfg(test)]
#[path = "txn_tests.rs"]
mod tests;
