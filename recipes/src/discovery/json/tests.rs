use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const CURATOR: &str = r#"{"name":"billing","id":"a2e0f1c4-0d0c-4f2e-9a55-7a3c1b0d9e11","address":"10.0.0.7","port":8080,"sslPort":8443,"payload":{"@class":"com.example.Meta","zone":"b","weights":["java.util.ArrayList",[1,2]]},"registrationTimeUTC":1700000000000,"serviceType":"DYNAMIC","uriSpec":{"parts":[{"value":"scheme","variable":true},{"value":"://","variable":false},{"value":"address","variable":true}]}}"#;

const NULLS: &str = r#"{"name":"billing","id":"1","address":null,"port":null,"sslPort":null,"payload":null,"registrationTimeUTC":0,"serviceType":"STATIC","uriSpec":null}"#;

fn read(text: &str) -> Result<Instance, BadInstance> {
    JsonCodec::new().decode(text.as_bytes())
}

fn written(codec: JsonCodec, instance: &Instance) -> String {
    String::from_utf8(codec.encode(instance).to_vec()).unwrap()
}

#[test]
fn an_instance_of_curators_is_read_and_written_as_it_was() {
    let instance = read(CURATOR).unwrap();
    assert_eq!(instance.name, "billing");
    assert_eq!(instance.id, "a2e0f1c4-0d0c-4f2e-9a55-7a3c1b0d9e11");
    assert_eq!(instance.address.as_deref(), Some("10.0.0.7"));
    assert_eq!((instance.port, instance.ssl_port), (Some(8080), Some(8443)));
    let payload = instance.payload.as_ref().unwrap();
    assert_eq!(payload.class(), Some("com.example.Meta"));
    assert_eq!(payload.plain(), json!({"zone": "b", "weights": [1, 2]}));
    assert_eq!(instance.registered_millis, 1_700_000_000_000);
    assert_eq!(instance.kind, InstanceKind::Dynamic);
    assert_eq!(instance.uri().unwrap(), "https://10.0.0.7");
    assert!(instance.enabled);
    // Members inside of the payload come in the order of their names, which carries no meaning.
    let same: Value = serde_json::from_str(CURATOR).unwrap();
    let ours: Value = serde_json::from_str(&written(JsonCodec::new(), &instance)).unwrap();
    assert_eq!(ours, same);
    for instance in [NULLS, &NULLS.replace("STATIC", "DYNAMIC_SEQUENTIAL")] {
        let read = read(instance).unwrap();
        assert_eq!(written(JsonCodec::new(), &read), instance);
    }
}

