//! Instances that say no address.

use std::net::IpAddr;

use zk_recipes::ErrorKind;
use zk_recipes::discovery::{Instance, JsonCodec};

use super::{NODE, data, registered, services};
use crate::kit::World;

#[tokio::test(start_paused = true)]
async fn an_instance_without_an_address_gets_one_of_this_machine_that_the_filter_passes() {
    use zk_recipes::discovery::Codec as _;
    let world = World::new();
    let zk = world.client().await;
    // Every machine that runs this has a loopback, and perhaps nothing else.
    let here = services(&zk).local_address(|address| address.ip.is_loopback());
    let instance = || Instance::builder("billing").id("i-1").port(80);
    let (registration, driver) = registered(&here, instance().build()).await;
    let address = registration.instance().address.unwrap();
    assert!(address.parse::<IpAddr>().unwrap().is_loopback());
    let told = JsonCodec::new().decode(data(&world, NODE).unwrap().as_ref());
    assert_eq!(told.unwrap().address, Some(address));
    registration.unregister();
    driver.await.unwrap().unwrap();

    // What is said stays, and without a filter nothing is said.
    let said = here.register(instance().address("host").build());
    let said = said.unwrap().0.instance().address;
    assert_eq!(said.as_deref(), Some("host"));
    let unsaid = services(&zk).register(instance().build()).unwrap().0;
    assert_eq!(unsaid.instance().address, None);

    let nowhere = services(&zk).local_address(|_| false);
    let error = nowhere.register(instance().build()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(error.to_string().contains(NODE), "{error}");
    assert!(!world.hooks.paths().contains(&NODE.to_owned()));
}
