//! A form and the call that does the same answer alike: for each job role, on own and foreign objects.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::PgPool;

use super::{PEOPLE, about, object};
use crate::harness::{
    Answer, Browser, World,
    shop::{FOREIGN, OWN, id},
};

/// A call of the table, and where its form goes.
const FORMS: [(&str, &str); 19] = [
    ("POST /changes", "/services/{name}/deploy"),
    (
        "POST /changes/{id}/approvals approve",
        "/changes/{id}/decide",
    ),
    (
        "POST /changes/{id}/approvals reject",
        "/changes/{id}/decide",
    ),
    ("POST /changes/{id}/start", "/changes/{id}/start"),
    ("POST /changes/{id}/cancel", "/changes/{id}/cancel"),
    ("POST /changes/{id}/retry", "/changes/{id}/retry"),
    ("POST /changes/{id}/rollback", "/changes/{id}/rollback"),
    ("POST /changes/{id}/attention done", "/attention/{id}"),
    ("POST /changes/{id}/attention retry", "/attention/{id}"),
    ("POST /changes/{id}/attention abandon", "/attention/{id}"),
    ("POST /changes/{id}/attention go_on", "/attention/{id}"),
    ("POST /changes/{id}/attention roll_back", "/attention/{id}"),
    ("DELETE /tokens/{id}", "/tokens/{id}/revoke"),
    ("POST /people/{id}/disable", "/people/{id}/disable"),
    ("POST /people/{id}/enable", "/people/{id}/enable"),
    ("POST /changes/{id}/override", "/changes/{id}/override"),
    (
        "POST /changes/{id}/override/confirm",
        "/changes/{id}/override/confirm",
    ),
    (
        "POST /changes/{id}/promotion-override",
        "/changes/{id}/promotion-override",
    ),
    ("POST /changes/{id}/attention retry", "/changes/{id}/resume"),
];

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_form_answers_as_its_call_does(pool: PgPool) {
    let world = World::promoting(pool).await.with_shop().await;
    let mut browsers = BTreeMap::new();
    for login in PEOPLE {
        let browser = if login == "nobody" {
            world.browser()
        } else {
            world.signed_in(login).await
        };
        browsers.insert(login, browser);
    }
    world.signed_in("manager2").await;
    let (mut differ, mut yes) = (vec![], 0);
    for (call, form) in FORMS {
        for (whose, service) in [("own", OWN), ("foreign", FOREIGN)] {
            for login in PEOPLE {
                let browser = browsers.get_mut(login).expect("a browser");
                let it = object(&world, call, service, login).await;
                let said = about(browser, call, service, &it).await;
                let it = object(&world, call, service, login).await;
                let answer = post(browser, call, form, service, &it).await;
                let done = answer.status == 303 && !answer.location().starts_with("/auth/");
                yes += usize::from(done);
                if said.starts_with('2') != done {
                    let got = format!("{} {}", answer.status, answer.location());
                    differ.push(format!("{login} ({whose}): {call} {said}, {form} {got}"));
                }
            }
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
    assert!(yes > FORMS.len(), "each is done by somebody: {yes}");
}

/// What the form of a page sends.
async fn post(browser: &mut Browser, call: &str, form: &str, service: &str, it: &Value) -> Answer {
    let about = if it.is_null() { String::new() } else { id(it) };
    let path = form.replace("{name}", service).replace("{id}", &about);
    let text = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
    let (digest, attempt) = (text("evidence_digest"), text("attempt"));
    let choice = call.rsplit(' ').next().unwrap_or_default();
    let once = uuid::Uuid::now_v7().to_string();
    let fields: Vec<(&str, &str)> = match form {
        "/services/{name}/deploy" => vec![
            ("version", "1.0.0"),
            ("environment", "staging"),
            ("reason", "a test"),
            ("start_mode", "manual"),
            ("once", &once),
        ],
        "/changes/{id}/decide" => vec![
            ("decision", choice),
            ("evidence_digest", &digest),
            ("comment", "seen"),
        ],
        "/attention/{id}" => vec![
            ("choice", choice),
            ("attempt", &attempt),
            ("reason", "I looked"),
            ("reference", "https://jenkins.example/1"),
        ],
        "/changes/{id}/override" => vec![
            ("evidence_digest", &digest),
            ("override_reason", "a test"),
            ("hours", "2"),
            ("once", &once),
        ],
        "/changes/{id}/rollback" => vec![
            ("reason", "a test"),
            ("start_mode", "manual"),
            ("once", &once),
        ],
        _ => vec![("evidence_digest", &digest), ("reason", "a test")],
    };
    browser.post_form(&path, &fields).await
}
