//! What is below a service, from what its nodes hold.

use std::collections::BTreeMap;

use zk_client::Zxid;

use super::codec::{BadInstance, BrokenNode, Codec};
use super::instance::Instance;

/// What is below a service.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Found {
    /// Its instances, in the order of their ids; one of each id, the one that was registered last.
    pub instances: Vec<Instance>,
    /// The nodes that tell no instance, in the order of their names. Those without data are not among them: tools make such
    /// nodes.
    pub broken: Vec<BrokenNode>,
}

/// The nodes below a service, one by one.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    /// By id: a node without one goes by its name.
    instances: BTreeMap<String, (Zxid, Instance)>,
    broken: BTreeMap<String, BadInstance>,
}

impl Nodes {
    pub(super) fn add(&mut self, codec: &dyn Codec, node: &str, data: &[u8], created: Zxid) {
        let instance = match codec.decode(data) {
            Ok(instance) => instance,
            Err(BadInstance::Empty) => return,
            Err(why) => {
                self.broken.insert(node.to_owned(), why);
                return;
            }
        };
        let id = match instance.id.as_str() {
            "" => node.to_owned(),
            id => id.to_owned(),
        };
        match self.instances.get(&id) {
            Some((later, _)) if *later > created => {}
            _ => {
                self.instances.insert(id, (created, instance));
            }
        }
    }

    pub(super) fn found(self) -> Found {
        let broken = self.broken.into_iter();
        Found {
            instances: self.instances.into_values().map(|(_, it)| it).collect(),
            broken: broken.map(|(node, why)| BrokenNode { node, why }).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::JsonCodec;

    #[test]
    fn there_is_one_of_each_id_and_it_is_the_last_that_was_registered() {
        let codec = JsonCodec::new();
        let data = |id: &str, port| codec.encode(&Instance::builder("a").id(id).port(port).build());
        let orders = [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]];
        for order in orders {
            let mut nodes = Nodes::default();
            for at in order {
                match at {
                    0 => nodes.add(&codec, "y0000000001", &data("y", 1), Zxid::from_raw(5)),
                    1 => nodes.add(&codec, "y0000000002", &data("y", 2), Zxid::from_raw(6)),
                    2 => nodes.add(&codec, "x", &data("x", 3), Zxid::from_raw(7)),
                    3 => nodes.add(&codec, "z", b"{}", Zxid::from_raw(8)),
                    _ => nodes.add(&codec, "broken", b"{", Zxid::from_raw(9)),
                }
                nodes.add(&codec, "empty", b"", Zxid::from_raw(1));
            }
            let found = nodes.found();
            let told: Vec<_> = found
                .instances
                .iter()
                .map(|one| (&*one.id, one.port))
                .collect();
            assert_eq!(told, [("x", Some(3)), ("y", Some(2)), ("", None)]);
            assert_eq!(found.broken.len(), 1);
            assert_eq!(found.broken[0].node, "broken");
        }
    }
}
