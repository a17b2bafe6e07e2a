//! That what is wrong is said: which entity, which field, what was expected.

use serde_json::{Value, json};

use super::super::{Entity, EntityKind, canonical};
use super::{full, id};
use crate::backing::Json;
use crate::machine::EntityId;

/// Members whose insides are nobody's business.
const OPAQUE: &[&str] = &["data", "err", "parameters", "results", "old", "new"];

/// The paths to every typed value in an object, each with a copy of the whole in which something else stands there.
fn spoilt(whole: &Value, at: &mut Vec<String>, value: &Value, out: &mut Vec<(String, Value)>) {
    let other = match value {
        Value::Object(_) | Value::Bool(_) => json!("other"),
        Value::Array(_) => json!({}),
        Value::Number(_) => json!("7"),
        Value::String(_) => json!(7),
        Value::Null => return,
    };
    if !at.is_empty() {
        let mut copy = whole.clone();
        *copy.pointer_mut(&format!("/{}", at.join("/"))).unwrap() = other;
        let path = at.iter().fold(String::new(), |path, part| match part.parse::<usize>() {
            Ok(index) => format!("{path}[{index}]"),
            Err(_) if path.is_empty() => part.clone(),
            Err(_) => format!("{path}.{part}"),
        });
        out.push((path, copy));
    }
    let mut inside = |name: String, value| {
        at.push(name);
        spoilt(whole, at, value, out);
        at.pop();
    };
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if !name.starts_with("x-") && !OPAQUE.contains(&name.as_str()) {
                    inside(name.clone(), value);
                }
            }
        }
        Value::Array(items) => (0..).zip(items).for_each(|(index, item): (usize, _)| inside(index.to_string(), item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_field_of_a_wrong_type_is_named() {
    let mut fields = 0;
    for kind in EntityKind::ALL {
        let whole: Value = serde_json::from_str(full::of(kind).1).unwrap();
        let mut all = Vec::new();
        spoilt(&whole, &mut Vec::new(), &whole, &mut all);
        // The settings of machines, applications, models and charms are opaque; those of a profile are strings.
        all.retain(|(path, _)| !path.starts_with("config."));
        for (path, value) in all {
            let error = Entity::read(&id(kind), &Json::of(&value).unwrap()).expect_err(&path);
            assert_eq!(error.field(), path, "{error}");
            assert!(error.to_string().starts_with(&format!("{}: field \"{path}\": expected ", id(kind))), "{error}");
            fields += 1;
        }
    }
    assert!(fields > 150, "{fields} fields were spoilt");
}

#[test]
fn what_is_wrong_reads_as_a_sentence() {
    let wrong = [
        (EntityKind::Unit, r#"{"workload-status": {"since": "yesterday"}}"#),
        (EntityKind::Unit, r#"{"ports": [{"number": 80}, {"number": "80"}]}"#),
        (EntityKind::Unit, r#"{"name": "wiki/1"}"#),
        (EntityKind::Unit, r#"{"model-uuid": "b0000000-0000-4000-8000-000000000001"}"#),
        (EntityKind::Unit, r#"{"model-uuid": "prod"}"#),
        (EntityKind::Unit, "[]"),
        (EntityKind::Machine, r#"{"life": "undead"}"#),
        (EntityKind::Machine, r#"{"hardware-characteristics": {"mem": -1}}"#),
        (EntityKind::Machine, r#"{"hardware-characteristics": {"mem": 18446744073709551616}}"#),
        (EntityKind::Application, r#"{"min-units": 1.5}"#),
        (EntityKind::Application, r#"{"owner-tag": ["s3cret"]}"#),
        (EntityKind::Annotation, r#"{"annotations": {"gui-x": 10}}"#),
    ];
    let errors = wrong.map(|(kind, text)| canonical(&id(kind), &super::json(text)).unwrap_err().to_string());
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn a_model_is_stored_under_its_uuid_and_nothing_else() {
    let error = Entity::read(&EntityId::new("model", super::MODEL, "prod"), &super::json("{}")).unwrap_err();
    assert_eq!(error.field(), "model-uuid");
    assert_eq!(
        error.problem(),
        "expected a model's id to be its uuid a0000000-0000-4000-8000-000000000002, got \"prod\""
    );
}
