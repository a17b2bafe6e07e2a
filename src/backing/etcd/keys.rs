//! What keys are called: those of entities, and the one that says which database it is.

use crate::machine::{EntityId, ModelId};

/// The keys under one prefix.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    prefix: String,
}

/// Why a key in the room of entities names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyError(&'static str);

impl Keys {
    /// A slash at the end of the prefix says nothing.
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.trim_end_matches('/').to_owned() }
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The key of the witness.
    pub(super) fn identity(&self) -> String {
        format!("{}/identity", self.prefix)
    }

    /// Where the keys of entities begin, and the first key behind them.
    pub(super) fn range(&self) -> (Vec<u8>, Vec<u8>) {
        // The letter after the slash.
        (self.room().into_bytes(), format!("{}/entity0", self.prefix).into_bytes())
    }

    /// The key of an entity.
    pub(super) fn of(&self, id: &EntityId) -> Vec<u8> {
        format!("{}{}/{}/{}", self.room(), escape(id.kind.as_str()), id.model, id.id()).into_bytes()
    }

    /// The entity of a key. One entity has one key: another spelling of it names none.
    pub(super) fn parse(&self, key: &[u8]) -> Result<EntityId, KeyError> {
        let key = core::str::from_utf8(key).map_err(|_| KeyError("it is no UTF-8"))?;
        let rest = key.strip_prefix(&self.room()).ok_or(KeyError("it is not under the prefix"))?;
        let mut parts = rest.splitn(3, '/');
        let (Some(kind), Some(model), Some(id)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError("expected kind/model/id"));
        };
        let kind = unescape(kind).ok_or(KeyError("in a kind, % is followed by 25 or 2F"))?;
        let uuid: ModelId = model.parse().map_err(|_| KeyError("the model is no uuid"))?;
        if uuid.to_string() != model {
            return Err(KeyError("the model is a uuid in small letters, with hyphens"));
        }
        Ok(EntityId::new(kind.as_str(), uuid, id))
    }

    fn room(&self) -> String {
        format!("{}/entity/", self.prefix)
    }
}

impl core::fmt::Display for KeyError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.0)
    }
}

fn escape(kind: &str) -> String {
    kind.replace('%', "%25").replace('/', "%2F")
}

fn unescape(text: &str) -> Option<String> {
    let mut pieces = text.split('%');
    let mut kind = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (letter, rest) = piece
            .strip_prefix("25")
            .map(|rest| ('%', rest))
            .or_else(|| piece.strip_prefix("2F").map(|rest| ('/', rest)))?;
        kind.push(letter);
        kind.push_str(rest);
    }
    Some(kind)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_reads_as_it_is_written() {
        let id = EntityId::new("unit", ModelId::from_u128(1), "mysql/0");
        let key = "/juju/entity/unit/00000000-0000-0000-0000-000000000001/mysql/0";
        assert_eq!(String::from_utf8(Keys::new("/juju/").of(&id)).unwrap(), key);
    }

    #[test]
    fn what_names_no_entity_says_why() {
        let keys = Keys::new("/p");
        let of = |rest: &str| keys.parse(format!("/p/entity/{rest}").as_bytes()).map_err(|KeyError(why)| why);
        let uuid = "0000000a-0000-0000-0000-000000000001";
        assert!(of(&format!("unit/{uuid}/")).is_ok(), "an empty id is an id");
        assert_eq!(of("unit"), Err("expected kind/model/id"));
        assert_eq!(of("unit/x/y"), Err("the model is no uuid"));
        let capitals = of(&format!("unit/{}/y", uuid.to_uppercase()));
        assert_eq!(capitals, Err("the model is a uuid in small letters, with hyphens"));
        for kind in ["%", "%2f", "%41", "a%2"] {
            assert_eq!(of(&format!("{kind}/{uuid}/y")), Err("in a kind, % is followed by 25 or 2F"));
        }
        assert_eq!(keys.parse(b"/p/entity/\xff"), Err(KeyError("it is no UTF-8")));
        assert_eq!(keys.parse(b"/q/entity/a"), Err(KeyError("it is not under the prefix")));
    }

    proptest! {
        #[test]
        fn every_id_has_a_key_of_its_own_within_the_range(kind in ".*", model: u128, id in ".*", prefix in "[a-z/%]{0,5}") {
            let keys = Keys::new(&prefix);
            let entity = EntityId::new(kind.as_str(), ModelId::from_u128(model), id);
            let key = keys.of(&entity);
            let (begin, end) = keys.range();
            prop_assert!(begin <= key && key < end);
            prop_assert_eq!(keys.parse(&key).unwrap(), entity);
        }
    }
}
