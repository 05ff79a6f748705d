//! Registrations whose nodes outlive whoever made them.

use bytes::Bytes;
use zk_client::{Client, CreateMode, Error, ErrorKind, Fate, OpKind, SessionId, Stat};

use super::registrar::{Registrar, Task};
use crate::Standing;
use crate::decided::decided;
use crate::parents::make_parents;
use crate::renewal::{crowded_out, renewed};

/// What became of a node that was there before.
enum Taken {
    /// It is written to, and ours from now on.
    Over(Stat),
    /// It is not there any more, as far as is known.
    Gone,
    /// Something else is asked meanwhile.
    Back,
}

impl Registrar {
    /// Makes the node and writes to it until it is not to be there. Whoever deserts it leaves it as it is.
    pub(super) async fn last(&mut self, mut data: Bytes, mut number: u64) -> Result<(), Error> {
        let Some(mut made) = self.make(&data).await? else {
            return Ok(());
        };
        loop {
            self.orders.tell(Standing::Present(made.czxid), number);
            if self.told_otherwise(&made).await? {
                match self.task() {
                    (Task::Show(now), asked) => (data, number) = (now, asked),
                    (Task::Withdraw | Task::End, _) => {
                        self.orders.tell(Standing::Absent, 0);
                        return self.delete(&made).await;
                    }
                    (Task::Deserted, _) => return Ok(()),
                }
                made = self.write(&made, &data).await?;
            }
        }
    }

    /// Waits until something else is asked, or something happened to the node.
    async fn told_otherwise(&mut self, made: &Stat) -> Result<bool, Error> {
        let generation = self.client.generation();
        let looked = self.client.exists(&self.path).watch().await;
        let (stat, mut watch) = match looked {
            Ok(looked) => looked,
            Err(error) => {
                retried(&self.client, generation, error).await?;
                return Ok(false);
            }
        };
        if stat.is_none_or(|stat| stat.czxid != made.czxid) {
            // Whoever is to go anyhow has got what was wanted.
            let closing = self.orders.wanted.borrow().closing;
            return if closing {
                Ok(true)
            } else {
                Err(self.deleted())
            };
        }
        tokio::select! {
            biased;
            _ = self.orders.wanted.changed() => Ok(true),
            // Another look tells whether it is gone. What somebody else wrote stays until the next update of ours.
            _ = watch.next() => Ok(false),
        }
    }

    /// Makes the node, or takes over the one that is there; nothing if something else is asked before it could.
    async fn make(&mut self, data: &Bytes) -> Result<Option<Stat>, Error> {
        loop {
            let generation = self.client.generation();
            let create = self.client.create(&self.path, data.clone());
            let error = match create.acl(self.acl.clone()).await {
                Ok(created) => return Ok(Some(created.stat)),
                Err(error) => error,
            };
            match error.kind() {
                ErrorKind::NodeExists => match self.take_over(data).await? {
                    Taken::Over(stat) => return Ok(Some(stat)),
                    Taken::Gone => {}
                    Taken::Back => return Ok(None),
                },
                ErrorKind::NoNode => {
                    let containers = CreateMode::Container;
                    let made = make_parents(&self.client, &self.path, containers, &self.acl, error);
                    if let Err(error) = made.await {
                        retried(&self.client, generation, error).await?;
                    }
                }
                _ => retried(&self.client, generation, error).await?,
            }
        }
    }

    /// Writes to the node that is there, unless it goes with somebody's session: then it waits until it has gone.
    async fn take_over(&mut self, data: &Bytes) -> Result<Taken, Error> {
        let generation = self.client.generation();
        let taken = async {
            let (Some(stat), mut watch) = self.client.exists(&self.path).watch().await? else {
                return Ok(Taken::Gone);
            };
            if stat.ephemeral_owner != SessionId::NONE {
                self.orders.tell(Standing::Taken(stat.ephemeral_owner), 0);
                let taken = tokio::select! {
                    biased;
                    _ = self.orders.wanted.changed() => Taken::Back,
                    _ = watch.next() => Taken::Gone,
                };
                self.orders.tell(Standing::Absent, 0);
                return Ok(taken);
            }
            drop(watch);
            let set = self.client.set(&self.path, data.clone());
            set.version(stat.version).await.map(Taken::Over)
        };
        match taken.await {
            Ok(taken) => Ok(taken),
            // The next create tells what is there.
            Err(error) if is_overtaken(&error) => Ok(Taken::Gone),
            Err(error) => {
                retried(&self.client, generation, error).await?;
                Ok(Taken::Gone)
            }
        }
    }

    /// Writes to the node that was made, and to no other.
    async fn write(&self, made: &Stat, data: &Bytes) -> Result<Stat, Error> {
        loop {
            let generation = self.client.generation();
            let written = async {
                match self.client.exists(&self.path).await? {
                    Some(stat) if stat.czxid == made.czxid => {
                        let set = self.client.set(&self.path, data.clone());
                        set.version(stat.version).await
                    }
                    _ => Err(self.deleted()),
                }
            };
            match written.await {
                Ok(stat) => return Ok(stat),
                Err(error) if error.op() == Some(OpKind::Set) && is_overtaken(&error) => {}
                Err(error) => retried(&self.client, generation, error).await?,
            }
        }
    }

    /// Deletes the node that was made, and no other.
    async fn delete(&self, made: &Stat) -> Result<(), Error> {
        loop {
            let generation = self.client.generation();
            let deleted = async {
                match self.client.exists(&self.path).await? {
                    Some(stat) if stat.czxid == made.czxid => {
                        let delete = self.client.delete(&self.path);
                        delete.version(stat.version).await.map(|_| ())
                    }
                    _ => Ok(()),
                }
            };
            match deleted.await {
                Ok(()) => return Ok(()),
                Err(error) if is_overtaken(&error) => {}
                Err(error) => retried(&self.client, generation, error).await?,
            }
        }
    }

    fn deleted(&self) -> Error {
        let text = format!(
            "{} was deleted by somebody else, and its registration with it",
            self.path
        );
        Error::new(ErrorKind::NoNode, text)
            .with_fate(Fate::NotApplied)
            .with_op(OpKind::Exists, &self.path)
            .with_origin(self.client.server(), self.client.session_id())
            .with_hint("register the instance again if it is still to be found")
    }
}

/// Whether somebody else was faster, which another look shows.
fn is_overtaken(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BadVersion | ErrorKind::NoNode | ErrorKind::NodeExists
    )
}

/// `Ok` if another attempt may fare better: what was sent is decided by then.
async fn retried(client: &Client, generation: u64, error: Error) -> Result<(), Error> {
    let error = match error.kind() {
        ErrorKind::ConnectionLost => match decided(client).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        },
        _ => match crowded_out(error).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        },
    };
    match renewed(client, generation, error) {
        Ok(()) => Ok(()),
        Err(error) => Err(client.explain(error).await),
    }
}
