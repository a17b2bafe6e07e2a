//! How an object is read from JSON and written again: field by field, with the place of what is wrong, and with every member that
//! nobody knows kept as it was written.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Members;
use crate::backing::Json;
use crate::machine::ModelId;

/// What is wrong with a JSON text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// `agent-status.since`, `ports[0].number`; empty for the whole.
    pub(super) field: String,
    pub(super) problem: String,
}

impl Problem {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self { field: String::new(), problem: problem.into() }
    }

    /// Something else was expected than this text. Strings are not repeated: they may be secret.
    pub(super) fn expected(expected: &str, text: &str) -> Self {
        let got = match text.as_bytes().first() {
            Some(b'"') => "a string",
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ if text.len() <= 40 => text,
            _ => "a number of many digits",
        };
        Self::new(format!("expected {expected}, got {got}"))
    }

    /// The same, seen from the object around it.
    pub(super) fn within(self, name: &str) -> Self {
        let Self { field, problem } = self;
        let dot = if field.is_empty() || field.starts_with('[') { "" } else { "." };
        Self { field: format!("{name}{dot}{field}"), problem }
    }

    fn at(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }
}

/// What a member of an object can be.
pub(crate) trait Field: Sized {
    /// What it is when nothing is said: Go's zero value.
    fn zero() -> Self;
    /// Whether `omitempty` leaves it out.
    fn is_empty(&self) -> bool;
    /// Reads a JSON text that is not `null`.
    fn read(text: &str) -> Result<Self, Problem>;

    /// Reads anything: `null` says nothing.
    fn read_any(text: &str) -> Result<Self, Problem> {
        if text == "null" { Ok(Self::zero()) } else { Self::read(text) }
    }
}

macro_rules! plain {
    ($($type:ty, $zero:expr, $expected:literal;)*) => {$(
        impl Field for $type {
            fn zero() -> Self {
                $zero
            }

            fn is_empty(&self) -> bool {
                *self == $zero
            }

            fn read(text: &str) -> Result<Self, Problem> {
                serde_json::from_str(text).map_err(|_| Problem::expected($expected, text))
            }
        }
    )*};
}

plain! {
    bool, false, "true or false";
    i64, 0, "an integer of 64 bits";
    u64, 0, "an integer of 64 bits that is not negative";
}

impl Field for String {
    fn zero() -> Self {
        Self::new()
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn read(text: &str) -> Result<Self, Problem> {
        // Most texts have no escapes: what stands between the quotes of a JSON text is then what it says.
        match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(plain) if !plain.as_bytes().contains(&b'\\') => Ok(plain.to_owned()),
            _ => serde_json::from_str(text).map_err(|_| Problem::expected("a string", text)),
        }
    }
}

impl Field for ModelId {
    fn zero() -> Self {
        Self::from_u128(0)
    }

    fn is_empty(&self) -> bool {
        *self == Self::zero()
    }

    fn read(text: &str) -> Result<Self, Problem> {
        let uuid = String::read(text)?;
        if uuid.is_empty() {
            return Ok(Self::zero());
        }
        uuid.parse().map_err(|error: crate::machine::ParseModelIdError| Problem::new(error.to_string()))
    }
}

impl Field for Json {
    fn zero() -> Self {
        Self::of(&()).expect("null is JSON")
    }

    fn is_empty(&self) -> bool {
        self.as_str() == "null"
    }

    fn read(text: &str) -> Result<Self, Problem> {
        text.parse().map_err(|_| Problem::expected("JSON", text))
    }
}

/// `null`, or not there, where the other one is something.
impl<T: Field> Field for Option<T> {
    fn zero() -> Self {
        None
    }

    fn is_empty(&self) -> bool {
        self.is_none()
    }

    fn read(text: &str) -> Result<Self, Problem> {
        T::read(text).map(Some)
    }
}

impl<T: Field> Field for Vec<T> {
    fn zero() -> Self {
        Self::new()
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn read(text: &str) -> Result<Self, Problem> {
        let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| Problem::expected("an array", text))?;
        let read = |(index, item): (usize, &&RawValue)| T::read_any(item.get()).map_err(|problem| problem.at(index));
        items.iter().enumerate().map(read).collect()
    }
}