#[test]
fn enabled_is_written_only_with_compatibility_off_and_read_always() {
    let mut instance = read(NULLS).unwrap();
    instance.enabled = false;
    assert_eq!(written(JsonCodec::new(), &instance), NULLS);
    let codec = JsonCodec::new().compatible(false);
    let text = written(codec, &instance);
    assert_eq!(text, NULLS.replace('}', r#","enabled":false}"#));
    assert!(!read(&text).unwrap().enabled);
    instance.enabled = true;
    assert!(written(codec, &instance).ends_with(r#","enabled":true}"#));
    assert!(codec.writes_enabled() && !JsonCodec::default().writes_enabled());
}

#[test]
fn what_is_missing_has_curators_defaults_and_what_is_unknown_is_ignored() {
    let least = read("{}").unwrap();
    assert_eq!(least, Instance::builder("").build());
    let more = r#"{"enabled":null,"version":[1,{"a":null}],"serviceType":null,"uriSpec":{}}"#;
    let more = read(more).unwrap();
    assert_eq!(more.uri_spec, Some(UriSpec::default()));
    assert_eq!((more.kind, more.enabled), (InstanceKind::Dynamic, true));
}

#[test]
fn what_is_no_instance_is_told_with_its_reason() {
    for (text, why) in [
        ("null", "no object"),
        ("10.0.0.7", "no JSON"),
        (r#"{"name":"a""#, "no JSON"),
        (r#"{"name":7}"#, "`name`"),
        (r#"{"port":70000}"#, "`port`"),
        (r#"{"sslPort":-1}"#, "`sslPort`"),
        (r#"{"enabled":1}"#, "`enabled`"),
        (r#"{"serviceType":"EVER"}"#, "EVER"),
        (r#"{"registrationTimeUTC":0.5}"#, "whole number"),
        (r#"{"uriSpec":"{name}"}"#, "uriSpec"),
        (r#"{"uriSpec":{"parts":{}}}"#, "parts"),
        (r#"{"uriSpec":{"parts":[1]}}"#, "a part"),
        ("\u{feff}{}", "no JSON"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
    assert_eq!(read("").unwrap_err(), BadInstance::Empty);
    let zipped = JsonCodec::new().decode(&[0x1f, 0x8b, 8, 0]);
    assert!(zipped.unwrap_err().to_string().contains("gzip"));
    let kind = format!(r#"{{"serviceType":"{}"}}"#, "X".repeat(9999));
    assert!(read(&kind).unwrap_err().to_string().len() < 200);
}

#[test]
fn deep_nests_and_large_nodes_are_refused() {
    let deep = format!(
        r#"{{"payload":{}{}}}"#,
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    let error = read(&deep).unwrap_err().to_string();
    assert!(error.contains("recursion"), "{error}");
    let large = vec![b' '; LIMIT + 1];
    let refused = JsonCodec::new().decode(&large).unwrap_err();
    assert!(matches!(refused, BadInstance::TooLarge { .. }));
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec(("[@a-c!]{0,2}", inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

prop_compose! {
    fn any_payload()(value in any_value(), class in option::of("[a-z]{1,3}\\.[A-Z]{1,3}")) -> Payload {
        let payload = Payload::new(value);
        match class {
            Some(class) => payload.with_class(class),
            None => payload,
        }
    }
}

fn any_part() -> impl Strategy<Value = UriPart> {
    let variable = any::<bool>();
    (".{0,4}", variable).prop_map(|(text, variable)| match variable {
        true => UriPart::Variable(text),
        false => UriPart::Literal(text),
    })
}

prop_compose! {
    fn any_instance()(
        (name, id, address) in (".{0,8}", ".{0,8}", option::of(".{0,8}")),
        (port, ssl_port) in any::<(Option<u16>, Option<u16>)>(),
        payload in option::of(any_payload()),
        (registered_millis, enabled) in any::<(i64, bool)>(),
        kind in prop_oneof![
            Just(InstanceKind::Dynamic),
            Just(InstanceKind::Static),
            Just(InstanceKind::Permanent),
            Just(InstanceKind::DynamicSequential),
        ],
        uri_spec in option::of(vec(any_part(), 0..4).prop_map(UriSpec::from_parts)),
    ) -> Instance {
        Instance { name, id, address, port, ssl_port, payload, registered_millis, kind, uri_spec, enabled }
    }
}

/// Whether a payload is written as nothing else is: the JSON of null is no payload, and an array that Java has no class for
/// reads as what it looks like.
fn survives(payload: &Payload) -> bool {
    let written: Value = serde_json::from_str(&payload.to_string()).unwrap();
    !written.is_null() && Payload::from_written(written) == *payload
}

proptest! {
    #[test]
    fn prop_every_instance_reads_as_it_was_written(mut instance in any_instance()) {
        instance.payload = instance.payload.filter(survives);
        let codec = JsonCodec::new().compatible(false);
        prop_assert_eq!(codec.decode(&codec.encode(&instance)), Ok(instance));
    }

    #[test]
    fn prop_every_payload_but_null_keeps_its_value_and_class(payload in any_payload()) {
        // Of an object's members, one that is called like the class is the class.
        let written = Payload::parse(&payload.to_string()).unwrap();
        if payload.class().is_some() || !payload.value().is_object() {
            prop_assert_eq!(written.class(), payload.class());
            prop_assert_eq!(written.value(), payload.value());
        }
    }

    #[test]
    fn prop_no_bytes_panic(bytes in vec(any::<u8>(), 0..64)) {
        let _ = JsonCodec::new().decode(&bytes);
    }

    #[test]
    fn prop_no_damaged_instance_panics(at in 0..CURATOR.len(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = CURATOR.as_bytes().to_vec();
        match cut {
            true => bytes.truncate(at),
            false => bytes[at] = byte,
        }
        if let Ok(instance) = JsonCodec::new().decode(&bytes) {
            let codec = JsonCodec::new().compatible(false);
            let again = codec.decode(&codec.encode(&instance)).unwrap();
            prop_assert_eq!(again, instance);
        }
    }
}
