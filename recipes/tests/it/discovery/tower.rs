//! What tower's balancers are told.

use std::future::poll_fn;
use std::pin::Pin;

use tower::discover::{Change, Discover as _};
use zk_recipes::discovery::{Discover, Instance};

use super::{registered, services};
use crate::kit::{World, spawned};

type Told = Option<Change<String, u16>>;

async fn next<M: FnMut(&Instance) -> Option<u16> + Unpin>(discover: &mut Discover<M>) -> Told {
    let next = poll_fn(|cx| Pin::new(&mut *discover).poll_discover(cx)).await;
    next.map(|change| change.unwrap())
}

fn come(told: &Told) -> Option<(&str, u16)> {
    match told {
        Some(Change::Insert(id, port)) => Some((id, *port)),
        _ => None,
    }
}

fn gone(told: &Told) -> Option<&str> {
    match told {
        Some(Change::Remove(id)) => Some(id),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_balancer_hears_of_those_that_want_to_be_called_and_of_nothing_in_an_outage() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let theirs = services(&other);
    let one = |id: &str| Instance::builder("billing").id(id);
    let (a, ending) = registered(&theirs, one("a").port(1).build()).await;
    let (_no_port, _driver) = registered(&theirs, one("b").build()).await;
    let (loading, driver) = services(&zk).view("billing").unwrap().keep();
    let driver = spawned(driver);
    let view = loading.loaded().await.unwrap();
    let mut discover = view.discover(|instance| instance.port);
    assert_eq!(come(&next(&mut discover).await), Some(("a", 1)));
    a.update(|instance| instance.port = Some(2));
    assert_eq!(come(&next(&mut discover).await), Some(("a", 2)));
    a.drain();
    assert_eq!(gone(&next(&mut discover).await), Some("a"));
    a.update(|instance| instance.payload = Some("nobody hears of this".into()));
    a.applied().await.unwrap();
    a.resume();
    assert_eq!(come(&next(&mut discover).await), Some(("a", 2)));
    // An outage: nothing goes.
    world.hooks.cut_session(zk.session_id().unwrap());
    let (_c, _driver) = registered(&theirs, one("c").port(3).build()).await;
    assert_eq!(come(&next(&mut discover).await), Some(("c", 3)));
    a.unregister();
    ending.await.unwrap().unwrap();
    assert_eq!(gone(&next(&mut discover).await), Some("a"));
    driver.abort();
    assert!(next(&mut discover).await.is_none());
    assert!(next(&mut discover).await.is_none());
}
