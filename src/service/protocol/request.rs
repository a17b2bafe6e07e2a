//! A request, decoded from the text of one message.

use core::fmt;
use std::borrow::Cow;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::reply::{ErrorCode, RpcError};

/// JSON nested deeper than this is refused before anything is read from it.
const DEPTH: u32 = 32;

/// One request. What was absent or `null` is empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Chosen by the client, at least 1; the reply carries it.
    pub request_id: u64,
    /// The facade's name.
    pub facade: String,
    /// The facade's version.
    pub version: i64,
    /// The object; watchers alone have one.
    pub id: String,
    /// The method's name.
    pub method: String,
    /// The text of the parameters, if there are any.
    pub params: Option<String>,
}

/// Without the parameters: a login's hold the password.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { request_id, facade, version, id, method, params } = self;
        let mut shown = f.debug_struct("Request");
        shown.field("request_id", request_id).field("facade", facade).field("version", version);
        shown.field("id", id).field("method", method);
        shown.field("params", &params.as_ref().map(|params| format!("{} bytes", params.len())));
        shown.finish()
    }
}

/// Why a message is no request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// It cannot be answered, for it does not say by which number. Close the connection.
    Unanswerable {
        /// What was expected.
        expected: String,
    },
    /// It can be answered.
    Bad {
        /// The number for the answer.
        request_id: u64,
        /// The answer.
        error: RpcError,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unanswerable { expected } => write!(f, "expected {expected}"),
            Self::Bad { request_id, error } => write!(f, "request {request_id}: {error}"),
        }
    }
}

impl core::error::Error for DecodeError {}

impl Request {
    /// Decodes a message.
    ///
    /// Keys are matched whatever their case, for clients say both `id` and `Id`; unknown keys are skipped; `null` is as good as
    /// absent; a key that is said twice is an error, for nobody could know which was meant.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        if depth(text) > DEPTH {
            return Err(unanswerable(format!("JSON nested no deeper than {DEPTH}")));
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let fields = json
            .deserialize_map(FieldsVisitor)
            .and_then(|fields| json.end().map(|()| fields))
            .map_err(|error| unanswerable(format!("a request, which is one JSON object: {error}")))?;
        fields.check()
    }
}

fn unanswerable(expected: String) -> DecodeError {
    DecodeError::Unanswerable { expected }
}

/// How deep brackets are nested, those in texts aside. What it says of a text that is no JSON does not matter.
fn depth(text: &str) -> u32 {
    let (mut now, mut deepest, mut in_text, mut escaped) = (0u32, 0, false, false);
    for letter in text.bytes() {
        match letter {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                now += 1;
                deepest = deepest.max(now);
            }
            b']' | b'}' if !in_text => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The keys that mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    RequestId,
    Type,
    Version,
    Id,
    Request,
    Params,
}

impl Key {
    const ALL: [Self; 6] = [Self::RequestId, Self::Type, Self::Version, Self::Id, Self::Request, Self::Params];

    fn name(self) -> &'static str {
        match self {
            Self::RequestId => "request-id",
            Self::Type => "type",
            Self::Version => "version",
            Self::Id => "id",
            Self::Request => "request",
            Self::Params => "params",
        }
    }
}

/// The values as they stand, by key.
#[derive(Default)]
struct Fields<'a> {
    values: [Option<&'a RawValue>; 6],
    doubled: Option<Key>,
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Fields::default();
        while let Some(found) = map.next_key_seed(KeySeed)? {
            let Some(key) = found else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let place = &mut fields.values[key as usize];
            if place.replace(map.next_value()?).is_some() {
                fields.doubled = fields.doubled.or(Some(key));
            }
        }
        Ok(fields)
    }
}

/// Reads a key without keeping it.
struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Option<Key>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Key>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Option<Key>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Option<Key>, E> {
        Ok(Key::ALL.into_iter().find(|key| key.name().eq_ignore_ascii_case(text)))
    }
}

