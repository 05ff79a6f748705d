//! Values as JSON.

use std::fmt;

use bytes::Bytes;
use serde_core::Serialize;
use serde_core::de::DeserializeOwned;

use super::typed::Stored;

/// A value of any type that `serde` knows, stored as JSON: in a [`TypedValue`](crate::TypedValue), a
/// [`TypedCache`](crate::TypedCache), or a [`Queue`](crate::Queue).
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use std::collections::BTreeMap;
/// # use zk_recipes::{ChildrenCache, Client, Entry, Json, Queue, TypedCache, TypedValue};
/// # let zk = Client::dev().await?;
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Limit { rate: u32 }
///
/// let limit = TypedValue::new(&zk, "/limits/api", &Json(Limit { rate: 10 }))?;
/// assert_eq!(limit.get().await?.value.0.rate, 10);
///
/// let (cache, driver) = ChildrenCache::new(&zk, "/limits")?.keep();
/// tokio::spawn(driver);
/// let limits = TypedCache::<Json<Limit>>::new(cache.loaded().await?);
/// assert_eq!(limits.get("/limits/api")?.unwrap().value.0.rate, 10);
///
/// let queue = Queue::new(&zk, "/queues/limits")?;
/// queue.put(Entry::of(&Json(Limit { rate: 20 }))).await?;
/// let Json(Limit { rate }) = queue.take().await?.value()?;
/// assert_eq!(rate, 20);
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::exhaustive_structs,
    reason = "it is what it wraps, and is taken apart by its pattern"
)]
pub struct Json<T>(pub T);

/// Why something is no JSON of a type, or a value cannot be JSON. Says where and of what kind, and nothing that stands in the
/// node: that may be a secret, and errors are logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    text: String,
}

impl<T: Serialize + DeserializeOwned> Stored for Json<T> {
    type Error = JsonError;

    fn to_data(&self) -> Result<Bytes, JsonError> {
        let written = serde_json::to_vec(&self.0);
        written
            .map(Bytes::from)
            .map_err(|error| JsonError::new(&error))
    }

    fn from_data(data: &[u8]) -> Result<Self, JsonError> {
        let read = serde_json::from_slice(data);
        read.map(Self).map_err(|error| JsonError::new(&error))
    }
}

impl JsonError {
    fn new(error: &serde_json::Error) -> Self {
        let text = without_data(&error.to_string());
        Self { text }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for JsonError {}

/// A message of serde's without the value that it quotes, which stands between its kind and what was expected instead. What a
/// type says in words of its own stays.
fn without_data(text: &str) -> String {
    const QUOTING: [&str; 4] = [
        "invalid type: ",
        "invalid value: ",
        "unknown variant ",
        "unknown field ",
    ];
    let Some(start) = QUOTING.iter().find(|start| text.starts_with(**start)) else {
        return text.to_owned();
    };
    // The last of them, since what is quoted may hold the same words.
    let end = [", expected ", ", there are no "]
        .iter()
        .filter_map(|end| text.rfind(end))
        .max();
    let quoted = end.unwrap_or(text.len());
    let (before, after) = text.split_at(quoted);
    let kind = before.split(['"', '`']).next().unwrap_or(start);
    format!("{}{after}", kind.trim_end())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Limit {
        rate: u8,
        #[serde(default)]
        of: Of,
    }

    #[derive(Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
    enum Of {
        #[default]
        All,
        One(String),
    }

    fn refused(data: &str) -> String {
        let read = Json::<Limit>::from_data(data.as_bytes());
        read.unwrap_err().to_string()
    }

    #[test]
    fn a_value_is_read_as_it_was_written() {
        let limit = Json(Limit {
            rate: 7,
            of: Of::One("a \"b\"".to_owned()),
        });
        let data = limit.to_data().unwrap();
        assert_eq!(data, r#"{"rate":7,"of":{"One":"a \"b\""}}"#);
        assert_eq!(Json::from_data(&data), Ok(limit));
    }

    #[test]
    fn an_error_says_what_and_where() {
        for (data, said) in [
            ("", "EOF while parsing a value at line 1 column 0"),
            ("{", "EOF while parsing an object at line 1 column 1"),
            ("{}", "missing field `rate` at line 1 column 2"),
            (
                "7",
                "invalid type: integer, expected struct Limit at line 1 column 1",
            ),
            (r#"{"rate":1} x"#, "trailing characters at line 1 column 12"),
            (
                r#"{"rate":null}"#,
                "invalid type: null, expected u8 at line 1 column 12",
            ),
        ] {
            assert_eq!(refused(data), said, "{data}");
        }
    }

    #[test]
    fn an_error_quotes_nothing_that_is_stored() {
        for data in [
            r#"{"rate":"hunter2"}"#,
            r#"{"rate":"hunter2, expected hunter2"}"#,
            r#"{"rate":"hunter2`, there are no \"hunter2"}"#,
            r#"{"rate":1,"hunter2":2}"#,
            r#"{"rate":1,"of":"hunter2"}"#,
            r#"{"rate":1,"of":{"hunter2":2}}"#,
            r#""hunter2""#,
        ] {
            let text = refused(data);
            assert!(!text.contains("hunter2"), "{text}");
            assert!(text.contains(" at line 1 column "), "{text}");
        }
        assert!(!refused(r#"{"rate":4711}"#).contains("4711"));
    }

    #[test]
    fn what_json_cannot_hold_is_not_written() {
        let by_pair = BTreeMap::from([((1, 2), 3)]);
        let written = Json(by_pair).to_data();
        assert_eq!(written.unwrap_err().to_string(), "key must be a string");
    }
}