impl<T: Field> Field for BTreeMap<String, T> {
    fn zero() -> Self {
        Self::new()
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn read(text: &str) -> Result<Self, Problem> {
        let read = |(name, value): (Cow<'_, str>, &RawValue)| {
            let value = T::read_any(value.get()).map_err(|problem| problem.within(&name))?;
            Ok((name.into_owned(), value))
        };
        Pairs::read(text)?.into_iter().map(read).collect()
    }
}

/// The members of an object in the order in which they are written, none of them read.
pub(super) struct Pairs<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Pairs<'a> {
    pub(super) fn read(text: &'a str) -> Result<Vec<(Cow<'a, str>, &'a RawValue)>, Problem> {
        let pairs: Self = serde_json::from_str(text).map_err(|_| Problem::expected("an object", text))?;
        Ok(pairs.0)
    }
}

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// A name, borrowed if it is written without escapes.
        #[derive(serde::Deserialize)]
        #[serde(transparent)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::with_capacity(16);
                while let Some((Name(name), value)) = map.next_entry()? {
                    pairs.push((name, value));
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// Keeps a member that nobody knows.
pub(super) fn keep(other: &mut Members, name: Cow<'_, str>, text: &str) -> Result<(), Problem> {
    let value = Json::read(text).map_err(|problem| problem.within(&name))?;
    other.insert(name.into_owned(), value);
    Ok(())
}

/// Whether a field is written: `always`, or if it says something.
macro_rules! is_written {
    (always, $value:expr) => {
        true
    };
    (omitempty, $value:expr) => {
        !$crate::cache::entities::object::Field::is_empty(&$value)
    };
}

/// What a field is when nothing is said: its own zero value, or this.
macro_rules! zero {
    () => {
        $crate::cache::entities::object::Field::zero()
    };
    ($zero:expr) => {
        $zero
    };
}

/// A struct that is read from an object and written as one. Each field says under which name, and whether it is written `always` or
/// left out when it is empty (`omitempty`).
macro_rules! object {
    ($(#[$doc:meta])* pub struct $name:ident {
        $($(#[$field_doc:meta])* $json:literal $mode:ident $field:ident: $type:ty $(= $zero:expr)?,)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            /// Members that are none of the above, as they were written. They are written after them, by name; one that has
            /// the name of a field is not written.
            pub other: $crate::cache::entities::Members,
        }

        impl $name {
            const NAMES: &[&str] = &[$($json),*];
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: zero!($($zero)?),)* other: $crate::cache::entities::Members::new() }
            }
        }

        impl $crate::cache::entities::object::Field for $name {
            fn zero() -> Self {
                Self::default()
            }

            fn is_empty(&self) -> bool {
                *self == Self::default()
            }

            fn read(text: &str) -> Result<Self, $crate::cache::entities::object::Problem> {
                let mut this = Self::default();
                for (name, value) in $crate::cache::entities::object::Pairs::read(text)? {
                    match &*name {
                        $($json => {
                            if value.get() != "null" {
                                this.$field = $crate::cache::entities::object::Field::read(value.get())
                                    .map_err(|problem| problem.within($json))?;
                            }
                        })*
                        _ => $crate::cache::entities::object::keep(&mut this.other, name, value.get())?,
                    }
                }
                Ok(this)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(None)?;
                $(if is_written!($mode, self.$field) {
                    map.serialize_entry($json, &self.$field)?;
                })*
                for (name, value) in &self.other {
                    if !Self::NAMES.contains(&name.as_str()) {
                        map.serialize_entry(name, value)?;
                    }
                }
                map.end()
            }
        }

        /// From JSON text alone: opaque members are kept as their text.
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let json = <$crate::backing::Json as serde::Deserialize>::deserialize(deserializer)?;
                $crate::cache::entities::object::Field::read_any(json.as_str()).map_err(serde::de::Error::custom)
            }
        }
    };
}

impl core::fmt::Display for Problem {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if !self.field.is_empty() {
            write!(f, "field \"{}\": ", self.field)?;
        }
        f.write_str(&self.problem)
    }
}

pub(super) use {is_written, object, zero};
