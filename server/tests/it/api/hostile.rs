//! Texts that attack whoever reads them come back as they were, or are refused; they never break anything.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::{Shop, send, wish};

const TEXTS: &[&str] = &[
    "'; DROP TABLE change; --",
    "\" OR \"\"=\"",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "{{7*7}} ${7*7} #{7*7} %s %n",
    "=HYPERLINK(\"http://evil\")",
    "../../etc/passwd",
    "\u{200f}gnp.exe",
    "e\u{301}\u{1f469}\u{200d}\u{1f4bb} \u{feff}",
    "\\u0000 \\x00 %00",
    "line\nbreak\r\nand\ttab",
    "\u{e000}\u{10fffd}",
];
/// These are refused wherever a text is kept.
const CONTROL: &[&str] = &[
    "a\u{0}b",
    "a\u{1b}[2Jb",
    "a\u{7f}b",
    "a\u{85}b",
    "\u{202e}gnp.exe",
    "\u{200b}\u{feff}",
];

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn in_what_people_write(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let (developer, second) = (shop.as_("developer"), shop.as_("developer2"));
    for text in TEXTS {
        let mut body = wish("staging");
        body["reason"] = json!(text);
        let change = developer.made("/changes", &body, 202).await;
        assert_eq!(change["reason"], *text);
        let path = format!("/changes/{}", change["id"].as_str().expect("an id"));
        let word = json!({"decision": "reject", "evidence_digest": change["evidence_digest"], "comment": text});
        let rejected = second.made(&format!("{path}/approvals"), &word, 201).await;
        assert_eq!(rejected["approvals"][0]["comment"], *text);
        let again = developer
            .made(&format!("{path}/retry"), &json!({"reason": text}), 202)
            .await;
        let path = format!("/changes/{}", again["id"].as_str().expect("an id"));
        let ended = developer
            .made(&format!("{path}/cancel"), &json!({"reason": text}), 200)
            .await;
        assert_eq!(
            ended["state_reason"],
            format!("Cancelled by developer: {text}")
        );
        assert_eq!(
            developer.read(&path).await["timeline"]
                .as_array()
                .expect("events")
                .last()
                .expect("one")["data"]["reason"],
            *text
        );
    }
    for text in CONTROL {
        let mut body = wish("staging");
        body["reason"] = json!(text);
        let answer = developer.post("/changes", &body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (422, "invalid"),
            "{text:?}"
        );
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn in_names_and_searches(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let auditor = shop.as_("auditor");
    let expires_at = super::in_days(&shop.world, 1);
    for text in TEXTS.iter().chain(CONTROL) {
        let answer = auditor
            .post("/tokens", &json!({"name": text, "expires_at": expires_at}))
            .await;
        if CONTROL.contains(text) || text.chars().any(char::is_control) {
            assert_eq!(answer.status, 422, "{text:?}");
        } else {
            assert_eq!(
                (answer.status, &answer.json()["name"]),
                (201, &json!(text.trim()))
            );
        }
        let sent: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        for path in [
            "/services?q=",
            "/services?team=",
            "/services?system=",
            "/services?lifecycle=",
            "/services?cursor=",
            "/changes?service=",
            "/changes?requester=",
            "/changes?cursor=",
            "/changes?state=",
            "/audit/events?subject_id=",
            "/audit/events?subject_kind=",
            "/audit/events?login=",
            "/audit/events?from=",
            "/audit/export?format=jsonl&subject_id=",
        ] {
            let answer = auditor.get(&format!("{path}{sent}")).await;
            assert!(
                [200, 422].contains(&answer.status),
                "{path}{sent}: {} {}",
                answer.status,
                answer.text
            );
        }
        let path = sent.replace('+', "%20");
        for place in [
            "/services/",
            "/environments/",
            "/changes/",
            "/audit/events/",
        ] {
            let answer = auditor.get(&format!("{place}{path}")).await;
            assert_eq!(answer.status, 404, "{place}{path}: {}", answer.text);
        }
    }
}

/// A catalogue with this text in every free field.
fn catalogue(text: &str) -> String {
    let text = Value::from(text).to_string();
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: hostile\n  title: {text}\n  description: {text}\n  \
         tags: [{text}]\n  links:\n    - url: {text}\n      title: {text}\n  annotations:\n    jenkins.io/job-full-name: {text}\n    \
         portolan/ecr-repository: {text}\nspec:\n  type: service\n  lifecycle: {text}\n  owner: checkout\n  system: {text}\n"
    )
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn in_catalogues(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let administrator = shop.as_("administrator");
    let import = |text: String| {
        let request = administrator.request("POST", "/services/import?source=hostile");
        send(
            request
                .header("content-type", "application/yaml")
                .body(text),
        )
    };
    for text in TEXTS
        .iter()
        .chain(CONTROL)
        .chain(&["javascript:alert(1)", "data:text/html,x"])
    {
        let answer = import(catalogue(text)).await;
        assert_eq!(answer.status, 200, "{text:?}: {}", answer.text);
        let found = administrator.get("/services/hostile").await;
        if found.status == 200 {
            let service = found.json();
            for link in service["links"].as_array().expect("links") {
                let url = link["url"].as_str().expect("an address");
                assert!(
                    url.starts_with("http://") || url.starts_with("https://"),
                    "{url}"
                );
            }
        } else {
            assert!(
                !answer.json()["problems"]
                    .as_array()
                    .expect("problems")
                    .is_empty(),
                "{text:?}"
            );
        }
    }
    let laughs = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
        d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n\
        g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g]\ni: [*h,*h,*h,*h,*h,*h,*h,*h,*h]\n";
    let ten_megabytes = "# more\n".repeat(10 * 1024 * 1024 / 7);
    for text in [
        laughs.to_owned(),
        ten_megabytes,
        "[".repeat(100_000),
        "\u{0}".to_owned(),
        "--- !!binary |\n x".to_owned(),
        "&a [*a]".to_owned(),
    ] {
        let answer = import(text).await;
        assert!(
            answer.status == 200 || answer.status == 422,
            "{}",
            answer.text
        );
        if answer.status == 200 {
            assert_eq!(answer.json()["imported"], 0);
            assert!(
                !answer.json()["problems"]
                    .as_array()
                    .expect("problems")
                    .is_empty(),
                "{}",
                answer.text
            );
        }
    }
}
