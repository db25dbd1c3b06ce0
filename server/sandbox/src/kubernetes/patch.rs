//! The three patch formats: JSON merge patch (RFC 7396), strategic merge patch (lists merge by key) and JSON patch (RFC 6902).

use serde_json::{Map, Value};

/// A patch format, by its content type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Merge,
    Strategic,
    Json,
}

impl Format {
    /// The format of a content type, parameters aside.
    pub(crate) fn of(content_type: &str) -> Option<Self> {
        match content_type.split(';').next().unwrap_or_default().trim() {
            "application/merge-patch+json" => Some(Self::Merge),
            "application/strategic-merge-patch+json" => Some(Self::Strategic),
            "application/json-patch+json" => Some(Self::Json),
            _ => None,
        }
    }

    /// Applies a patch. The error is the text of a refusal.
    pub(crate) fn apply(self, object: &Value, patch: &Value) -> Result<Value, String> {
        match self {
            Self::Json => operations(object, patch),
            _ if !patch.is_object() => {
                Err("json: cannot unmarshal patch into an object".to_owned())
            }
            Self::Merge => {
                let mut patched = object.clone();
                merge(&mut patched, patch);
                Ok(patched)
            }
            Self::Strategic => {
                let mut patched = object.clone();
                strategic(&mut patched, patch)?;
                Ok(patched)
            }
        }
    }
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(target) = target {
        for (key, value) in patch {
            if value.is_null() {
                target.remove(key);
            } else {
                merge(target.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
    }
}

/// The merge key of a list, as the API types declare it; a list without one is replaced.
fn merge_key(list: &str) -> Option<&'static str> {
    match list {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "volumes"
        | "env"
        | "imagePullSecrets" => Some("name"),
        "ports" => Some("containerPort"),
        "volumeMounts" => Some("mountPath"),
        "volumeDevices" => Some("devicePath"),
        "conditions" => Some("type"),
        "hostAliases" => Some("ip"),
        "topologySpreadConstraints" => Some("topologyKey"),
        "ownerReferences" => Some("uid"),
        _ => None,
    }
}

fn strategic(target: &mut Value, patch: &Value) -> Result<(), String> {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return Ok(());
    };
    match patch.get("$patch").and_then(Value::as_str) {
        Some("replace") => {
            let rest = patch.iter().filter(|(key, _)| *key != "$patch");
            *target = Value::Object(
                rest.map(|(key, value)| (key.clone(), value.clone()))
                    .collect(),
            );
            return Ok(());
        }
        Some("delete") => {
            *target = Value::Object(Map::new());
            return Ok(());
        }
        Some("merge") | None => {}
        Some(other) => return Err(format!("Unknown patch type: {other}")),
    }
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else {
        return Ok(());
    };
    for (key, value) in patch {
        if key == "$patch" || key.starts_with("$setElementOrder/") {
            continue;
        }
        if key == "$retainKeys" {
            let keep: Vec<&str> = value
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            target.retain(|key, _| keep.contains(&key.as_str()));
            continue;
        }
        if let Some(list) = key.strip_prefix("$deleteFromPrimitiveList/") {
            if let (Some(Value::Array(have)), Some(gone)) = (target.get_mut(list), value.as_array())
            {
                have.retain(|item| !gone.contains(item));
            }
            continue;
        }
        match (value, merge_key(key)) {
            (Value::Null, _) => {
                target.remove(key);
            }
            (Value::Array(items), Some(by)) => {
                let list = target
                    .entry(key.clone())
                    .or_insert_with(|| Value::Array(Vec::new()));
                merge_list(list, items, key, by)?;
            }
            _ => strategic(target.entry(key.clone()).or_insert(Value::Null), value)?,
        }
    }
    Ok(())
}

fn merge_list(list: &mut Value, items: &[Value], name: &str, by: &str) -> Result<(), String> {
    let directive = |item: &Value| {
        item.get("$patch")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    if items
        .iter()
        .any(|item| directive(item).as_deref() == Some("replace"))
    {
        let kept = items.iter().filter(|item| directive(item).is_none());
        *list = Value::Array(kept.cloned().collect());
        return Ok(());
    }
    if !list.is_array() {
        *list = Value::Array(Vec::new());
    }
    let Value::Array(have) = list else {
        return Ok(());
    };
    for item in items {
        let Some(key) = item.get(by) else {
            return Err(format!(
                "map: {item} does not contain declared merge key: {by} (in {name})"
            ));
        };
        let position = have
            .iter()
            .position(|existing| existing.get(by) == Some(key));
        match (position, directive(item).as_deref()) {
            (Some(at), Some("delete")) => {
                have.remove(at);
            }
            (None, Some("delete")) => {}
            (Some(at), _) => {
                if let Some(existing) = have.get_mut(at) {
                    strategic(existing, item)?;
                }
            }
            (None, _) => {
                let mut fresh = Value::Null;
                strategic(&mut fresh, item)?;
                have.push(fresh);
            }
        }
    }
    Ok(())
}

fn operations(object: &Value, wanted: &Value) -> Result<Value, String> {
    let Value::Array(steps) = wanted else {
        return Err(
            "json: cannot unmarshal object into Go value of type jsonpatch.Patch".to_owned(),
        );
    };
    let mut patched = object.clone();
    for operation in steps {
        let text = |name: &str| operation.get(name).and_then(Value::as_str);
        let path = text("path").ok_or("jsonpatch: operation without path")?;
        let value = || {
            operation
                .get("value")
                .cloned()
                .ok_or_else(|| format!("jsonpatch: operation at {path} without value"))
        };
        match text("op") {
            Some("add") => add(&mut patched, path, value()?)?,
            Some("remove") => {
                remove(&mut patched, path)?;
            }
            Some("replace") => {
                let value = value()?;
                *patched
                    .pointer_mut(path)
                    .ok_or_else(|| missing("replace", path))? = value;
            }
            Some("test") => {
                if patched.pointer(path) != Some(&value()?) {
                    return Err(format!("testing value {path} failed"));
                }
            }
            Some(op @ ("move" | "copy")) => {
                let from = text("from").ok_or("jsonpatch: operation without from")?;
                let moved = if op == "move" {
                    remove(&mut patched, from)?
                } else {
                    patched
                        .pointer(from)
                        .cloned()
                        .ok_or_else(|| missing(op, from))?
                };
                add(&mut patched, path, moved)?;
            }
            op => return Err(format!("Unexpected kind: {}", op.unwrap_or_default())),
        }
    }
    Ok(patched)
}

fn missing(op: &str, path: &str) -> String {
    format!("{op} operation does not apply: doc is missing path: \"{path}\": missing value")
}

fn parent<'a>(
    object: &'a mut Value,
    op: &str,
    path: &str,
) -> Result<(&'a mut Value, String), String> {
    let (above, last) = path.rsplit_once('/').ok_or_else(|| missing(op, path))?;
    let last = last.replace("~1", "/").replace("~0", "~");
    let parent = object.pointer_mut(above).ok_or_else(|| missing(op, path))?;
    Ok((parent, last))
}

fn add(object: &mut Value, path: &str, value: Value) -> Result<(), String> {
    if path.is_empty() {
        *object = value;
        return Ok(());
    }
    match parent(object, "add", path)? {
        (Value::Object(map), key) => {
            map.insert(key, value);
            Ok(())
        }
        (Value::Array(items), key) if key == "-" => {
            items.push(value);
            Ok(())
        }
        (Value::Array(items), key) => match key.parse::<usize>() {
            Ok(at) if at <= items.len() => {
                items.insert(at, value);
                Ok(())
            }
            _ => Err(missing("add", path)),
        },
        _ => Err(missing("add", path)),
    }
}

fn remove(object: &mut Value, path: &str) -> Result<Value, String> {
    let gone = match parent(object, "remove", path)? {
        (Value::Object(map), key) => map.remove(&key),
        (Value::Array(items), key) => key
            .parse::<usize>()
            .ok()
            .filter(|at| *at < items.len())
            .map(|at| items.remove(at)),
        _ => None,
    };
    gone.ok_or_else(|| missing("remove", path))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object() -> Value {
        json!({"a": {"x": 1, "y": 2}, "containers": [{"name": "cart", "image": "old", "env": [{"name": "A", "value": "1"}]}, {"name": "sidecar"}], "list": [1, 2]})
    }

    #[test]
    fn merge_replaces_lists_and_strategic_merges_them() -> Result<(), String> {
        let patch = json!({"a": {"x": null}, "containers": [{"name": "cart", "image": "new"}]});
        let merged = Format::Merge.apply(&object(), &patch)?;
        assert_eq!(merged["a"], json!({"y": 2}));
        assert_eq!(
            merged["containers"],
            json!([{"name": "cart", "image": "new"}])
        );
        let strategic = Format::Strategic.apply(&object(), &patch)?;
        assert_eq!(strategic["a"], json!({"y": 2}));
        assert_eq!(
            strategic["containers"],
            json!([{"name": "cart", "image": "new", "env": [{"name": "A", "value": "1"}]}, {"name": "sidecar"}])
        );
        let deleted = Format::Strategic.apply(
            &object(),
            &json!({"containers": [{"name": "sidecar", "$patch": "delete"}]}),
        )?;
        assert_eq!(deleted["containers"].as_array().map(Vec::len), Some(1));
        assert!(
            Format::Strategic
                .apply(&object(), &json!({"containers": [{"image": "x"}]}))
                .is_err()
        );
        Ok(())
    }

    #[test]
    fn json_patch() -> Result<(), String> {
        let patch = json!([
            {"op": "test", "path": "/a/x", "value": 1},
            {"op": "replace", "path": "/containers/0/image", "value": "new"},
            {"op": "add", "path": "/list/-", "value": 3},
            {"op": "add", "path": "/a/s~1l", "value": true},
            {"op": "remove", "path": "/a/y"},
            {"op": "copy", "from": "/a/x", "path": "/b"},
            {"op": "move", "from": "/b", "path": "/c"},
        ]);
        let patched = Format::Json.apply(&object(), &patch)?;
        assert_eq!(patched["a"], json!({"x": 1, "s/l": true}));
        assert_eq!(
            (&patched["list"], &patched["c"]),
            (&json!([1, 2, 3]), &json!(1))
        );
        for bad in [
            json!([{"op": "test", "path": "/a/x", "value": 2}]),
            json!([{"op": "replace", "path": "/none", "value": 2}]),
            json!([{"op": "remove", "path": "/list/9"}]),
            json!([{"op": "dance", "path": "/a"}]),
            json!({}),
        ] {
            assert!(Format::Json.apply(&object(), &bad).is_err(), "{bad}");
        }
        Ok(())
    }
}
