//! Keeps an instance registered.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use zk_client::{Acl, Client, Error, ErrorKind};

use super::codec::Codec;
use super::registration::Orders;
use super::wanted::Order;
use crate::renewal::{crowded_out, renewed};
use crate::{PersistentNode, Standing};

pub(super) struct Registrar {
    pub(super) client: Client,
    pub(super) path: String,
    pub(super) acl: Vec<Acl>,
    pub(super) codec: Arc<dyn Codec>,
    /// Whether the node outlives its registrar.
    pub(super) lasts: bool,
    pub(super) orders: Orders,
}

/// What is to be done now.
pub(super) enum Task {
    Show(Bytes),
    Withdraw,
    End,
    /// There is nobody left who could ask for anything.
    Deserted,
}

impl Registrar {
    pub(super) async fn run(mut self) -> Result<(), Error> {
        loop {
            let (task, number) = self.task();
            match task {
                Task::Show(data) if self.lasts => self.last(data, number).await?,
                Task::Show(data) => self.keep(data, number).await?,
                Task::Withdraw => {
                    self.orders.tell(Standing::Absent, number);
                    // An error is a desertion, which the next look finds.
                    let _ = self.orders.wanted.changed().await;
                }
                Task::End | Task::Deserted => return Ok(()),
            }
        }
    }

    /// What is to be done, and the number of what was asked last.
    pub(super) fn task(&mut self) -> (Task, u64) {
        let deserted = self.orders.wanted.has_changed().is_err();
        let wanted = self.orders.wanted.borrow_and_update();
        let task = match wanted.order(self.codec.writes_enabled()) {
            Order::End => Task::End,
            _ if deserted => Task::Deserted,
            Order::Show(instance) => Task::Show(self.codec.encode(&instance)),
            Order::Withdraw => Task::Withdraw,
        };
        (task, wanted.number)
    }

    /// Keeps an ephemeral node until it is not to be there.
    async fn keep(&mut self, data: Bytes, number: u64) -> Result<(), Error> {
        let node = PersistentNode::new(&self.client, &self.path, data)?.acl(self.acl.clone());
        let (presence, keeper) = node.keep();
        let mut watched = presence.clone();
        let mut keeper = pin!(keeper);
        // What was set last, and what the node is known to have.
        let (mut set, mut written) = (number, 0);
        let (mut closing, mut withdraws) = (false, false);
        loop {
            let standing = tokio::select! {
                biased;
                ended = &mut keeper => return match ended {
                    Err(error) if withdraws && error.kind() == ErrorKind::TimedOut => {
                        self.until_gone(error).await
                    }
                    ended => ended,
                },
                standing = watched.changed() => match standing {
                    Some(standing) => {
                        written = 0;
                        standing
                    }
                    None => pending().await,
                },
                present = presence.present(), if written < set => match present {
                    Some(czxid) => {
                        written = set;
                        Standing::Present(czxid)
                    }
                    None => pending().await,
                },
                _ = self.orders.wanted.changed(), if !closing => {
                    match self.task() {
                        (Task::Show(data), number) => {
                            presence.set(data);
                            set = number;
                        }
                        (task, _) => {
                            presence.close();
                            (closing, withdraws) = (true, matches!(task, Task::Withdraw));
                        }
                    }
                    continue;
                }
            };
            if !closing {
                self.orders.tell(standing, written);
            }
        }
    }

    /// No server could be asked to delete the node. The session goes on trying, and until it is gone none is made in its place.
    /// Whoever asks for the end meanwhile is told that it was in vain.
    async fn until_gone(&self, in_vain: Error) -> Result<(), Error> {
        let client = self.client.patient();
        let gone = async {
            loop {
                let generation = client.generation();
                match client.exists(&self.path).watch().await {
                    Ok((Some(stat), mut watch))
                        if Some(stat.ephemeral_owner) == client.session_id() =>
                    {
                        watch.next().await;
                    }
                    Ok(_) => return Ok(()),
                    Err(error) => {
                        if let Err(error) = crowded_out(error).await {
                            renewed(&client, generation, error)?;
                        }
                    }
                }
            }
        };
        let mut wanted = self.orders.wanted.clone();
        let writes_enabled = self.codec.writes_enabled();
        let ends = wanted.wait_for(|wanted| matches!(wanted.order(writes_enabled), Order::End));
        tokio::select! {
            biased;
            gone = gone => gone,
            _ = ends => Err(in_vain),
        }
    }
}
