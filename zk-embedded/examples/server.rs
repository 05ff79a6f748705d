//! Runs a server until it is interrupted: `cargo run -p zk-embedded --example server [PORT]`.

use zk_embedded::{EmbeddedServer, StartError};

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "whoever starts it wants to know where it is"
)]
async fn main() -> Result<(), StartError> {
    let port = std::env::args()
        .nth(1)
        .and_then(|port| port.parse().ok())
        .unwrap_or(0);
    let server = EmbeddedServer::builder().port(port).start().await?;
    println!("{}", server.connect_string());
    std::future::pending::<()>().await;
    server.shutdown().await;
    Ok(())
}