impl Fields<'_> {
    fn check(&self) -> Result<Request, DecodeError> {
        let request_id = self.request_id()?;
        let bad = |error: String| DecodeError::Bad { request_id, error: RpcError::new(error, ErrorCode::BadRequest) };
        if let Some(key) = self.doubled {
            return Err(bad(format!("expected {:?} once, got it twice", key.name())));
        }
        Ok(Request {
            request_id,
            facade: self.text(Key::Type).map_err(bad)?,
            version: self.version().map_err(bad)?,
            id: self.text(Key::Id).map_err(bad)?,
            method: self.text(Key::Request).map_err(bad)?,
            params: self.params().map_err(bad)?,
        })
    }

    /// The value of a key, unless it is `null`.
    fn get(&self, key: Key) -> Option<&str> {
        self.values[key as usize].map(RawValue::get).filter(|text| *text != "null")
    }

    fn request_id(&self) -> Result<u64, DecodeError> {
        let id = self.get(Key::RequestId).and_then(|text| serde_json::from_str(text).ok()).filter(|id| *id > 0);
        // Said twice it is not known which of them the client waits for.
        match id {
            Some(id) if self.doubled != Some(Key::RequestId) => Ok(id),
            Some(_) | None => Err(unanswerable("one \"request-id\", a whole number of at least 1".to_owned())),
        }
    }

    fn text(&self, key: Key) -> Result<String, String> {
        let Some(text) = self.get(key) else { return Ok(String::new()) };
        let read: Result<Cow<'_, str>, _> = serde_json::from_str(text);
        read.map(Cow::into_owned).map_err(|_| format!("expected {:?} to be a text", key.name()))
    }

    fn version(&self) -> Result<i64, String> {
        let Some(text) = self.get(Key::Version) else { return Ok(0) };
        serde_json::from_str(text).map_err(|_| "expected \"version\" to be a whole number".to_owned())
    }

    fn params(&self) -> Result<Option<String>, String> {
        match self.get(Key::Params) {
            None => Ok(None),
            Some(text) if text.starts_with('{') => Ok(Some(text.to_owned())),
            Some(_) => Err("expected \"params\" to be an object".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_clients_send_is_understood() {
        let python =
            r#"{"type": "AllWatcher", "request": "Next", "version": 3, "params": {}, "Id": "1", "request-id": 5}"#;
        let node = r#"{"type":"AllWatcher","request":"Next","version":3,"id":"1","request-id":5}"#;
        let python = Request::decode(python).unwrap();
        assert_eq!(python.params.as_deref(), Some("{}"));
        assert_eq!(Request { params: None, ..python }, Request::decode(node).unwrap());
    }

    #[test]
    fn null_is_as_good_as_absent_and_unknown_keys_are_skipped() {
        let bare = Request::decode(r#"{"request-id":1}"#).unwrap();
        let nulls =
            r#"{"Request-ID":1,"type":null,"VERSION":null,"id":null,"request":null,"params":null,"x":[{"id":2}]}"#;
        assert_eq!(bare, Request::decode(nulls).unwrap());
        assert_eq!((bare.version, bare.facade.as_str()), (0, ""));
    }

    #[test]
    fn without_a_good_number_there_is_no_answer() {
        for number in ["0", "-1", "1.0", "1e2", "\"1\"", "18446744073709551616", "null", "[]", "1e999"] {
            let text = format!(r#"{{"request-id":{number},"type":"Pinger"}}"#);
            assert!(matches!(Request::decode(&text), Err(DecodeError::Unanswerable { .. })), "{number}");
        }
        for text in [
            "",
            "{",
            "[]",
            "1",
            "{}",
            "{}{}",
            "nonsense",
            r#"{"request-id":1} x"#,
            r#"{"request-id":1,"Request-Id":1}"#,
        ] {
            assert!(matches!(Request::decode(text), Err(DecodeError::Unanswerable { .. })), "{text}");
        }
        assert_eq!(Request::decode(&format!(r#"{{"request-id":{}}}"#, u64::MAX)).unwrap().request_id, u64::MAX);
    }

    #[test]
    fn with_one_it_says_what_was_expected() {
        for (field, expected) in [
            (r#""type":1"#, "request 7: expected \"type\" to be a text"),
            (r#""version":"3""#, "request 7: expected \"version\" to be a whole number"),
            (r#""version":1e99"#, "request 7: expected \"version\" to be a whole number"),
            (r#""params":[]"#, "request 7: expected \"params\" to be an object"),
            (r#""id":"1","Id":"2""#, "request 7: expected \"id\" once, got it twice"),
        ] {
            let error = Request::decode(&format!(r#"{{"request-id":7,{field}}}"#)).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn depth_is_counted_outside_of_texts_and_bounded() {
        let nested = |depth: usize| format!(r#"{{"request-id":1,"x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        assert!(Request::decode(&nested(31)).is_ok());
        let error = Request::decode(&nested(32)).unwrap_err();
        assert_eq!(error.to_string(), "expected JSON nested no deeper than 32");
        assert!(Request::decode(&nested(1_000_000)).is_err());
        let text = format!(r#"{{"request-id":1,"type":"\"{}"}}"#, "[".repeat(99));
        assert!(Request::decode(&text).is_ok(), "brackets in a text nest nothing");
    }
}
