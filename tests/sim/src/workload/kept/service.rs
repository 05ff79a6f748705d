//! The service in each directory, and what is known of its instances.

use zk_client::Zxid;
use zk_recipes::discovery::{Codec as _, Discovery, Instance, JsonCodec};

use crate::paths::{lock_path, node};
use crate::workload::Application;
use crate::workload::seen::Seen;

/// The name of the service in each directory.
pub(super) const SERVICE: &str = "node";

pub(super) fn services(app: &Application, at: usize) -> Option<Discovery> {
    Discovery::new(&app.client, &lock_path(at)).ok()
}

/// The node of an instance. Of which write it is, nobody says.
pub(super) fn seen(at: usize, instance: &Instance) -> Seen {
    Seen {
        path: format!("{}/{}", node(at), instance.id),
        data: JsonCodec::new().encode(instance).to_vec(),
        czxid: Zxid::NONE,
        mzxid: Zxid::NONE,
    }
}
