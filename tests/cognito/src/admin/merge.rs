//! JSON merge patch (RFC 7396), to change some members of a setting.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The setting with the changes; nothing if it then is none.
pub(super) fn into<T: Serialize + DeserializeOwned>(setting: &T, change: Value) -> Option<T> {
    let mut value = serde_json::to_value(setting).ok()?;
    merge(&mut value, change);
    serde_json::from_value(value).ok()
}

fn merge(target: &mut Value, change: Value) {
    match (target, change) {
        (Value::Object(target), Value::Object(change)) => {
            for (name, value) in change {
                if value.is_null() {
                    target.remove(&name);
                } else {
                    merge(target.entry(name).or_insert(Value::Null), value);
                }
            }
        }
        (target, change) => *target = change,
    }
}
