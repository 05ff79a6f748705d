//! Tenants on a real server.

use zk_tests::{RealServer, sharing};

#[tokio::test]
async fn one_tenant_can_neither_read_nor_starve_the_other() {
    let server = RealServer::start_with(&[("ZOO_CFG_EXTRA", "enforceQuota=true")]);
    sharing::one_tenant_can_neither_read_nor_starve_the_other(&server.connect_string()).await;
}
