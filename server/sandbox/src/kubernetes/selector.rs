//! Label and field selectors.

use serde_json::Value;

use super::address::Kind;

/// What a list or watch wants to see.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<(String, bool, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

impl Selector {
    /// Parses both selectors; the error is the text of a 400.
    pub(crate) fn parse(kind: Kind, labels: &str, fields: &str) -> Result<Self, String> {
        Ok(Self {
            labels: requirements(labels)?,
            fields: field_terms(kind, labels, fields)?,
        })
    }

    /// Whether nothing is selected away.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether an object is wanted.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        let label = |key: &String| {
            object
                .pointer("/metadata/labels")
                .and_then(|labels| labels.get(key))
                .and_then(Value::as_str)
        };
        let labels = self.labels.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => {
                label(key).is_some_and(|have| values.iter().any(|value| value == have))
            }
            Requirement::NotIn(key, values) => {
                !label(key).is_some_and(|have| values.iter().any(|value| value == have))
            }
            Requirement::Exists(key) => label(key).is_some(),
            Requirement::Absent(key) => label(key).is_none(),
        });
        labels
            && self.fields.iter().all(|(path, equal, value)| {
                let pointer = format!("/{}", path.replace('.', "/"));
                let have = object
                    .pointer(&pointer)
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                (have == value) == *equal
            })
    }
}

/// Splits at commas outside of parentheses.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        match (c, depth) {
            (',', 0) => parts.push(String::new()),
            _ => parts.last_mut().into_iter().for_each(|part| part.push(c)),
        }
    }
    parts
        .into_iter()
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

fn requirements(text: &str) -> Result<Vec<Requirement>, String> {
    split(text).iter().map(|part| requirement(part)).collect()
}

fn requirement(part: &str) -> Result<Requirement, String> {
    let fail = || format!("unable to parse requirement: found '{part}', expected: identifier");
    let valid = |key: &str| {
        let key = key.trim();
        let fine = !key.is_empty()
            && key
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
        if fine {
            Ok(key.to_owned())
        } else {
            Err(fail())
        }
    };
    if let Some((key, set)) = part.split_once(" notin ") {
        return Ok(Requirement::NotIn(
            valid(key)?,
            values(set).ok_or_else(fail)?,
        ));
    }
    if let Some((key, set)) = part.split_once(" in ") {
        return Ok(Requirement::In(valid(key)?, values(set).ok_or_else(fail)?));
    }
    if let Some((key, value)) = part.split_once("!=") {
        return Ok(Requirement::NotIn(
            valid(key)?,
            vec![value.trim().to_owned()],
        ));
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Ok(Requirement::In(valid(key)?, vec![value.trim().to_owned()]));
    }
    match part.strip_prefix('!') {
        Some(key) => Ok(Requirement::Absent(valid(key)?)),
        None => Ok(Requirement::Exists(valid(part)?)),
    }
}

fn values(set: &str) -> Option<Vec<String>> {
    let inside = set.trim().strip_prefix('(')?.strip_suffix(')')?;
    Some(
        inside
            .split(',')
            .map(|value| value.trim().to_owned())
            .collect(),
    )
}

fn field_terms(
    kind: Kind,
    labels: &str,
    text: &str,
) -> Result<Vec<(String, bool, String)>, String> {
    let known: &[&str] = match kind {
        Kind::Deployment | Kind::ReplicaSet => &[],
        Kind::Pod => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
        ],
        Kind::Event => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "reason",
            "source.component",
            "type",
        ],
    };
    split(text)
        .iter()
        .map(|part| {
            let (path, equal, value) = match part.split_once("!=") {
                Some((path, value)) => (path, false, value),
                None => match part.split_once("==").or_else(|| part.split_once('=')) {
                    Some((path, value)) => (path, true, value),
                    None => return Err(format!("invalid selector: '{text}'; can't understand '{part}'")),
                },
            };
            if path != "metadata.name" && path != "metadata.namespace" && !known.contains(&path) {
                return Err(format!(
                    "Unable to find \"{}, Resource={}\" that match label selector \"{labels}\", field selector \"{text}\": field label not supported: {path}",
                    if kind.group().is_empty() { "/v1" } else { "apps/v1" },
                    kind.resource()
                ));
            }
            Ok((path.to_owned(), equal, value.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_and_fields() {
        let pod = json!({"metadata": {"name": "cart-1", "labels": {"app": "cart", "tier": "web"}}, "status": {"phase": "Running"}});
        let cases = [
            ("", "", true),
            ("app=cart", "", true),
            ("app==cart,tier=web", "", true),
            ("app!=cart", "", false),
            ("app in (cart, ad),tier", "", true),
            ("app notin (cart,ad)", "", false),
            ("!app", "", false),
            ("!other", "", true),
            ("absent!=x", "", true),
            ("", "status.phase=Running", true),
            ("", "status.phase!=Running", false),
            ("app=cart", "metadata.name=cart-2", false),
        ];
        for (labels, fields, expected) in cases {
            let selector = Selector::parse(Kind::Pod, labels, fields);
            assert_eq!(
                selector.map(|s| s.matches(&pod)),
                Ok(expected),
                "{labels} {fields}"
            );
        }
        assert!(Selector::parse(Kind::Pod, "", "spec.colour=red").is_err());
        assert!(Selector::parse(Kind::Deployment, "", "status.phase=Running").is_err());
        assert!(Selector::parse(Kind::Pod, "a b", "").is_err());
        assert!(Selector::parse(Kind::Pod, "a in x", "").is_err());
    }
}
