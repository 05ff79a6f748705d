//! `leaders` on nodes of Kafka and Flink, and `members`.

use serde_json::{Value, json};
use zk_recipes::{Client, CreateMode};

use crate::server::Server;

async fn ephemeral(client: &Client, path: &str, data: impl Into<zk_recipes::Bytes>) {
    let create = client.create(path, data).mode(CreateMode::Ephemeral);
    create.parents().await.unwrap();
}

/// The answer to a command, without what differs from run to run.
fn asked(server: &Server, client: &Client, args: &[&str]) -> Value {
    let text = server.zkctl(&[args, &["--json"]].concat()).ok();
    let session = client.session_id().unwrap().to_string();
    let mut value: Value = serde_json::from_str(&text.replace(&session, "SESSION")).unwrap();
    settle(&mut value);
    value
}

fn settle(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for name in ["since", "since_ms"] {
                object.remove(name);
            }
            object.values_mut().for_each(settle);
        }
        Value::Array(list) => list.iter_mut().for_each(settle),
        _ => {}
    }
}

const BROKER: &str = r#"{"features":{},"listener_security_protocol_map":{"PLAINTEXT":"PLAINTEXT"},"endpoints":["PLAINTEXT://b1:9092"],"jmx_port":-1,"port":9092,"host":"b1","version":5,"timestamp":"1700000000000"}"#;
const OLD_BROKER: &str = r#"{"jmx_port":-1,"timestamp":"1","host":"b10","version":1,"port":9092}"#;
const CONTROLLER: &str =
    r#"{"version":2,"brokerid":1,"timestamp":"1700000000001","kraftControllerEpoch":-1}"#;

#[test]
fn the_controller_of_kafka_is_shown_with_its_epoch_among_the_brokers() {
    let server = Server::start();
    server.with_client(async |client| {
        ephemeral(client, "/kafka/brokers/ids/1", BROKER).await;
        ephemeral(client, "/kafka/brokers/ids/10", OLD_BROKER).await;
        ephemeral(client, "/kafka/brokers/ids/2", "garbage").await;
        client.create("/kafka/controller_epoch", "17").await.unwrap();
        let nobody = server.zkctl(&["leaders", "/kafka"]).ok();
        assert!(nobody.starts_with("nobody leads /kafka (kafka)\n"), "{nobody}");
        assert_eq!(nobody.matches("waits").count(), 3, "{nobody}");
        ephemeral(client, "/kafka/controller", CONTROLLER).await;
        let broker = |id: &str, at: Value| {
            json!({ "contender": id, "epoch": null, "announcement": at, "session": "SESSION", "node": format!("/kafka/brokers/ids/{id}") })
        };
        assert_eq!(
            asked(&server, client, &["leaders", "/kafka"]),
            json!({
                "path": "/kafka",
                "kind": "kafka",
                "leader": { "contender": "1", "epoch": 17, "announcement": "PLAINTEXT://b1:9092", "session": "SESSION", "node": "/kafka/controller" },
                "candidates": [broker("1", json!("PLAINTEXT://b1:9092")), broker("2", Value::Null), broker("10", json!("b10:9092"))],
            })
        );
        let table = server.zkctl(&["leaders", "/kafka"]).ok();
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[1].starts_with("leads  17 "), "{table}");
        assert!(lines[1].ends_with("  1          PLAINTEXT://b1:9092"), "{table}");
        assert_eq!((table.matches("waits").count(), lines.len()), (2, 4), "{table}");
    });
}

#[test]
fn a_controller_that_is_no_broker_or_no_json_is_shown_as_it_is() {
    let server = Server::start();
    server.with_client(async |client| {
        client.create("/brokers", "").await.unwrap();
        let kraft = r#"{"version":2,"brokerid":3000,"timestamp":"1","kraftControllerEpoch":4}"#;
        ephemeral(client, "/controller", kraft).await;
        let seen = asked(&server, client, &["leaders", "/"]);
        assert_eq!(
            (&seen["leader"]["contender"], &seen["leader"]["kraft_epoch"]),
            (&json!("3000"), &json!(4))
        );
        client.set("/controller", "hm\u{1b}").await.unwrap();
        let seen = asked(&server, client, &["leaders", "/"]);
        assert_eq!(seen["leader"]["contender"], json!("hm\u{1b}"));
        let table = server.zkctl(&["leaders", "/"]).ok();
        assert!(!table.contains('\u{1b}'), "{table:?}");
    });
}

