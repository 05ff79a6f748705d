//! Service discovery.

use std::time::Duration;

use zk_recipes::Client;
use zk_tests::proxy::Proxy;
use zk_tests::{Channel, deadline, word};

use super::{children, client, curator};

/// Of one instance: what it is registered with (PORT SSL TYPE PAYLOAD URI), and the fields of its JSON from `address` on.
type Case = (&'static str, &'static str);

const TIME: &str = r#""registrationTimeUTC":1700000000000"#;

/// Payloads, by a serializer that is built as it is by default: compatible with older ones.
const PAYLOADS: [Case; 9] = [
    (
        "80 443 DYNAMIC -",
        r#""port":80,"sslPort":443,"payload":null,TIME,"serviceType":"DYNAMIC","uriSpec":null"#,
    ),
    (
        "80 - DYNAMIC string:a",
        r#""port":80,"sslPort":null,"payload":"a",TIME,"serviceType":"DYNAMIC","uriSpec":null"#,
    ),
    (
        "- - DYNAMIC int:7",
        r#""port":null,"sslPort":null,"payload":7,TIME,"serviceType":"DYNAMIC","uriSpec":null"#,
    ),
    (
        "80 - DYNAMIC long:7",
        r#""port":80,"sslPort":null,"payload":["java.lang.Long",7],TIME,"serviceType":"DYNAMIC","uriSpec":null"#,
    ),
    (
        "80 - DYNAMIC double:1.5",
        r#""port":80,"sslPort":null,"payload":1.5,TIME,"serviceType":"DYNAMIC","uriSpec":null"#,
    ),
    (
        "80 - DYNAMIC bool:true",
        r#""port":80,"sslPort":null,"payload":true,TIME,"serviceType":"DYNAMIC","uriSpec":null"#,
    ),
    (
        "80 - STATIC list:a,b",
        r#""port":80,"sslPort":null,"payload":["java.util.ArrayList",["a","b"]],TIME,"serviceType":"STATIC","uriSpec":null"#,
    ),
    (
        "80 - DYNAMIC map:a=b,c=d",
        r#""port":80,"sslPort":null,"payload":{"@class":"java.util.LinkedHashMap","a":"b","c":"d"},TIME,"serviceType":"DYNAMIC","uriSpec":null"#,
    ),
    (
        "80 - DYNAMIC details:eu,3",
        r#""port":80,"sslPort":null,"payload":{"@class":"Details","zone":"eu","weight":3},TIME,"serviceType":"DYNAMIC","uriSpec":null"#,
    ),
];

/// What a reader of `CuratorDiscovery` shows of them from the port on.
const SHOWN: [&str; 9] = [
    "80,443,DYNAMIC,true,null",
    "80,null,DYNAMIC,true,61",
    "null,null,DYNAMIC,true,37",
    "80,null,DYNAMIC,true,37",
    "80,null,DYNAMIC,true,312e35",
    "80,null,DYNAMIC,true,74727565",
    "80,null,STATIC,true,5b612c20625d",
    "80,null,DYNAMIC,true,7b613d622c20633d647d",
    "80,null,DYNAMIC,true,65752a33",
];

async fn discovery(at: &str) -> (Client, Channel) {
    let (connect, zk) = client().await;
    let mut theirs = curator("discovery", &connect).await;
    theirs.ask(&format!("start old {at} any old")).await;
    theirs.ask(&format!("start new {at} any new")).await;
    (zk, theirs)
}

/// One whose connection can be cut.
async fn behind_proxy(at: &str) -> (Client, Proxy, Channel) {
    let (connect, zk) = client().await;
    let proxy = Proxy::start(connect).await;
    let mut theirs = curator("discovery", &proxy.connect_string()).await;
    theirs.ask(&format!("start d {at} any old")).await;
    (zk, proxy, theirs)
}

