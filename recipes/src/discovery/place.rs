//! Where services and instances stand in the tree.

use std::fmt;

use zk_client::{Error, ErrorKind, OpKind, path};

use super::kind::InstanceKind;

/// Where the instances of a service stand, for trees that are laid out otherwise than Curator's. A function will do.
pub trait ServicePaths: Send + Sync + 'static {
    /// The path of the node below which the instances of the service `name` are.
    fn of_service(&self, base: &str, name: &str) -> String;
}

impl<F: Fn(&str, &str) -> String + Send + Sync + 'static> ServicePaths for F {
    fn of_service(&self, base: &str, name: &str) -> String {
        self(base, name)
    }
}

impl fmt::Debug for dyn ServicePaths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServicePaths")
    }
}

/// Curator's way: `<base>/<name>`.
pub(super) struct Below;

impl ServicePaths for Below {
    fn of_service(&self, base: &str, name: &str) -> String {
        path::join(base, name)
    }
}

/// Whether a text can be the name of a node.
pub(super) fn check_name(what: &str, text: &str, op: OpKind) -> Result<(), Error> {
    let why = match path::validate(&path::join("/", text)) {
        _ if text.is_empty() => "it is empty".to_owned(),
        _ if text.contains('/') => "it has a slash".to_owned(),
        Err(error) => error.to_string(),
        Ok(()) => return Ok(()),
    };
    let text = format!("{text:?} cannot be {what}: {why}");
    let hint = "it becomes the name of one node";
    Err(Error::new(ErrorKind::InvalidPath, text)
        .with_op(op, "")
        .with_hint(hint))
}

/// The name of an instance's node, with a number that this registration has drawn for those that have one.
pub(super) fn node_name(kind: InstanceKind, id: &str, chance: [u8; 4]) -> String {
    match kind {
        InstanceKind::DynamicSequential => {
            format!("{id}{:010}", u32::from_be_bytes(chance) >> 1)
        }
        _ => id.to_owned(),
    }
}

/// Whether a node of this name can be of a sequential instance with this id.
pub(super) fn is_numbered(id: &str, node: &str) -> bool {
    path::sequence_after(id, node).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numbered_node_is_known_by_its_id_and_nothing_else_is() {
        let name = node_name(InstanceKind::DynamicSequential, "i-1", [0xff; 4]);
        assert_eq!(name, "i-12147483647");
        assert!(is_numbered("i-1", &name));
        assert!(is_numbered("i-1", "i-10000000007"));
        for other in ["i-1", "i-100000007", "i-2000000007", "i-1000000000x", "j"] {
            assert!(!is_numbered("i-1", other), "{other}");
        }
        assert_eq!(node_name(InstanceKind::Static, "i-1", [1; 4]), "i-1");
    }

    #[test]
    fn what_cannot_be_the_name_of_a_node_is_refused_with_the_reason() {
        for bad in ["", "a/b", ".", "..", "a\0b"] {
            let error = check_name("an id", bad, OpKind::Create).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidPath);
            assert!(error.to_string().contains("an id"), "{error}");
        }
        for good in ["a", "a.b", "…", "{x}"] {
            check_name("an id", good, OpKind::Create).unwrap();
        }
    }
}
