//! What an instance says about itself, with what Java wants to know about it.

use std::fmt;

use serde_json::{Map, Value};

/// The member of a JSON object that names its Java class.
const CLASS: &str = "@class";

/// What an instance says about itself: any JSON value. Java programs also want to know its class.
///
/// Curator's programs write four shapes, and all are read: an object whose first member `@class` names its class; an object
/// without; a bare string, boolean or number; and an array of a class name and the value, for lists and longs. Curator casts
/// what it reads to the class that its program declares, so objects for Java need a [class](Self::with_class).
///
/// ```
/// use zk_recipes::discovery::Payload;
///
/// let payload = Payload::parse(r#"{"@class": "com.example.Meta", "zone": "b"}"#)?;
/// assert_eq!(payload.class(), Some("com.example.Meta"));
/// assert_eq!(payload.value()["zone"], "b");
/// assert_eq!(Payload::from("plain").to_string(), r#""plain""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    class: Option<String>,
    value: Value,
}

impl Payload {
    /// A payload without a class, but for what Java cannot read bare: an array is a `java.util.ArrayList`, and a whole number
    /// beyond 32 bits a `java.lang.Long`.
    #[must_use]
    pub fn new(value: Value) -> Self {
        let class = natural_class(&value).map(str::to_owned);
        Self { class, value }
    }

    /// Names the Java class, such as `com.example.Meta`; `java.util.LinkedHashMap` suits any object.
    #[must_use]
    pub fn with_class(mut self, class: impl Into<String>) -> Self {
        self.class = Some(class.into());
        if let Value::Object(members) = &mut self.value {
            members.remove(CLASS);
        }
        self
    }

    /// Reads a payload as it is written into a node.
    ///
    /// # Errors
    ///
    /// If the text is no JSON.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        Ok(Self::from_written(serde_json::from_str(text)?))
    }

    /// The Java class that it is said to be of.
    #[must_use]
    pub fn class(&self) -> Option<&str> {
        self.class.as_deref()
    }

    /// The value, without its own class. Values inside keep what Java wrote about theirs; see [`plain`](Self::plain).
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.value.as_str()
    }

    /// The value without any class, also inside.
    #[must_use]
    pub fn plain(&self) -> Value {
        plain(self.value.clone())
    }

    pub(super) fn from_written(written: Value) -> Self {
        let (class, value) = split(written);
        Self { class, value }
    }
}

impl From<Value> for Payload {
    fn from(value: Value) -> Self {
        Self::new(value)
    }
}

impl From<&str> for Payload {
    fn from(text: &str) -> Self {
        Self::new(text.into())
    }
}

impl From<String> for Payload {
    fn from(text: String) -> Self {
        Self::new(text.into())
    }
}

/// As it is written into a node.
impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(class) = &self.class else {
            return write!(f, "{}", self.value);
        };
        let class = Value::from(class.as_str());
        let Value::Object(members) = &self.value else {
            return write!(f, "[{class},{}]", self.value);
        };
        // Java takes the class for one only where it comes first.
        write!(f, r#"{{"{CLASS}":{class}"#)?;
        for (name, value) in members.iter().filter(|(name, _)| *name != CLASS) {
            write!(f, ",{}:{value}", Value::from(name.as_str()))?;
        }
        write!(f, "}}")
    }
}

fn natural_class(value: &Value) -> Option<&'static str> {
    match value {
        Value::Array(_) => Some("java.util.ArrayList"),
        Value::Number(number) if number.is_f64() => None,
        Value::Number(number) => match number.as_i64().map(i32::try_from) {
            Some(Ok(_)) => None,
            Some(Err(_)) => Some("java.lang.Long"),
            None => Some("java.math.BigInteger"),
        },
        _ => None,
    }
}

/// A value and its class, from what was written.
fn split(written: Value) -> (Option<String>, Value) {
    match written {
        Value::Object(mut members) => match members.remove(CLASS) {
            Some(Value::String(class)) => (Some(class), Value::Object(members)),
            // Not what Java writes: somebody else's member of that name.
            Some(other) => {
                members.insert(CLASS.to_owned(), other);
                (None, Value::Object(members))
            }
            None => (None, Value::Object(members)),
        },
        Value::Array(items) => match <[Value; 2]>::try_from(items) {
            Ok([Value::String(class), value]) if is_class(&class) && !value.is_object() => {
                (Some(class), value)
            }
            Ok(both) => (None, Value::Array(both.into())),
            Err(items) => (None, Value::Array(items)),
        },
        bare => (None, bare),
    }
}

