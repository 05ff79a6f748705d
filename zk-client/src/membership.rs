//! Which servers a client may use, while it runs.

use crate::client::Client;
use crate::ensemble::{Ensemble, unusable};
use crate::error::{Error, ErrorKind, OpKind};
use crate::transport::ServerAddr;

impl Client {
    /// Gives the client another list of servers, `host[:port][,host[:port]…]`, while it runs. The session goes on.
    ///
    /// It moves to another server only if its own went from the list or, by chance, if the list grew: so that clients
    /// which all get the same lists stay evenly spread over them with the fewest moves. Requests under way are answered
    /// first, if that takes no longer than a sixth of the session timeout.
    ///
    /// ```
    /// # #[cfg(feature = "dev-server")]
    /// # async fn run() -> Result<(), zk_client::Error> {
    /// let zk = zk_client::Client::dev().await?;
    /// zk.update_servers("zk2:2181,zk3:2181,zk4:2181")?;
    /// # Ok(()) }
    /// # #[cfg(feature = "dev-server")]
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run()).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// `InvalidConfig` for a malformed list or one with a chroot, `Closed` once the client is closed.
    pub fn update_servers(&self, servers: &str) -> Result<(), Error> {
        let ensemble = Ensemble::parse(servers)?;
        if !ensemble.chroot.is_root() {
            let why = "a list of servers has no chroot; the client keeps the one it has";
            return Err(unusable(servers, why));
        }
        let shared = self.scope().shared();
        if shared.with(|inner, now| inner.update_servers(now, ensemble.servers)) {
            Ok(())
        } else {
            let text = "cannot change the list of servers: the client is closed";
            Err(Error::new(ErrorKind::Closed, text).with_op(OpKind::Connect, "/"))
        }
    }

    /// Moves the session to the next server of the list, once the requests under way are answered, if that takes no
    /// longer than a sixth of the session timeout. For operators who want a server empty; nothing is held against it, so
    /// the client may come back. Of a list of one server it is the same one.
    ///
    /// False if there is no connection to leave, or the client is closed.
    pub fn leave_server(&self) -> bool {
        let shared = self.scope().shared();
        shared.with(|inner, now| inner.core.leave_server(now))
    }

    /// The servers that the client may use, in no order.
    #[must_use]
    pub fn servers(&self) -> Vec<ServerAddr> {
        self.scope().shared().lock().servers.clone()
    }
}
