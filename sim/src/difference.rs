//! What of a JSON value differs from another one, and the way back: a capsule holds of its regime only what is not as in a calm run.
//! Times are written as people write them: `10ms`.

use serde_json::{Map, Value};

/// The parts of a value that differ from the plain one. `None` if nothing does.
pub(crate) fn difference(value: &Value, plain: &Value) -> Option<Value> {
    let (value, plain) = (shortened(value), shortened(plain));
    differing(&value, &plain)
}

fn differing(value: &Value, plain: &Value) -> Option<Value> {
    match (value, plain) {
        (Value::Object(value), Value::Object(plain)) => {
            let part = |(key, value): (&String, &Value)| {
                let differs = plain.get(key).map_or_else(|| Some(value.clone()), |plain| differing(value, plain));
                Some((key.clone(), differs?))
            };
            let parts: Map<String, Value> = value.iter().filter_map(part).collect();
            (!parts.is_empty()).then_some(Value::Object(parts))
        }
        (value, plain) => (value != plain).then(|| value.clone()),
    }
}

/// The plain value with these parts instead of its own. A part that the plain one does not have is an error in words.
pub(crate) fn with_difference(plain: &Value, parts: &Value) -> Result<Value, String> {
    Ok(lengthened(&replaced(&shortened(plain), parts)?))
}

fn replaced(plain: &Value, parts: &Value) -> Result<Value, String> {
    let (Value::Object(whole), Value::Object(parts)) = (plain, parts) else { return Ok(parts.clone()) };
    let mut whole = whole.clone();
    for (key, part) in parts {
        let Some(own) = whole.get_mut(key) else {
            let known: Vec<&str> = whole.keys().map(String::as_str).collect();
            return Err(format!("unknown {key:?}, expected one of {}", known.join(", ")));
        };
        *own = replaced(own, part)?;
    }
    Ok(Value::Object(whole))
}

/// Times as text.
fn shortened(value: &Value) -> Value {
    match value {
        Value::Object(map) => match (map.len(), whole(map, "secs"), whole(map, "nanos")) {
            (2, Some(secs), Some(nanos)) => Value::String(time(secs, nanos)),
            _ => Value::Object(map.iter().map(|(key, value)| (key.clone(), shortened(value))).collect()),
        },
        Value::Array(list) => Value::Array(list.iter().map(shortened).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn whole(map: &Map<String, Value>, key: &str) -> Option<u64> {
    map.get(key).and_then(Value::as_u64)
}

/// Text that reads as a time as one.
fn lengthened(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.iter().map(|(key, value)| (key.clone(), lengthened(value))).collect()),
        Value::Array(list) => Value::Array(list.iter().map(lengthened).collect()),
        Value::String(text) => match nanos(text) {
            Some(nanos) => serde_json::json!({"secs": nanos / 1_000_000_000, "nanos": nanos % 1_000_000_000}),
            None => value.clone(),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// The units of time, the longest first.
const UNITS: [(&str, u64); 6] =
    [("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000), ("ns", 1)];

fn time(secs: u64, nanos: u64) -> String {
    let Some(nanos) = secs.checked_mul(1_000_000_000).and_then(|secs| secs.checked_add(nanos)) else {
        return format!("{secs}s");
    };
    if nanos == 0 {
        return "0s".to_owned();
    }
    let unit = UNITS.iter().find(|(_, unit)| nanos.is_multiple_of(*unit));
    let (name, unit) = unit.copied().unwrap_or(("ns", 1));
    format!("{}{name}", nanos / unit)
}

fn nanos(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, name) = text.split_at(digits);
    let (_, unit) = UNITS.iter().find(|(unit, _)| *unit == name)?;
    number.parse::<u64>().ok()?.checked_mul(*unit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_kept_and_comes_back() {
        let plain = json!({"a": 1, "b": {"c": [1], "d": "x"}, "t": {"secs": 3600, "nanos": 0}, "n": null});
        let value = json!({"a": 1, "b": {"c": [2], "d": "x"}, "t": {"secs": 0, "nanos": 10_000_000}, "n": {"secs": 90, "nanos": 0}});
        let parts = difference(&value, &plain).unwrap();
        assert_eq!(parts, json!({"b": {"c": [2]}, "t": "10ms", "n": "90s"}));
        assert_eq!(with_difference(&plain, &parts).unwrap(), value);
        assert_eq!(difference(&plain, &plain), None);
    }

    #[test]
    fn an_unknown_part_is_told_with_those_there_are() {
        let plain = json!({"a": 1, "b": {"c": 2}});
        let error = with_difference(&plain, &json!({"b": {"e": 3}})).unwrap_err();
        assert_eq!(error, "unknown \"e\", expected one of c");
    }

    #[test]
    fn times_are_whole_numbers_of_their_largest_unit() {
        let times: Vec<_> = [(3600, 0), (90, 0), (120, 0), (0, 81_000), (1, 500_000_000), (0, 0), (0, 7)]
            .into_iter()
            .map(|(secs, nanos)| time(secs, nanos))
            .collect();
        assert_eq!(times, ["1h", "90s", "2m", "81us", "1500ms", "0s", "7ns"]);
        assert_eq!(
            (nanos("1500ms"), nanos("12"), nanos("ms"), nanos("Eager")),
            (Some(1_500_000_000), None, None, None)
        );
    }
}
