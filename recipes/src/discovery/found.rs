//! What is below a service, from what its nodes hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use zk_client::Zxid;

use super::codec::{BadInstance, BrokenNode, Codec};
use super::instance::Instance;

/// What is below a service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Found {
    /// Its instances, in the order of their ids; one of each id, the one that was registered last. One that tells no id has
    /// the name of its node.
    pub instances: Vec<Instance>,
    /// The nodes that tell no instance, in the order of their names. Those without data are not among them: tools make such
    /// nodes.
    pub broken: Vec<BrokenNode>,
}

/// The nodes below a service, by their names.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    told: BTreeMap<String, Told>,
}

#[derive(Debug)]
enum Told {
    Instance(Arc<Instance>, Zxid),
    Nothing(BadInstance),
}

impl Nodes {
    /// Takes in what a node holds, instead of what it held before.
    pub(super) fn put(&mut self, codec: &dyn Codec, node: &str, data: &[u8], created: Zxid) {
        let told = match codec.decode(data) {
            Ok(mut instance) => {
                if instance.id.is_empty() {
                    node.clone_into(&mut instance.id);
                }
                Told::Instance(Arc::new(instance), created)
            }
            Err(BadInstance::Empty) => {
                self.remove(node);
                return;
            }
            Err(why) => Told::Nothing(why),
        };
        self.told.insert(node.to_owned(), told);
    }

    pub(super) fn remove(&mut self, node: &str) {
        self.told.remove(node);
    }

    /// One instance of each id, in the order of the ids.
    pub(super) fn instances(&self) -> Vec<Arc<Instance>> {
        let mut all: Vec<(&Arc<Instance>, Zxid)> = Vec::with_capacity(self.told.len());
        for told in self.told.values() {
            if let Told::Instance(instance, created) = told {
                all.push((instance, *created));
            }
        }
        // Nodes have the names of their ids, so there is little to do. The last of an id comes first.
        all.sort_by(|(one, made), (other, later)| one.id.cmp(&other.id).then(later.cmp(made)));
        all.dedup_by(|(next, _), (first, _)| next.id == first.id);
        all.into_iter().map(|(one, _)| Arc::clone(one)).collect()
    }

    pub(super) fn broken(&self) -> Vec<BrokenNode> {
        let broken = self.told.iter().filter_map(|(node, told)| match told {
            Told::Instance(..) => None,
            Told::Nothing(why) => Some(BrokenNode {
                node: node.clone(),
                why: why.clone(),
            }),
        });
        broken.collect()
    }

    pub(super) fn found(&self) -> Found {
        let instances = self.instances().into_iter();
        Found {
            instances: instances.map(Arc::unwrap_or_clone).collect(),
            broken: self.broken(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::JsonCodec;

    const CODEC: fn() -> JsonCodec = JsonCodec::new;

    fn data(id: &str, port: u16) -> bytes::Bytes {
        CODEC().encode(&Instance::builder("a").id(id).port(port).build())
    }

    #[test]
    fn there_is_one_of_each_id_and_it_is_the_last_that_was_registered() {
        let mut nodes = Nodes::default();
        let mut put = |node: &str, data: &[u8], created| {
            nodes.put(&CODEC(), node, data, Zxid::from_raw(created));
        };
        put("y0000000002", &data("y", 2), 5);
        put("y0000000001", &data("y", 1), 6);
        put("y0000000003", &data("y", 3), 4);
        put("x", &data("x", 3), 7);
        put("z", b"{}", 8);
        put("broken", b"{", 9);
        put("empty", b"", 1);
        let found = nodes.found();
        let told = found.instances.iter().map(|one| (&*one.id, one.port));
        let told: Vec<_> = told.collect();
        assert_eq!(told, [("x", Some(3)), ("y", Some(1)), ("z", None)]);
        assert_eq!(found.broken.len(), 1);
        assert_eq!(found.broken[0].node, "broken");
        nodes.remove("y0000000001");
        nodes.remove("nothing");
        assert_eq!(nodes.instances()[1].port, Some(2), "the next of the id");
    }

    #[test]
    fn what_a_node_held_before_is_forgotten() {
        let mut nodes = Nodes::default();
        for held in [&b"{"[..], b"{}", b"{", b"", b"{}", b""] {
            nodes.put(&CODEC(), "a", held, Zxid::from_raw(1));
            assert_eq!(nodes.instances().len(), usize::from(held == b"{}"));
            assert_eq!(nodes.broken().len(), usize::from(held == b"{"));
        }
    }
}
