//! One entity as one line: `{"kind":"unit","model":"…","id":"mysql/0","value":{"status":"active"}}`.

use core::fmt;
use std::borrow::Cow;

use multiwatcher::backing::Json;
use multiwatcher::{EntityId, Kind, ModelId};
use serde::{Deserialize, Serialize};

/// What `export` prints and `import` reads.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntityLine<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    model: ModelId,
    #[serde(borrow)]
    id: Cow<'a, str>,
    value: Cow<'a, Json>,
}

/// What is wrong with a line.
#[derive(Debug)]
pub(crate) struct LineError(serde_json::Error);

impl<'a> EntityLine<'a> {
    /// The line of an entity.
    pub(crate) fn new(id: &'a EntityId, value: &'a Json) -> Self {
        Self {
            kind: Cow::Borrowed(id.kind.as_str()),
            model: id.model,
            id: Cow::Borrowed(id.id()),
            value: one_line(value),
        }
    }

    /// The entity of a line.
    pub(crate) fn read(line: &str) -> Result<(EntityId, Json), LineError> {
        let EntityLine { kind, model, id, value } = serde_json::from_str(line).map_err(LineError)?;
        Ok((EntityId::new(Kind::new(kind), model, id), value.into_owned()))
    }

    /// Appends it, with the end of the line.
    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        serde_json::to_writer(&mut *to, self).expect("memory can be written, and the fields are texts and JSON");
        to.push(b'\n');
    }
}

/// The same value without ends of lines: outside of strings they mean nothing, and inside JSON has none.
pub(crate) fn one_line(value: &Json) -> Cow<'_, Json> {
    let text = value.as_str();
    if !text.contains(['\n', '\r']) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(text.replace(['\n', '\r'], " ").parse().expect("blanks mean what ends of lines mean: nothing"))
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "expected {{\"kind\":TEXT,\"model\":UUID,\"id\":TEXT,\"value\":JSON}}\n  {}",
            self.0.to_string().replace(" at line 1 column ", " at column ")
        )
    }
}

impl core::error::Error for LineError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_back_as_the_entity_that_it_is() {
        let id = EntityId::new("unit", ModelId::from_u128(7), "my\"sql\n/0");
        let value: Json = "{\r\n \"a\": [1.50,\n\"x\\ny\"]}".parse().unwrap();
        let mut line = Vec::new();
        EntityLine::new(&id, &value).write(&mut line);
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line.lines().count(), 1, "{line}");
        assert_eq!(EntityLine::read(&line).unwrap(), (id, value));
    }

    #[test]
    fn what_is_wrong_with_a_line_is_told_with_what_was_expected() {
        let errors: Vec<_> = [
            "",
            "{",
            r#"{"kind":"unit","model":"x","id":"a","value":1}"#,
            r#"{"kind":"unit","model":"00000000-0000-0000-0000-000000000001","id":"a"}"#,
            r#"{"kind":"unit","model":"00000000-0000-0000-0000-000000000001","id":7,"value":1}"#,
            r#"{"kind":"unit","model":"00000000-0000-0000-0000-000000000001","id":"a","value":1,"revno":3}"#,
            r#"{"kind":"unit","model":"00000000-0000-0000-0000-000000000001","id":"a","value":1} x"#,
        ]
        .iter()
        .map(|line| EntityLine::read(line).unwrap_err().to_string())
        .collect();
        insta::assert_snapshot!(errors.join("\n"), @r#"
        expected {"kind":TEXT,"model":UUID,"id":TEXT,"value":JSON}
          EOF while parsing a value at column 0
        expected {"kind":TEXT,"model":UUID,"id":TEXT,"value":JSON}
          EOF while parsing an object at column 1
        expected {"kind":TEXT,"model":UUID,"id":TEXT,"value":JSON}
          expected a model's uuid such as 4f3c0f7c-7a2b-4a50-8d7c-0b3a5f1f6a11, got "x" at column 26
        expected {"kind":TEXT,"model":UUID,"id":TEXT,"value":JSON}
          missing field `value` at column 71
        expected {"kind":TEXT,"model":UUID,"id":TEXT,"value":JSON}
          invalid type: integer `7`, expected a string at column 68
        expected {"kind":TEXT,"model":UUID,"id":TEXT,"value":JSON}
          unknown field `revno`, expected one of `kind`, `model`, `id`, `value` at column 88
        expected {"kind":TEXT,"model":UUID,"id":TEXT,"value":JSON}
          trailing characters at column 83
        "#);
    }
}