/// Whether a text names a Java class with its package, or an array of one: a pair of texts is no class and its value.
fn is_class(text: &str) -> bool {
    if text.starts_with('[') {
        return true;
    }
    let part = |part: &str| {
        let mut chars = part.chars();
        chars
            .next()
            .is_some_and(|first| first.is_alphabetic() || first == '_')
            && chars.all(|char| char.is_alphanumeric() || char == '_' || char == '$')
    };
    text.contains('.') && text.split('.').all(part)
}

/// No deeper than what was parsed, which is bounded.
fn plain(value: Value) -> Value {
    match value {
        Value::Array(items) => match <[Value; 2]>::try_from(items) {
            Ok([class, value]) if names_class(&class, &value) => plain(value),
            Ok(both) => both.into_iter().map(plain).collect(),
            Err(items) => items.into_iter().map(plain).collect(),
        },
        Value::Object(_) => {
            let (_, value) = split(value);
            let Value::Object(members) = value else {
                return value;
            };
            let members = members
                .into_iter()
                .map(|(name, value)| (name, plain(value)));
            Value::Object(Map::from_iter(members))
        }
        bare => bare,
    }
}

/// Whether two items inside of a payload are the class of a list or number, and that. Curator names the class of the whole
/// alone, so here two texts are a list, whatever they look like.
fn names_class(class: &Value, value: &Value) -> bool {
    let is_javas = class
        .as_str()
        .is_some_and(|class| class.starts_with("java."));
    is_javas && (value.is_array() || value.is_number())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Payload {
        Payload::parse(text).unwrap()
    }

    #[test]
    fn the_four_shapes_are_read_and_written_as_they_were() {
        for (text, class, value) in [
            (
                r#"{"@class":"com.example.Meta","zone":"b"}"#,
                Some("com.example.Meta"),
                json!({"zone": "b"}),
            ),
            (r#"{"zone":"b"}"#, None, json!({"zone": "b"})),
            (r#""b""#, None, json!("b")),
            ("true", None, json!(true)),
            ("7", None, json!(7)),
            ("0.5", None, json!(0.5)),
            (
                r#"["java.util.ArrayList",["a",1]]"#,
                Some("java.util.ArrayList"),
                json!(["a", 1]),
            ),
            (r#"["java.lang.Long",7]"#, Some("java.lang.Long"), json!(7)),
        ] {
            let payload = read(text);
            assert_eq!(payload.class(), class, "{text}");
            assert_eq!(*payload.value(), value, "{text}");
            assert_eq!(payload.to_string(), text);
        }
    }

    #[test]
    fn lists_and_longs_are_written_as_java_reads_them_and_the_rest_bare() {
        let written = |value| Payload::new(value).to_string();
        assert_eq!(written(json!([1])), r#"["java.util.ArrayList",[1]]"#);
        assert_eq!(
            written(json!(1_i64 << 31)),
            r#"["java.lang.Long",2147483648]"#
        );
        assert_eq!(written(json!(-(1_i64 << 31))), "-2147483648");
        assert_eq!(
            written(json!(u64::MAX)),
            r#"["java.math.BigInteger",18446744073709551615]"#
        );
        assert_eq!(written(json!({"a": 1})), r#"{"a":1}"#);
        assert_eq!(Payload::from("b").to_string(), r#""b""#);
    }

    #[test]
    fn a_class_is_written_first_on_request() {
        let value = json!({"!before": 1, "@class": "old", "zone": "b"});
        let payload = Payload::new(value).with_class("com.example.Meta");
        assert_eq!(
            payload.to_string(),
            r#"{"@class":"com.example.Meta","!before":1,"zone":"b"}"#
        );
    }

    #[test]
    fn lists_of_two_that_are_no_class_and_value_stay_lists() {
        for text in [
            r#"["a","b"]"#,
            r#"["a.b"]"#,
            r#"["1.5",2]"#,
            r#"[".",2]"#,
            "[1,2]",
        ] {
            let payload = read(text);
            assert_eq!(payload.class(), None, "{text}");
            assert!(payload.value().is_array(), "{text}");
        }
    }

    #[test]
    fn classes_inside_go_where_a_plain_value_is_wanted() {
        let payload = read(
            r#"{"@class":"a.B","list":["java.util.ArrayList",[{"@class":"a.C","n":["java.lang.Long",1]}]]}"#,
        );
        assert_eq!(payload.plain(), json!({"list": [{"n": 1}]}));
        // Curator writes no class inside: a list of two texts is a list, whatever they look like.
        let hosts = read(r#"{"@class":"a.B","hosts":["a.example.com","eu"]}"#);
        assert_eq!(hosts.plain(), json!({"hosts": ["a.example.com", "eu"]}));
    }
}
