//! How the meaning of what is accepted has changed, in words.

use scn::ir::Bundle;
use serde_json::Value;

/// Values longer than this are cut, in characters.
const SHOWN_MAX: usize = 70;

/// `None` when both mean the same, else the first place where the compiled forms differ, as a path, with what stands there.
pub fn change(before: &Bundle, after: &Bundle) -> Option<String> {
    if before.hash() == after.hash() {
        return None;
    }
    let difference = difference("", &value(before), &value(after));
    Some(difference.unwrap_or_else(|| "the hash alone differs".to_owned()))
}

/// Without the texts of the steps, which are no part of the meaning.
fn value(bundle: &Bundle) -> Value {
    let mut value = serde_json::to_value(bundle).unwrap();
    value.as_object_mut().unwrap().remove("written");
    value
}

fn difference(path: &str, before: &Value, after: &Value) -> Option<String> {
    match (before, after) {
        _ if before == after => None,
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => {
            // Expressions first: where one is new, the places that name others by number differ too.
            let mut keys: Vec<&String> = one.keys().collect();
            keys.sort_by_key(|key| (*key != "code", *key != "exprs"));
            keys.into_iter().find_map(|key| difference(&format!("{path}.{key}"), &one[key], &other[key]))
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let pairs = one.iter().zip(other).enumerate();
            pairs.filter(|(_, (one, other))| one != other).find_map(|(place, (one, other))| {
                let name = one["name"].as_str().map_or_else(|| place.to_string(), str::to_owned);
                difference(&format!("{path}[{name}]"), one, other)
            })
        }
        (Value::Array(one), Value::Array(other)) => {
            let begin = one.iter().zip(other).take_while(|(one, other)| one == other).count();
            let rest = one.len().min(other.len()) - begin;
            let end =
                one.iter().rev().zip(other.iter().rev()).take(rest).take_while(|(one, other)| one == other).count();
            let (lost, new) = (&one[begin..one.len() - end], &other[begin..other.len() - end]);
            Some(format!("{}: {} became {}", path.trim_start_matches('.'), listed(lost), listed(new)))
        }
        _ => Some(format!("{}: {} became {}", path.trim_start_matches('.'), shown(before), shown(after))),
    }
}

fn listed(values: &[Value]) -> String {
    if values.is_empty() { "nothing".to_owned() } else { shown(&Value::Array(values.to_vec())) }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= SHOWN_MAX {
        return text;
    }
    format!("{} …", text.chars().take(SHOWN_MAX).collect::<String>())
}
