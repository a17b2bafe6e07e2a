//! That nothing is lost: whatever is stored is read and written again as the same.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::super::{Entity, EntityKind, canonical};
use super::{full, id, json};
use crate::backing::Json;

#[test]
fn the_full_values_say_something_in_every_field_and_none_of_it_is_lost() {
    for kind in EntityKind::ALL {
        let stored = json(full::of(kind).1);
        let written = canonical(&id(kind), &stored).unwrap();
        assert_eq!(written, stored, "{kind}: written as it was stored, but for order and spaces");
        let bare = canonical(&id(kind), &json("{}")).unwrap();
        let names = |json: &Json| json.parse::<BTreeMap<String, Value>>().unwrap().into_keys().collect::<Vec<_>>();
        assert!(
            names(&bare).iter().all(|name| names(&stored).contains(name)),
            "{kind}: a field is missing in the full value"
        );
    }
}

#[test]
fn an_entity_knows_its_id() {
    for kind in EntityKind::ALL {
        let entity = Entity::read(&id(kind), &json(full::of(kind).1)).unwrap();
        assert_eq!((entity.id(), entity.kind()), (id(kind), kind));
        assert_eq!(EntityKind::from_name(kind.name()), Some(kind));
        let written: BTreeMap<String, Json> = canonical(&id(kind), &json("{}")).unwrap().parse().unwrap();
        assert_eq!(written[kind.key_field()].parse::<String>().unwrap(), id(kind).id(), "{kind}");
    }
}

#[test]
fn numbers_that_no_float_holds_are_kept_digit_by_digit() {
    let stored = r#"{"x": 123456789012345678901234567890.10, "config": {"y": 1e400, "z": 1.0}}"#;
    let written = canonical(&id(EntityKind::Application), &json(stored)).unwrap();
    for number in ["123456789012345678901234567890.10", "1e400", "1.0"] {
        assert!(written.as_str().contains(number), "{number} in {written}");
    }
}

#[test]
fn a_member_written_twice_counts_as_it_was_written_last() {
    let stored = json(r#"{"owner-tag": "user-a", "x": 1, "owner-tag": "user-b", "x": 2}"#);
    let written = canonical(&id(EntityKind::Application), &stored).unwrap();
    assert!(written.as_str().contains(r#""owner-tag":"user-b""#) && written.as_str().contains(r#""x":2"#), "{written}");
}

/// What is done to a member of a full value.
#[derive(Debug, Clone)]
enum Edit {
    Leave,
    Null,
    Remove,
    Beside(String, Value),
}

fn edits() -> impl Strategy<Value = Edit> {
    let values = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::collection::vec(any::<i64>(), 0..3).prop_map(Value::from),
        prop::collection::btree_map(".{0,4}", any::<bool>(), 0..3)
            .prop_map(|map| Value::Object(map.into_iter().map(|(name, value)| (name, Value::from(value))).collect())),
    ];
    let beside = ("q.{0,8}", values).prop_map(|(name, value)| Edit::Beside(name, value));
    prop_oneof![4 => Just(Edit::Leave), 1 => Just(Edit::Null), 1 => Just(Edit::Remove), 2 => beside]
}

/// Edits the members of an object, and of the objects in it.
fn edit(value: &mut Value, edits: &mut impl Iterator<Item = Edit>) {
    match value {
        Value::Object(members) => {
            for (name, mut value) in core::mem::take(members) {
                // A map of strings takes no other member.
                if ["annotations", "profile", "assigned-units", "charm-config"].contains(&name.as_str()) {
                    members.insert(name, value);
                    continue;
                }
                match edits.next() {
                    Some(Edit::Leave) | None => edit(&mut value, edits),
                    Some(Edit::Null) => value = Value::Null,
                    Some(Edit::Remove) => continue,
                    Some(Edit::Beside(name, other)) => {
                        members.insert(name, other);
                    }
                }
                members.insert(name, value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| edit(item, edits)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether all that `stored` says stands in `written`; what is `null`, empty or zero may be gone.
fn is_kept(stored: &Value, written: Option<&Value>) -> bool {
    match (stored, written) {
        (Value::Object(stored), Some(Value::Object(written))) => {
            stored.iter().all(|(name, value)| is_kept(value, written.get(name)))
        }
        (Value::Array(stored), Some(Value::Array(written))) => {
            stored.len() == written.len() && stored.iter().zip(written).all(|(one, other)| is_kept(one, Some(other)))
        }
        (Value::Null, _) => true,
        (stored, Some(written)) => stored == written,
        (stored, None) => *stored == Value::Object(Map::new()) || *stored == Value::Array(Vec::new()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_and_written_is_the_same(
        kind in prop::sample::select(EntityKind::ALL.to_vec()),
        edits in prop::collection::vec(edits(), 80),
    ) {
        let mut value: Value = serde_json::from_str(full::of(kind).1).unwrap();
        edit(&mut value, &mut edits.into_iter());
        let stored = Json::of(&value).unwrap();
        let id = id(kind);
        let written = canonical(&id, &stored).unwrap();
        prop_assert!(is_kept(&value, Some(&written.parse().unwrap())), "{stored}\nbecame\n{written}");
        let again = canonical(&id, &written).unwrap();
        prop_assert_eq!(again.as_str(), written.as_str(), "canonical is canonical");
        prop_assert_eq!(Entity::read(&id, &written).unwrap(), Entity::read(&id, &stored).unwrap());
    }
}