#[tokio::test(flavor = "multi_thread")]
async fn curators_instances_have_nine_fields_and_payloads_with_their_class() {
    let (zk, mut theirs) = discovery("/layout-services").await;
    for (n, (words, _)) in PAYLOADS.iter().enumerate() {
        let order = format!("register old web i{n} 10.0.0.1 {words} - disabled");
        theirs.ask(&order).await;
    }
    let json = |(n, (_, fields)): (usize, &Case)| {
        let fields = fields.replace("TIME", TIME);
        let begin = format!(r#""name":"web","id":"i{n}","address":"10.0.0.1""#);
        (format!("i{n}"), format!("{{{begin},{fields}}}"))
    };
    let wanted: Vec<_> = PAYLOADS.iter().enumerate().map(json).collect();
    assert_eq!(children(&zk, "/layout-services/web").await, wanted);
    // `disabled` is not in them: it reads as enabled.
    let shown: Vec<String> = SHOWN
        .iter()
        .enumerate()
        .map(|(n, shown)| format!("web,i{n},10.0.0.1,{shown}"))
        .collect();
    assert_eq!(theirs.ask("instances new web").await, shown.join(" "));
    assert_eq!(theirs.ask("names new").await, "web");
}

#[tokio::test(flavor = "multi_thread")]
async fn curators_newer_form_says_whether_an_instance_is_enabled_and_the_older_reader_heeds_it() {
    let (zk, mut theirs) = discovery("/layout-enabled").await;
    theirs
        .ask("register new web a 10.0.0.1 80 - PERMANENT - - disabled")
        .await;
    theirs
        .ask("register new web b 10.0.0.1 80 - STATIC - - enabled")
        .await;
    let all = children(&zk, "/layout-enabled/web").await;
    assert!(
        all[0].1.ends_with(r#""uriSpec":null,"enabled":false}"#),
        "{all:?}"
    );
    assert!(
        all[1].1.ends_with(r#""uriSpec":null,"enabled":true}"#),
        "{all:?}"
    );
    let wanted =
        "web,a,10.0.0.1,80,null,PERMANENT,false,null web,b,10.0.0.1,80,null,STATIC,true,null";
    assert_eq!(theirs.ask("instances old web").await, wanted);
    // Both stay when the process goes.
    for name in ["a", "b"] {
        let stat = zk
            .exists(&format!("/layout-enabled/web/{name}"))
            .await
            .unwrap();
        assert!(stat.unwrap().ephemeral_owner.is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn curators_uri_specs_are_parts_and_name_these_variables() {
    let (zk, mut theirs) = discovery("/layout-uri").await;
    let spec = "{scheme}://{address}:{port}/{name}/{id}/{ssl-port}/{registration-time-utc}/{service-type}/{[}{]}/{no}.";
    theirs
        .ask(&format!(
            "register old web a 10.0.0.1 80 - STATIC - {spec} enabled"
        ))
        .await;
    theirs
        .ask("register old web b 10.0.0.1 80 443 STATIC - {scheme}:{ssl-port} enabled")
        .await;
    let all = children(&zk, "/layout-uri/web").await;
    let parts = r#""uriSpec":{"parts":[{"value":"scheme","variable":true},{"value":":","variable":false},{"value":"ssl-port","variable":true}]}}"#;
    assert!(all[1].1.ends_with(parts), "{all:?}");
    assert_eq!(theirs.ask("uri old web b").await, "https:443");
    assert_eq!(
        theirs.ask("uri old web a").await,
        "http://10.0.0.1:80/web/a//1700000000000/static/{}/."
    );
}

/// So the update and the end of a registration miss it.
#[tokio::test(flavor = "multi_thread")]
async fn curators_sequential_instances_get_a_number_behind_their_id_and_cannot_be_taken_back() {
    let (zk, mut theirs) = discovery("/layout-sequential").await;
    let instance = "web a 10.0.0.1 80 - DYNAMIC_SEQUENTIAL - - enabled";
    theirs.ask(&format!("register old {instance}")).await;
    let names = zk.children("/layout-sequential/web").await.unwrap();
    assert_eq!(names, ["a0000000000"]);
    let why = theirs.refused(&format!("update old {instance}")).await;
    assert!(why.contains("NoNode"), "{why}");
    theirs.ask(&format!("unregister old {instance}")).await;
    assert_eq!(zk.children("/layout-sequential/web").await.unwrap(), names);
}

/// A reconnect registers it anew, in the same session: the node of before stays beside it.
#[tokio::test(flavor = "multi_thread")]
async fn curators_sequential_instances_are_there_twice_after_a_reconnect() {
    let (zk, proxy, mut theirs) = behind_proxy("/layout-twice").await;
    let instance = "web a 10.0.0.1 80 - DYNAMIC_SEQUENTIAL - - enabled";
    theirs.ask(&format!("register d {instance}")).await;
    proxy.cut();
    let nodes = deadline(Duration::from_secs(60))
        .until_some("a second node", || async {
            let nodes = children(&zk, "/layout-twice/web").await;
            (nodes.len() > 1).then_some(nodes)
        })
        .await;
    let names: Vec<&str> = nodes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a0000000000", "a0000000001"]);
    assert_eq!(nodes[0].1, nodes[1].1);
}

/// Whoever looks in between sees it gone, also where it was to stay without the process.
#[tokio::test(flavor = "multi_thread")]
async fn curators_instances_are_deleted_and_created_anew_by_a_reconnect() {
    let (zk, proxy, mut theirs) = behind_proxy("/layout-anew").await;
    let instance = "web a 10.0.0.1 80 - STATIC - - enabled";
    theirs.ask(&format!("register d {instance}")).await;
    let at = "/layout-anew/web/a";
    let before = zk.get(at).await.unwrap();
    proxy.cut();
    let after = deadline(Duration::from_secs(60))
        .until_some("another node", || async {
            let node = zk.get(at).await.ok()?;
            (node.stat.czxid != before.stat.czxid).then_some(node)
        })
        .await;
    assert_eq!(after.data, before.data);
}

/// An instance as others might write it: in the fields' own order, with fewer of them.
async fn write(zk: &Client, at: &str, id: &str, fields: &str) {
    let json = format!(r#"{{"id":"{id}","name":"web","address":"h",{fields}}}"#);
    zk.create(&format!("{at}/web/{id}"), json)
        .parents()
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn curators_readers_take_what_is_missing_for_its_default_and_skip_what_they_do_not_know() {
    let at = "/layout-lenient";
    let (zk, mut theirs) = discovery(at).await;
    write(&zk, at, "a", r#""port":1,"new":{"x":[1]}"#).await;
    write(
        &zk,
        at,
        "b",
        r#""serviceType":"STATIC","payload":{"zone":"eu"}"#,
    )
    .await;
    let wanted =
        "web,a,h,1,null,DYNAMIC,true,null web,b,h,null,null,STATIC,true,7b7a6f6e653d65757d";
    assert_eq!(theirs.ask("instances old web").await, wanted);
}

/// One instance that they cannot read hides all of the service.
#[tokio::test(flavor = "multi_thread")]
async fn curators_readers_fail_on_lists_without_a_class_and_on_empty_nodes() {
    let at = "/layout-strict";
    let (zk, mut theirs) = discovery(at).await;
    write(&zk, at, "a", r#""port":1"#).await;
    write(&zk, at, "b", r#""payload":["x","y"]"#).await;
    let why = theirs.refused("instances old web").await;
    assert!(why.contains("Could not resolve type id 'x'"), "{why}");
    zk.delete(&format!("{at}/web/b")).await.unwrap();
    zk.create(&format!("{at}/web/b"), "").await.unwrap();
    let why = theirs.refused("instances old web").await;
    assert!(why.contains("No content to map"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn curators_readers_of_a_class_fail_on_objects_that_do_not_name_it() {
    let at = "/layout-class";
    let (zk, mut theirs) = discovery(at).await;
    theirs.ask(&format!("start details {at} details old")).await;
    write(
        &zk,
        at,
        "a",
        r#""payload":{"@class":"Details","weight":3,"zone":"eu"}"#,
    )
    .await;
    let wanted = "web,a,h,null,null,DYNAMIC,true,65752a33";
    assert_eq!(theirs.ask("instances details web").await, wanted);
    for payload in [
        r#"{"zone":"eu","weight":3}"#,
        r#"{"@class":"java.util.LinkedHashMap","zone":"eu"}"#,
    ] {
        write(&zk, at, "b", &format!(r#""payload":{payload}"#)).await;
        let why = theirs.refused("instances details web").await;
        assert!(
            why.contains("Cannot cast java.util.LinkedHashMap to Details"),
            "{why}"
        );
        zk.delete(&format!("{at}/web/b")).await.unwrap();
    }
}

/// Inside of a payload there are no classes: nested lists and objects are plain JSON, and so are longs.
#[tokio::test(flavor = "multi_thread")]
async fn curators_payloads_name_the_class_of_the_whole_alone() {
    let at = "/layout-nested";
    let (zk, mut theirs) = discovery(at).await;
    let order = "register old web a h 80 - DYNAMIC nested:com.x,y - enabled";
    theirs.ask(order).await;
    let all = children(&zk, "/layout-nested/web").await;
    let inside = r#""tags":["com.x","y"],"long":7,"map":{"details":{"zone":"eu","weight":3}}"#;
    let payload = format!(r#""payload":{{"@class":"java.util.LinkedHashMap",{inside}}},"#);
    assert!(all[0].1.contains(&payload), "{all:?}");
    zk.delete(&format!("{at}/web/a")).await.unwrap();

    // So they read it.
    write(&zk, at, "b", &format!(r#""payload":{{{inside}}}"#)).await;
    let shown = "{tags=[com.x, y], long=7, map={details={zone=eu, weight=3}}}";
    let wanted = format!("web,b,h,null,null,DYNAMIC,true,{}", word(shown.as_bytes()));
    assert_eq!(theirs.ask("instances old web").await, wanted);
}
