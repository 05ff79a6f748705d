//! Tenants on the embedded server.

use zk_embedded::EmbeddedServer;
use zk_tests::sharing;

#[tokio::test]
async fn one_tenant_can_neither_read_nor_starve_the_other() {
    let enforcing = EmbeddedServer::builder().configure(|config| config.enforce_quotas = true);
    let server = enforcing.start().await.unwrap();
    sharing::one_tenant_can_neither_read_nor_starve_the_other(&server.connect_string()).await;
}
