//! What an entity is called: kind, model and id. Values are the user's own type and have no room here.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// The kind of an entity: `machine`, `application`, `unit`, ... Any text; up to 23 bytes cost no allocation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kind(SmolStr);

impl Kind {
    /// A kind of this name.
    pub fn new(name: impl AsRef<str>) -> Self {
        Self(SmolStr::new(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Kind {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A model's uuid. Text form is the usual hyphenated one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelId(u128);

/// A text that is no uuid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseModelIdError {
    text: String,
}

impl ModelId {
    /// The model whose uuid has this value.
    pub const fn from_u128(value: u128) -> Self {
        Self(value)
    }

    /// The uuid as a number.
    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

impl FromStr for ModelId {
    type Err = ParseModelIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        uuid::Uuid::try_parse(text)
            .map(|uuid| Self(uuid.as_u128()))
            .map_err(|_| ParseModelIdError { text: text.to_owned() })
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&uuid::Uuid::from_u128(self.0).hyphenated(), f)
    }
}

impl fmt::Debug for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ModelId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ModelId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = SmolStr::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for ParseModelIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected a model's uuid such as 4f3c0f7c-7a2b-4a50-8d7c-0b3a5f1f6a11, got {:?}", self.text)
    }
}

impl core::error::Error for ParseModelIdError {}

/// Names one entity for ever: the three parts never change while it lives, nor when it is re-created.
///
/// The order (kind, then model, then id) breaks ties inside a batch.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntityId {
    /// What it is.
    pub kind: Kind,
    /// Where it lives.
    pub model: ModelId,
    id: SmolStr,
}

impl EntityId {
    /// The entity of this kind, model and id. Ids of up to 23 bytes cost no allocation.
    pub fn new(kind: impl Into<Kind>, model: ModelId, id: impl AsRef<str>) -> Self {
        Self { kind: kind.into(), model, id: SmolStr::new(id) }
    }

    /// Its name among those of its kind and model.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind, self.model, self.id)
    }
}

impl fmt::Debug for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_id_survives_its_text_form() {
        let model = ModelId::from_u128(0x4f3c_0f7c_7a2b_4a50_8d7c_0b3a_5f1f_6a11);
        assert_eq!(model.to_string().parse(), Ok(model));
        assert_eq!(format!("{model:?}"), model.to_string(), "whoever debugs reads the same");
        assert_eq!(format!("{:?}", Kind::from("unit")), "unit");
    }

    #[test]
    fn a_bad_model_id_says_what_was_expected() {
        let error = "nonsense".parse::<ModelId>().unwrap_err();
        assert!(error.to_string().starts_with("expected a model's uuid"), "{error}");
    }

    #[test]
    fn an_entity_id_stays_within_one_cache_line() {
        assert!(size_of::<EntityId>() <= 64, "{}", size_of::<EntityId>());
    }
}
