//! Registers an instance of a service, and tells how it stands, until Ctrl-C: `docs/recipes/discovery.md`. While the file
//! named in `SICK` exists it is not well.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example service`
#![expect(clippy::print_stdout, reason = "a program to watch")]

use std::path::PathBuf;
use std::time::Duration;

use zk_recipes::Client;
use zk_recipes::discovery::{Check, Discovery, Instance, JsonCodec};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    let sick = std::env::var_os("SICK").map(PathBuf::from);
    let zk = Client::builder(servers).connect().await?;
    let services = Discovery::new(&zk, "/demo/services")?;
    // With the flag that tells whether it wants to be called.
    let services = services.codec(JsonCodec::new().compatible(false));
    let me = Instance::builder("billing").id("7").address("10.0.0.7");
    let (mut registration, driver) = services.register(me.port(80).registered_now().build())?;
    let driver = tokio::spawn(driver);
    let (heartbeat, check) = Check::ttl(Duration::from_secs(1));
    let (mut health, checking) = registration.check(check);
    tokio::spawn(checking);
    let mut pulse = tokio::time::interval(Duration::from_millis(200));
    loop {
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => break,
            Some(health) = health.changed() => println!("{health:?}"),
            standing = registration.changed() => match standing {
                Some(standing) => println!("{standing:?}"),
                // The driver has ended; why, it says itself.
                None => break,
            },
            _ = pulse.tick() => if !sick.as_ref().is_some_and(|file| file.exists()) {
                heartbeat.pass();
            },
        }
    }
    registration.unregister();
    driver.await??;
    println!("it is gone");
    zk.close().await?;
    Ok(())
}
