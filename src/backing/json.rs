//! JSON as it is stored: the text, in one piece, compared by what it says.

use core::error::Error;
use core::fmt;
use core::str::FromStr;
use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use xxhash_rust::xxh3::Xxh3;

/// A JSON value, kept as its text: a thousand bytes of JSON take a thousand bytes.
///
/// Two are equal if they say the same: spaces, the order of members and the spelling of strings do not matter. Numbers are compared as
/// they are written, so that none is rounded: `1` and `1.0` differ.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

/// Why a value is not written as JSON, or a text not read: what was expected, and where.
#[derive(Debug)]
pub struct JsonError(serde_json::Error);

/// A value nested deeper than this is equal to another one only if the texts are.
const DEPTH: usize = 128;

impl Json {
    /// The JSON of a value.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, JsonError> {
        serde_json::value::to_raw_value(value).map(Self).map_err(JsonError)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// A hash of what it says: equal values have equal digests, however they are spelt. The same on every machine and in every release,
    /// so that it can be stored. Whoever may choose values can make two of one digest.
    pub fn digest(&self) -> u128 {
        let mut hash = Xxh3::new();
        digest(&self.0, DEPTH, &mut hash);
        hash.digest128()
    }

    /// What it says, as a type that can be read from it: `serde_json::Value`, or your own.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
        serde_json::from_str(self.as_str()).map_err(JsonError)
    }
}

impl FromStr for Json {
    type Err = JsonError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text).map_err(JsonError)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        says_the_same(&self.0, &other.0, DEPTH)
    }
}

impl Eq for Json {}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for JsonError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// The kinds of JSON that texts can spell differently.
enum Parts<'a> {
    Text(Cow<'a, str>),
    List(Vec<&'a RawValue>),
    Members(BTreeMap<Cow<'a, str>, &'a RawValue>),
    /// A number, `true`, `false` or `null`.
    Plain,
}

impl<'a> Parts<'a> {
    fn of(json: &'a RawValue) -> Result<Self, serde_json::Error> {
        let text = json.get();
        match text.as_bytes().first() {
            Some(b'"') => serde_json::from_str(text).map(Self::Text),
            Some(b'[') => serde_json::from_str(text).map(Self::List),
            Some(b'{') => serde_json::from_str(text).map(Self::Members),
            _ => Ok(Self::Plain),
        }
    }
}

fn says_the_same(one: &RawValue, other: &RawValue, depth: usize) -> bool {
    if one.get() == other.get() {
        return true;
    }
    let Some(depth) = depth.checked_sub(1) else { return false };
    match (Parts::of(one), Parts::of(other)) {
        (Ok(Parts::Text(one)), Ok(Parts::Text(other))) => one == other,
        (Ok(Parts::List(one)), Ok(Parts::List(other))) => {
            one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| says_the_same(one, other, depth))
        }
        (Ok(Parts::Members(one)), Ok(Parts::Members(other))) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(&other)
                    .all(|((name, one), (other_name, other))| name == other_name && says_the_same(one, other, depth))
        }
        _ => false,
    }
}

/// Takes what `says_the_same` compares. Each part begins with what it is and how long it is, so that no two run into each other.
fn digest(json: &RawValue, depth: usize, hash: &mut Xxh3) {
    let begin = |hash: &mut Xxh3, what: u8, length: usize| {
        hash.update(&[what]);
        hash.update(&u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
    };
    let text = |hash: &mut Xxh3, what: u8, text: &str| {
        begin(hash, what, text.len());
        hash.update(text.as_bytes());
    };
    let parts = depth.checked_sub(1).map(|depth| (Parts::of(json), depth));
    match parts {
        Some((Ok(Parts::Text(said)), _)) => text(hash, b'"', &said),
        Some((Ok(Parts::List(items)), depth)) => {
            begin(hash, b'[', items.len());
            items.into_iter().for_each(|item| digest(item, depth, hash));
        }
        Some((Ok(Parts::Members(members)), depth)) => {
            begin(hash, b'{', members.len());
            for (name, value) in members {
                text(hash, b'"', &name);
                digest(value, depth, hash);
            }
        }
        Some((Ok(Parts::Plain) | Err(_), _)) | None => text(hash, b'=', json.get()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        text.parse().unwrap()
    }

    #[test]
    fn what_says_the_same_is_equal_however_it_is_spelt() {
        for (one, other) in [
            (r#"{"a": 1, "b": [true, null]}"#, r#"{"b":[true,null],"a":1}"#),
            (r#""\u0061""#, r#""a""#),
            (r#"{"\u0061":{"x" : [ ]}}"#, r#" {"a":{"x":[]}} "#),
        ] {
            assert_eq!(json(one), json(other));
            assert_eq!(json(one).digest(), json(other).digest(), "{one} {other}");
        }
    }

    #[test]
    fn what_says_something_else_is_not() {
        for (one, other) in [
            ("1", "2"),
            ("1", "1.0"),
            ("18446744073709551616", "18446744073709551617"),
            ("null", "false"),
            ("[1]", "[1,1]"),
            ("[1,2]", "[2,1]"),
            (r#"{"a":1}"#, r#"{"a":1,"b":1}"#),
            (r#"{"a":1}"#, r#"{"b":1}"#),
            (r#"{"a":1}"#, r#"{"a":"1"}"#),
            ("[]", "{}"),
        ] {
            assert_ne!(json(one), json(other));
            assert_ne!(json(one).digest(), json(other).digest(), "{one} {other}");
        }
    }

    #[test]
    fn parts_of_a_digest_do_not_run_into_each_other() {
        for (one, other) in [
            (r#"["a","b"]"#, r#"["ab",""]"#),
            ("[[1],2]", "[[1,2]]"),
            (r#"["1"]"#, "[1]"),
            (r#"{"a":{"b":1}}"#, r#"{"a":{},"b":1}"#),
            (r#"{"a":[]}"#, r#"{"a":{}}"#),
        ] {
            assert_ne!(json(one).digest(), json(other).digest(), "{one} {other}");
        }
    }

    #[test]
    fn a_digest_is_the_same_in_every_release() {
        let value = json(r#"{"status":"active","ports":[80,443],"leader":true}"#);
        insta::assert_snapshot!(format!("{:032x}", value.digest()), @"83aa757316067f47a4c51898fbc379b2");
    }

    #[test]
    fn nesting_without_end_is_compared_without_end_of_the_stack() {
        let deep = |inside: &str| json(&format!("{}{inside}{}", "[".repeat(100_000), "]".repeat(100_000)));
        assert_eq!(deep("1"), deep("1"));
        assert_ne!(deep("1"), deep("2"));
        assert_eq!(deep("1").digest(), deep("1").digest());
        assert_ne!(deep("1").digest(), deep("2").digest());
    }

    #[test]
    fn it_reads_and_writes_as_the_value_that_it_is() {
        let value = serde_json::json!({ "status": "active", "units": [1, 2] });
        let json = Json::of(&value).unwrap();
        assert_eq!(json.parse::<serde_json::Value>().unwrap(), value);
        assert_eq!(serde_json::to_string(&[&json]).unwrap(), format!("[{json}]"));
        let error = "{".parse::<Json>().unwrap_err();
        assert_eq!(error.to_string(), "EOF while parsing an object at line 1 column 1");
    }
}
