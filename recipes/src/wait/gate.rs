//! A node whose existence is all it says.

use bytes::Bytes;
use zk_client::{Acl, Client, CreateMode, Error, ErrorKind, Fate, Stat};

use crate::decided::decided;
use crate::parents::make_parents;
use crate::renewal::renewed;

/// One persistent node that is there or not.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    pub(crate) client: Client,
    pub(crate) path: String,
    pub(crate) acl: Vec<Acl>,
}

impl Gate {
    pub(crate) fn new(client: &Client, path: String) -> Self {
        Self {
            client: client.terse(),
            path,
            acl: vec![Acl::open()],
        }
    }

    /// Sees to it that the node is there.
    pub(crate) async fn make(&self) -> Result<(), Error> {
        match self.make_node().await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.client.explain(error).await),
        }
    }

    async fn make_node(&self) -> Result<(), Error> {
        // Once an answer was lost, no later refusal tells that nothing was done.
        let mut fate = Fate::NotApplied;
        loop {
            let generation = self.client.generation();
            let create = self.client.create(&self.path, Bytes::new());
            match create.acl(self.acl.clone()).await {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::NodeExists => return Ok(()),
                // Made or not: what is asked for is that it is there, and asking again makes nothing twice.
                Err(error) if error.kind() == ErrorKind::ConnectionLost => {
                    fate = worse(fate, &error);
                }
                Err(error) if error.kind() == ErrorKind::NoNode => {
                    let container = CreateMode::Container;
                    let made =
                        make_parents(&self.client, &self.path, container, &self.acl, error).await;
                    if let Err(error) = made {
                        renewed(&self.client, generation, error)?;
                    }
                }
                Err(error) => {
                    fate = worse(fate, &error);
                    renewed(&self.client, generation, error.with_fate(fate))?;
                }
            }
        }
    }

    /// Sees to it that the node that is there now is gone; one that is made later stays. False if there was none.
    pub(crate) async fn unmake(&self) -> Result<bool, Error> {
        match self.unmake_node().await {
            Ok(was_there) => Ok(was_there),
            Err(error) => Err(self.client.explain(error).await),
        }
    }

    async fn unmake_node(&self) -> Result<bool, Error> {
        // A server that lags behind may not know of it yet.
        let target = match self.look().await? {
            None => self.look_surely().await?,
            target => target,
        };
        let Some(target) = target else {
            return Ok(false);
        };
        // As above.
        let mut fate = Fate::NotApplied;
        loop {
            let generation = self.client.generation();
            let error = match self.client.delete(&self.path).await {
                Ok(()) => return Ok(true),
                Err(error) if error.kind() == ErrorKind::NoNode => return Ok(true),
                Err(error) => error,
            };
            fate = worse(fate, &error);
            if error.kind() != ErrorKind::ConnectionLost {
                renewed(&self.client, generation, error.with_fate(fate))?;
            }
            // Deleted or not: once that is decided, a node with another creation zxid is somebody's new one.
            loop {
                let generation = self.client.generation();
                match decided(&self.client).await {
                    Ok(()) => break,
                    Err(error) => renewed(&self.client, generation, error.with_fate(fate))?,
                }
            }
            let now = self.look().await.map_err(|error| error.with_fate(fate))?;
            if now.is_none_or(|stat| stat.czxid != target.czxid) {
                return Ok(true);
            }
        }
    }

    /// Its metadata, if it is there now, at the cost of a quorum write.
    async fn look_surely(&self) -> Result<Option<Stat>, Error> {
        loop {
            let generation = self.client.generation();
            match self.client.exists(&self.path).linearizable().await {
                Ok(stat) => return Ok(stat),
                Err(error) => renewed(&self.client, generation, error)?,
            }
        }
    }

    /// Its metadata, if it is there as far as some server knows.
    pub(crate) async fn look(&self) -> Result<Option<Stat>, Error> {
        loop {
            let generation = self.client.generation();
            match self.client.exists(&self.path).await {
                Ok(stat) => return Ok(stat),
                Err(error) => renewed(&self.client, generation, error)?,
            }
        }
    }
}

/// What is known of all requests so far, after another error.
fn worse(fate: Fate, error: &Error) -> Fate {
    match fate {
        Fate::NotApplied => error.fate(),
        known => known,
    }
}
