//! What clients are told of each kind, to the letter.

use super::super::{EntityKind, encode_delta};
use super::{full, id, json};
use crate::machine::Change;

#[test]
fn each_kind_is_written_as_clients_read_it() {
    for kind in EntityKind::ALL {
        let id = id(kind);
        let delta = |change, text: &str| encode_delta(&id, change, &json(text)).unwrap().to_string();
        let full = full::of(kind).1;
        let golden = format!(
            "full, changed:\n{}\n\nfull, removed:\n{}\n\nnothing but the id, changed:\n{}\n\nnothing but the id, removed:\n{}\n",
            delta(Change::Changed, full),
            delta(Change::Removed, full),
            delta(Change::Changed, "{}"),
            delta(Change::Removed, "null"),
        );
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("delta_{kind}"), golden);
        });
    }
}

#[test]
fn a_kind_that_is_none_of_the_twelve_is_passed_on_as_it_is() {
    let id = crate::machine::EntityId::new("secret", super::MODEL, "s1");
    let delta = encode_delta(&id, Change::Changed, &json(r#"{"b": 1.0, "a":[null] }"#)).unwrap();
    assert_eq!(delta.as_str(), r#"["secret","change",{"b": 1.0, "a":[null] }]"#);
}
