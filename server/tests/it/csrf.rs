//! Every route that changes something × every kind of request that another site could make a browser send:
//! refused, recorded, and nothing done.

use reqwest::Method;
use sqlx::PgPool;

use crate::{
    harness::{Browser, World},
    routes::{is_unsafe, of_the_router},
};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const UUID: &str = "01900000-0000-7000-8000-000000000000";

/// Headers and, for a form, whether the right token is a field of it.
struct Forged {
    what: &'static str,
    headers: Vec<(&'static str, String)>,
    body: &'static str,
}

fn forged(ours: &str, right: &str, others: &str) -> Vec<Forged> {
    let with = |what, content_type: &str, headers: &[(&'static str, &str)]| Forged {
        what,
        headers: headers
            .iter()
            .map(|(n, v)| (*n, (*v).to_owned()))
            .chain([("content-type", content_type.to_owned())])
            .collect(),
        body: if content_type == JSON {
            "{}"
        } else {
            "reason=x"
        },
    };
    let token = ("x-csrf-token", right);
    vec![
        with("says nothing of where it comes from", JSON, &[token]),
        with(
            "from another site",
            JSON,
            &[("sec-fetch-site", "cross-site"), token],
        ),
        with(
            "from a sister domain",
            JSON,
            &[("sec-fetch-site", "same-site"), token],
        ),
        with(
            "from another origin",
            JSON,
            &[("origin", "https://evil.test"), token],
        ),
        with("from no origin", JSON, &[("origin", "null"), token]),
        with(
            "from an origin that begins as ours",
            JSON,
            &[("origin", "http://127.0.0.1:1"), token],
        ),
        with(
            "from another origin, by a browser that claims ours",
            JSON,
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://evil.test"),
                token,
            ],
        ),
        with(
            "from our origin, by a browser that says otherwise",
            JSON,
            &[("sec-fetch-site", "cross-site"), ("origin", ours), token],
        ),
        with(
            "without a token",
            JSON,
            &[("sec-fetch-site", "same-origin")],
        ),
        with(
            "with an empty token",
            JSON,
            &[("sec-fetch-site", "same-origin"), ("x-csrf-token", "")],
        ),
        with(
            "with rubbish for a token",
            JSON,
            &[("sec-fetch-site", "same-origin"), ("x-csrf-token", "AAAA")],
        ),
        with(
            "with the token of another session",
            JSON,
            &[("sec-fetch-site", "same-origin"), ("x-csrf-token", others)],
        ),
        with(
            "a form of another site",
            FORM,
            &[("sec-fetch-site", "cross-site"), token],
        ),
        with(
            "a form without a token",
            FORM,
            &[("sec-fetch-site", "same-origin")],
        ),
        with(
            "a form that calls itself text",
            "text/plain",
            &[("sec-fetch-site", "cross-site")],
        ),
    ]
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn no_other_site_can_make_a_browser_act(pool: PgPool) {
    let world = World::start(pool).await;
    let browser = world.signed_in("administrator").await;
    let other = world.signed_in("developer").await;
    let (right, others) = (browser.csrf(), other.csrf());
    let before = world.kinds().await.len();
    let mut sent = 0;
    for (method, path) in of_the_router(&world.state).into_iter().filter(is_unsafe) {
        let path = path.replace("{name}", "cart").replace("{id}", UUID);
        for forged in forged(&world.url, &right, &others) {
            let headers: Vec<(&str, &str)> = forged
                .headers
                .iter()
                .map(|(n, v)| (*n, v.as_str()))
                .collect();
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let answer = browser
                .clone()
                .send(
                    method.clone(),
                    &path,
                    &headers,
                    Some(forged.body.to_owned()),
                )
                .await;
            assert_eq!(
                answer.status, 403,
                "{method} {path} {}: {}",
                forged.what, answer.text
            );
            if path.starts_with("/api/") {
                assert_eq!(
                    answer.code(),
                    "cross_site",
                    "{method} {path} {}",
                    forged.what
                );
            }
            sent += 1;
        }
    }
    assert!(sent > 300, "{sent}");
    let new = world.kinds().await.split_off(before);
    assert_eq!(new.len(), sent, "one event each");
    assert!(
        new.iter().all(|kind| kind == "request.cross_site_refused"),
        "and nothing else happened"
    );
    let event = &world.events("request.cross_site_refused").await[0];
    assert_eq!(event["login"], "administrator", "in whose name it was sent");
}

/// The matrix says something only if the same, sent by our own page, gets through.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn our_own_pages_get_through(pool: PgPool) {
    let world = World::start(pool).await;
    let browser = world.signed_in("administrator").await;
    let token = browser.csrf();
    for (method, path) in of_the_router(&world.state).into_iter().filter(is_unsafe) {
        // These end the session, or are not for browsers.
        if path.starts_with("/auth/") || path == "/api/v1/tickets/redeem" {
            continue;
        }
        let path = path.replace("{name}", "cart").replace("{id}", UUID);
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let headers = [
            ("sec-fetch-site", "same-origin"),
            ("x-csrf-token", token.as_str()),
            (
                "content-type",
                if path.starts_with("/api/") {
                    JSON
                } else {
                    FORM
                },
            ),
        ];
        let body = if path.starts_with("/api/") {
            "{}"
        } else {
            "reason=x"
        };
        browser
            .clone()
            .send(method, &path, &headers, Some(body.to_owned()))
            .await;
    }
    assert!(world.events("request.cross_site_refused").await.is_empty());
}

/// Older browsers say only `Origin`; a form brings its token as a field, under either name.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_form_of_an_older_browser(pool: PgPool) {
    let world = World::start(pool).await;
    for field in ["csrf", "_csrf"] {
        let mut browser = world.signed_in("developer").await;
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair(field, &browser.csrf())
            .finish();
        let headers = [("origin", world.url.as_str()), ("content-type", FORM)];
        let answer = browser
            .send(Method::POST, "/auth/logout", &headers, Some(body))
            .await;
        assert_eq!(answer.status, 303, "{}", answer.text);
    }
}

