//! The order of requests and answers.

use zk_recipes::{CreateMode, ErrorKind};

use super::seen::{at_once, sent};
use super::server::Server;

pub async fn rsf1abd15_b36_submitted_requests_are_executed_in_the_order_of_the_calls(
    server: &Server,
) {
    let zk = server.client().await;
    let create = zk.create("/node", "0").submit();
    let first = zk.set("/node", "1").version(0).submit();
    let between = zk.get("/node").submit();
    let second = zk.set("/node", "2").version(1).submit();
    let late = zk.set("/node", "x").version(1).submit();
    let delete = zk.delete("/node").version(2).submit();
    let gone = zk.exists("/node").submit();
    let again = zk.create("/node", "").submit();
    // Awaited in another order than they were sent.
    assert!(again.await.unwrap().stat.czxid > create.await.unwrap().stat.czxid);
    assert_eq!(gone.await.unwrap(), None);
    delete.await.unwrap();
    assert_eq!(late.await.unwrap_err().kind(), ErrorKind::BadVersion);
    assert_eq!(second.await.unwrap().version, 2);
    assert_eq!(&between.await.unwrap().data[..], b"1");
    assert_eq!(first.await.unwrap().version, 1);
}

pub async fn a_request_is_queued_when_first_polled_and_not_before(server: &Server) {
    let zk = server.client().await;
    let before = sent(&zk);
    let unpolled = zk.create("/never", "");
    drop(unpolled.into_future());
    assert_eq!((sent(&zk), zk.stats().queued), (before, 0));
    // Polled once and dropped while queued: it is not sent either.
    let polled = at_once(zk.create("/never", "").into_future());
    assert!(polled.is_none());
    zk.barrier().await.unwrap();
    assert_eq!(sent(&zk), before + 1, "only the barrier");
    assert_eq!(zk.exists("/never").await.unwrap(), None);
}

pub async fn a_thousand_requests_in_flight_are_answered_each_with_its_own(server: &Server) {
    let zk = server.client().await;
    let create = CreateMode::PersistentSequential;
    zk.create("/numbers", "").await.unwrap();
    let created: Vec<_> = (0..1000)
        .map(|number: u32| {
            let create = zk.create("/numbers/", number.to_string()).mode(create);
            (number, create.submit())
        })
        .collect();
    let mut read = Vec::new();
    for (number, create) in created {
        let path = create.await.unwrap().path;
        assert_eq!(path, format!("/numbers/{number:010}"));
        read.push((number, zk.get(&path).submit()));
    }
    for (number, get) in read {
        assert_eq!(get.await.unwrap().data, number.to_string().into_bytes());
    }
}

pub async fn a_sync_is_answered_for_any_path(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    for path in ["/", "/node", "/no/such/node"] {
        zk.sync(path).await.unwrap();
    }
    assert_eq!(zk.stats().connections_lost, 0);
}

pub async fn a_barrier_takes_a_zxid_and_changes_nothing(server: &Server) {
    let zk = server.client().await;
    let created = zk.create("/node", "").await.unwrap().stat;
    let first = zk.barrier().await.unwrap();
    let second = zk.barrier().await.unwrap();
    assert!(created.czxid < first && first < second);
    let written = zk.set("/node", "").await.unwrap();
    assert!(second < written.mzxid);
    assert_eq!(written.czxid, created.czxid);
}

pub async fn what_one_client_was_told_another_can_read(server: &Server) {
    let (writer, reader) = (server.client().await, server.client().await);
    writer.create("/node", "0").await.unwrap();
    for round in 1..=20 {
        let stat = writer.set("/node", round.to_string()).await.unwrap();
        reader.sync("/node").await.unwrap();
        let node = reader.get("/node").await.unwrap();
        assert_eq!(
            (node.data, node.stat),
            (round.to_string().into_bytes().into(), stat)
        );
    }
}