/// Written by Java's ObjectOutputStream, as Flink does: an address and a UUID.
fn connection_info() -> Vec<u8> {
    let address = "pekko.tcp://flink@jm1:6123/user/rpc/dispatcher_0";
    let mut bytes = vec![0xac, 0xed, 0, 5, 0x77, 50, 0, 48];
    bytes.extend(address.as_bytes());
    bytes.extend(b"\x73\x72\x00\x0ejava.util.UUID\xbc\x99\x03\xf7\x98\x6d\x85\x2f\x02\x00\x02");
    bytes.extend(b"J\x00\x0cleastSigBitsJ\x00\x0bmostSigBits\x78\x70");
    bytes.extend([0x81, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]);
    bytes.extend([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]);
    bytes
}

#[test]
fn the_leader_of_flink_is_shown_with_the_addresses_of_its_components() {
    let server = Server::start();
    server.with_client(async |client| {
        let latch =
            "/flink/default/leader/latch/_c_0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0-latch-0000000000";
        ephemeral(client, latch, "").await;
        let dispatcher = "/flink/default/leader/dispatcher/connection_info";
        ephemeral(client, dispatcher, connection_info()).await;
        ephemeral(
            client,
            "/flink/default/leader/rest_server/connection_info",
            "",
        )
        .await;
        let seen = asked(&server, client, &["leaders", "/flink/default"]);
        assert_eq!(
            (&seen["kind"], &seen["leader"]["node"]),
            (&json!("flink"), &json!(latch))
        );
        assert_eq!(
            seen["components"][0],
            json!({
                "contender": "dispatcher",
                "epoch": null,
                "announcement": "pekko.tcp://flink@jm1:6123/user/rpc/dispatcher_0",
                "leader_session": "01234567-89ab-cdef-8123-456789abcdef",
                "session": "SESSION",
                "node": dispatcher,
            })
        );
        assert_eq!(seen["components"][1]["announcement"], Value::Null);
        let table = server.zkctl(&["leaders", "/flink/default"]).ok();
        assert!(table.contains("dispatcher "), "{table}");
        assert_eq!(table.matches("leads").count(), 3, "{table}");
    });
}

#[test]
fn older_flinks_stand_in_a_latch_per_component() {
    let server = Server::start();
    server.with_client(async |client| {
        let latch = "/f/leader/resource_manager/latch/_c_0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0-latch-0000000004";
        ephemeral(client, latch, "").await;
        ephemeral(client, "/f/leader/resource_manager/connection_info", connection_info()).await;
        let seen = asked(&server, client, &["leaders", "/f"]);
        assert_eq!(seen["leader"], Value::Null);
        assert_eq!(seen["candidates"][0]["node"], json!(latch));
        assert_eq!(seen["components"][0]["contender"], json!("resource_manager"));
    });
}

#[test]
fn a_path_with_nobodys_nodes_has_no_leader() {
    let server = Server::start();
    server.zkctl(&["create", "-p", "/x/leader/y"]).ok();
    assert_eq!(server.zkctl(&["leaders", "/x"]).ok(), "nobody leads /x\n");
}

#[test]
fn members_of_curators_and_kazoos_groups_are_shown_by_who_they_are() {
    let server = Server::start();
    assert_eq!(
        server.zkctl(&["members", "/g"]).ok(),
        "nobody is a member of /g\n"
    );
    server.with_client(async |client| {
        let hex = "0123456789abcdef0123456789abcdef";
        ephemeral(client, "/g/worker-1", vec![0xff, 0]).await;
        ephemeral(client, &format!("/g/{hex}__party__"), "host:7").await;
        ephemeral(client, &format!("/g/{hex}-me-too"), "me-too").await;
        client.create("/g/stays", "").await.unwrap();
        let member = |id: &str, node: &str, layout: &str| {
            json!({ "member": id, "session": "SESSION", "node": format!("/g/{node}"), "layout": layout })
        };
        let with = |mut member: Value, name: &str, value: Value| {
            member[name] = value;
            member
        };
        let stays = with(member("stays", "stays", "curator"), "data", json!(""));
        assert_eq!(
            asked(&server, client, &["members", "/g"])["members"],
            json!([
                with(member("worker-1", "worker-1", "curator"), "data_base64", json!("/wA=")),
                with(member("host:7", &format!("{hex}__party__"), "kazoo party"), "data", json!("host:7")),
                with(member("me-too", &format!("{hex}-me-too"), "kazoo shallow party"), "data", json!("me-too")),
                with(stays, "session", Value::Null),
            ])
        );
        let table = server.zkctl(&["members", "/g"]).ok();
        assert!(table.contains("  none "), "{table}");
        assert_eq!(table.lines().count(), 5);
    });
}
