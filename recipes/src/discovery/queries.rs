//! Asking once.

use zk_client::{Error, ErrorKind, Node, OpKind, Pending, path};

use super::codec::BadInstance;
use super::found::{Found, Nodes};
use super::instance::Instance;
use super::place::{check_name, is_numbered};
use super::registry::Discovery;
use crate::contend::listed;

/// How many nodes are asked for at a time.
const AT_A_TIME: usize = 1024;

impl Discovery {
    /// The names of the services that were ever registered and not removed since, in order. Such a service may have no
    /// instance now.
    ///
    /// # Errors
    ///
    /// `NoAuth`; what every operation can meet.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// Queued at first poll.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; fails at expiry.
    pub async fn names(&self) -> Result<Vec<String>, Error> {
        let mut names = self.children(&self.base).await?;
        names.sort();
        Ok(names)
    }

    /// The instances of a service. Instances that come or go meanwhile may be there or not.
    ///
    /// # Errors
    ///
    /// `InvalidPath`, `NoAuth`; what every operation can meet. Nodes that tell no instance are [told](Found::broken), and
    /// no error.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// Lists first, then reads. The list is as fresh as the server that the client is connected to.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; fails at expiry.
    pub async fn instances(&self, name: &str) -> Result<Found, Error> {
        let service = self.of_service(name, OpKind::Children)?;
        let nodes = self.children(&service).await?;
        self.read(&service, &nodes).await
    }

    /// One instance of a service; `None` if it is not registered.
    ///
    /// # Errors
    ///
    /// `InvalidPath`, `NoAuth`; `Undecodable` if its node tells none; what every operation can meet.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// The node of that name is read first; if there is none, a sequential instance is looked for.
    ///
    /// # On session events
    ///
    /// Waits through a suspension; fails at expiry.
    pub async fn instance(&self, name: &str, id: &str) -> Result<Option<Instance>, Error> {
        let service = self.of_service(name, OpKind::Get)?;
        check_name("the id of an instance", id, OpKind::Get)?;
        let at = path::join(&service, id);
        match self.client.terse().get(&at).await {
            Ok(node) => match self.codec.decode(&node.data) {
                Ok(instance) => return Ok(Some(instance)),
                Err(BadInstance::Empty) => {}
                Err(why) => return Err(self.undecodable(&at, why)),
            },
            Err(error) if error.kind() == ErrorKind::NoNode => {}
            Err(error) => return Err(self.client.explain(error).await),
        }
        let mut nodes = self.children(&service).await?;
        nodes.retain(|node| is_numbered(id, node));
        // Another id may end in digits, too.
        let numbered = self.read(&service, &nodes).await?.instances;
        Ok(numbered.into_iter().find(|instance| instance.id == id))
    }

    async fn children(&self, at: &str) -> Result<Vec<String>, Error> {
        match listed(self.client.terse().children(at).await) {
            Err(error) => Err(self.client.explain(error).await),
            children => children,
        }
    }

    /// Reads nodes, of which those that are gone are left out.
    async fn read(&self, service: &str, nodes: &[String]) -> Result<Found, Error> {
        let client = self.client.terse();
        let mut found = Nodes::default();
        for some in nodes.chunks(AT_A_TIME) {
            let ask = |node: &String| client.get(&path::join(service, node)).submit();
            // Asked for together they are read together.
            let asked: Vec<Pending<Node>> = some.iter().map(ask).collect();
            for (node, read) in some.iter().zip(asked) {
                match read.await {
                    Ok(read) => found.put(&*self.codec, node, &read.data, read.stat.czxid),
                    Err(error) if error.kind() == ErrorKind::NoNode => {}
                    Err(error) => return Err(self.client.explain(error).await),
                }
            }
        }
        Ok(found.found())
    }

    fn undecodable(&self, at: &str, why: BadInstance) -> Error {
        Error::new(
            ErrorKind::Undecodable,
            format!("{at} tells no instance: {why}"),
        )
        .with_op(OpKind::Get, at)
        .with_origin(self.client.server(), self.client.session_id())
        .with_hint("see who wrote the node, or read it with the codec of its writer")
        .with_source(why)
    }
}
