//! The details of an event, as people read them: what is simple in a line, the rest as JSON.

use leptos::prelude::*;
use serde_json::Value;

use crate::{Html, html};

/// Fields that the sentence around them says already.
const SAID: &[&str] = &["from", "to", "code"];

pub fn data(value: &Value) -> Html {
    let Value::Object(map) = value else {
        return Html::EMPTY;
    };
    let (mut lines, mut rest) = (vec![], serde_json::Map::new());
    for (key, value) in map.iter().filter(|(key, _)| !SAID.contains(&key.as_str())) {
        match plain(value) {
            Some(text) if text.is_empty() => {}
            Some(text) if text.chars().count() <= 600 => {
                lines.push(
                    html! { <div><dt>{key.replace('_', " ")}</dt><dd dir="auto">{text}</dd></div> },
                );
            }
            _ => {
                rest.insert(key.clone(), value.clone());
            }
        }
    }
    let differences = rest.remove("differences").map(|value| differences(&value));
    let lines = (!lines.is_empty()).then(|| html! { <dl class="data">{lines}</dl> });
    let rest = (!rest.is_empty()).then(|| {
        let text = serde_json::to_string_pretty(&Value::Object(rest)).unwrap_or_default();
        html! { <details class="more"><summary>"Details"</summary><pre class="json" tabindex="0">{text}</pre></details> }
    });
    html! { {lines}{differences}{rest} }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text.clone()),
        Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) if items.is_empty() => Some(String::new()),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            Some(texts.join(", "))
        }
        Value::Object(map) if map.is_empty() => Some(String::new()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// What was shown to the approvers and what it would be now, path by path.
fn differences(value: &Value) -> Html {
    let Value::Object(map) = value else {
        return Html::EMPTY;
    };
    let rows: Vec<_> = map
        .iter()
        .map(|(path, pair)| {
            let side = |at: usize| {
                pair.get(at).and_then(plain).unwrap_or_else(|| pair.get(at).map(Value::to_string).unwrap_or_default())
            };
            html! { <tr><th scope="row"><code>{path.as_str()}</code></th><td><bdi>{side(0)}</bdi></td><td><bdi>{side(1)}</bdi></td></tr> }
        })
        .collect();
    html! {
        <div class="table-region" role="region" aria-label="What differs" tabindex="0">
            <table class="grid-table"><caption class="sr-only">"What differs"</caption>
                <thead><tr><th scope="col">"What"</th><th scope="col">"Was approved"</th><th scope="col">"Would be now"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hostile_details_stay_text() {
        let html = data(
            &json!({"reason": "<img src=x onerror=alert(1)>", "<b>": "x", "deep": {"a": "</pre><script>"},
            "differences": {"targets.0.current": ["<i>", null]}}),
        );
        for bad in ["<img", "<b>", "<script", "<i>"] {
            assert!(!html.as_str().contains(bad), "{html:?}");
        }
        assert!(html.as_str().contains("Was approved"));
    }
}