/// What carries no cookie speaks for itself; but a browser that says it comes from elsewhere is believed.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_token_needs_none_of_this(pool: PgPool) {
    let world = World::start(pool).await;
    let (token, _) = world.token("developer", &["read", "tokens:write"]).await;
    let bearer = format!("Bearer {token}");
    let call = async |headers: &[(&str, &str)]| {
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend(headers);
        Browser::new(&world.url)
            .send(
                Method::DELETE,
                &format!("/api/v1/tokens/{UUID}"),
                &all,
                None,
            )
            .await
    };
    assert_eq!(call(&[]).await.status, 404);
    assert_eq!(
        call(&[("sec-fetch-site", "cross-site")]).await.code(),
        "cross_site"
    );
    assert_eq!(
        call(&[("origin", "https://evil.test")]).await.code(),
        "cross_site"
    );
}

/// The token is masked anew each time, so that nothing can be learnt from how well a page compresses.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn pages_never_show_the_same_token_twice(pool: PgPool) {
    let world = World::start(pool).await;
    let mut browser = world.signed_in("developer").await;
    let mut tokens = vec![];
    for _ in 0..3 {
        let page = browser.get("/").await;
        assert_eq!(page.status, 200);
        let (_, rest) = page
            .text
            .split_once("name=\"csrf\" value=\"")
            .expect("a form with a token");
        tokens.push(rest.split_once('"').expect("its end").0.to_owned());
    }
    assert_ne!(tokens[0], tokens[1]);
    assert_ne!(tokens[1], tokens[2]);
    for token in tokens {
        let headers = [
            ("sec-fetch-site", "same-origin"),
            ("x-csrf-token", token.as_str()),
            ("content-type", FORM),
        ];
        let answer = browser
            .clone()
            .send(
                Method::POST,
                "/preferences/theme",
                &headers,
                Some("theme=dark".to_owned()),
            )
            .await;
        assert_eq!(answer.status, 303, "{}", answer.text);
    }
}
