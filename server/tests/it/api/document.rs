//! The description: the same for everybody, complete, and a diff of its snapshot when anything of it changes.

use std::collections::BTreeSet;

use serde_json::Value;
use sqlx::PgPool;

use super::{Script, send};
use crate::harness::World;

fn description() -> Value {
    serde_json::to_value(portolan_server::api::description()).expect("json")
}

#[test]
fn the_description_is_what_it_was() {
    let text = serde_json::to_string_pretty(&description()).expect("json");
    insta::assert_snapshot!("openapi", text);
}

/// All values under this key, anywhere.
fn all<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get(key));
            fields.values().for_each(|field| all(field, key, found));
        }
        Value::Array(items) => items.iter().for_each(|item| all(item, key, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let api = description();
    let mut references = vec![];
    all(&api, "$ref", &mut references);
    assert!(references.len() > 100);
    for reference in references.into_iter().filter_map(Value::as_str) {
        let place = reference.strip_prefix('#').expect("within the document");
        assert!(api.pointer(place).is_some(), "{reference}");
    }
}

#[test]
fn every_operation_says_what_it_does_and_what_it_refuses() {
    let api = description();
    let mut names = BTreeSet::new();
    for (path, item) in api["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let name = operation["operationId"].as_str().expect("a name");
            assert!(names.insert(name.to_owned()), "{name} is there twice");
            for field in ["summary", "tags"] {
                assert!(!operation[field].is_null(), "{method} {path}: no {field}");
            }
            let open = operation["security"] == serde_json::json!([{}]);
            let mut wanted = vec!["400", "422", "503"];
            if !open {
                wanted.extend(["401", "403", "429"]);
            }
            if path.contains('{') {
                wanted.push("404");
            }
            if method == "post" {
                wanted.extend(["409", "413", "415"]);
            }
            for status in wanted {
                let problem =
                    &operation["responses"][status]["content"]["application/problem+json"];
                assert!(problem.is_object(), "{method} {path}: {status}");
            }
        }
    }
    assert_eq!(names.len(), 52);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn it_is_served_to_anybody_and_not_twice(pool: PgPool) {
    let world = World::start(pool).await;
    let nobody = Script::new(&world, None);
    let answer = nobody.get("/openapi.json").await;
    assert_eq!((answer.status, answer.json()), (200, description()));
    let again = nobody
        .request("GET", "/openapi.json")
        .header("if-none-match", answer.header("etag"));
    let again = send(again).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
}
