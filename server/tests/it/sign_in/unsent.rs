//! Forms that come too late: what was written is shown, the way back is the page they were on.

use reqwest::Method;
use scraper::{Html, Selector};
use sqlx::PgPool;

use crate::{
    harness::{Answer, Browser, World},
    routes::of_the_router,
};

const FORM: &str = "application/x-www-form-urlencoded";
const WRITTEN: &str = "csrf=AAAA&once=BBBB&reason=Mend+the+basket%0D%0A%3Cb%3Ebold%3C%2Fb%3E&start_mode=manual&evidence_digest=CCCC";

async fn send(browser: &mut Browser, path: &str, referer: Option<&str>, body: &str) -> Answer {
    let origin = browser.origin.clone();
    let mut headers = vec![
        ("content-type", FORM),
        ("sec-fetch-site", "same-origin"),
        ("origin", origin.as_str()),
    ];
    headers.extend(referer.map(|page| ("referer", page)));
    let body = Some(body.to_owned());
    browser.send(Method::POST, path, &headers, body).await
}

fn texts(page: &str, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("a selector");
    let page = Html::parse_document(page);
    let found = page.select(&selector).map(|e| e.text().collect());
    found.collect()
}

/// Where the page's first step leads.
fn next(page: &str) -> String {
    let selector = Selector::parse("main a.btn-primary").expect("a selector");
    let page = Html::parse_document(page);
    let link = page.select(&selector).next().expect("a way on");
    let href = link.attr("href").expect("an address");
    let base = url::Url::parse("http://x").expect("an address");
    let url = base.join(href).expect("an address");
    let to = url.query_pairs().find(|(name, _)| name == "return_to");
    to.map_or_else(|| href.to_owned(), |(_, value)| value.into_owned())
}

/// What was written, and nothing that nobody wrote.
fn shows_what_was_written(answer: &Answer) {
    assert_eq!(
        texts(&answer.text, "dd.written"),
        ["Mend the basket\n<b>bold</b>", "manual"],
        "{}",
        answer.text
    );
    for hidden in ["AAAA", "BBBB", "CCCC", "<b>bold"] {
        assert!(!answer.text.contains(hidden), "{hidden}");
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn after_the_session_has_ended(pool: PgPool) {
    let world = World::start(pool).await;
    let path = "/services/cart/deploy";
    let page = format!("{}{path}?version=1.2.0", world.url);
    let mut ended = world.signed_in("developer").await;
    let token = ended.csrf();
    let mut left = ended.clone();
    left.post_form("/auth/logout", &[]).await;
    let with_token = WRITTEN.replace("AAAA", &token);
    let nobody = world.browser();
    // With the cookie of the ended session, and with none since the browser was closed.
    for (browser, body) in [
        (&mut ended, with_token.as_str()),
        (&mut nobody.clone(), WRITTEN),
    ] {
        let answer = send(browser, path, Some(&page), body).await;
        assert_eq!(answer.status, 401, "{}", answer.text);
        assert_eq!(texts(&answer.text, "h1"), ["Your session has ended"]);
        assert!(answer.text.contains("Nothing was done."));
        assert_eq!(next(&answer.text), "/services/cart/deploy?version=1.2.0");
        shows_what_was_written(&answer);
    }
    // Never to another host, whatever the browser says.
    for foreign in [
        "https://evil.test/services",
        &format!("{}//evil.test/x", world.url),
        "nonsense",
    ] {
        let answer = send(&mut nobody.clone(), path, Some(foreign), WRITTEN).await;
        let to = next(&answer.text);
        assert!(to == path || to == "/", "{foreign} leads to {to}");
    }
    assert_eq!(world.count("SELECT count(*) FROM change").await, 0);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn from_before_somebody_signed_in_anew(pool: PgPool) {
    let world = World::start(pool).await;
    let path = "/services/cart/deploy";
    let mut browser = world.signed_in("developer").await;
    let page = format!("{}{path}", world.url);
    let answer = send(&mut browser, path, Some(&page), WRITTEN).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert_eq!(texts(&answer.text, "h1"), ["This form is out of date"]);
    assert_eq!(next(&answer.text), path);
    shows_what_was_written(&answer);
    assert_eq!(texts(&answer.text, "nav.side").len(), 1, "the menu stays");
    // What another site made the browser send is told as that, and shows nothing of it.
    let headers = [("content-type", FORM), ("sec-fetch-site", "cross-site")];
    let body = Some(WRITTEN.to_owned());
    let answer = browser.send(Method::POST, path, &headers, body).await;
    assert_eq!(
        texts(&answer.text, "h1"),
        ["This request came from another site"]
    );
    assert!(!answer.text.contains("Mend the basket"));
    assert_eq!(world.count("SELECT count(*) FROM change").await, 0);
}

/// Every form leads back to a page that can be opened.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn each_form_leads_back_to_a_page(pool: PgPool) {
    let world = World::start(pool).await;
    let uuid = "01900000-0000-7000-8000-000000000000";
    let mut looked = 0;
    for (method, path) in of_the_router(&world.state) {
        if method != "POST" || path.starts_with("/api/") || path.starts_with("/auth/") {
            continue;
        }
        let path = path.replace("{name}", "cart").replace("{id}", uuid);
        let answer = send(&mut world.browser(), &path, None, "reason=x").await;
        assert_eq!(answer.status, 401, "{path}: {}", answer.text);
        let page = world
            .signed_in("administrator")
            .await
            .get(&next(&answer.text))
            .await;
        assert_ne!(page.status, 405, "{path} leads to {}", next(&answer.text));
        looked += 1;
    }
    assert!(looked > 20, "{looked}");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn who_is_signed_in_keeps_the_menu(pool: PgPool) {
    let world = World::start(pool).await;
    let mut browser = world.signed_in("developer").await;
    let missing = browser.get("/nosuch").await;
    assert_eq!(missing.status, 404);
    assert_eq!(texts(&missing.text, "nav.side").len(), 1);
    let refused = browser
        .post_form("/preferences/theme", &[("theme", "pink")])
        .await;
    assert_eq!(refused.status, 422);
    assert_eq!(texts(&refused.text, "nav.side").len(), 1);
    let stranger = world.browser().get("/nosuch").await;
    assert_eq!(stranger.status, 404);
    assert_eq!(texts(&stranger.text, "nav.side").len(), 0);
    let program = world.browser().get("/api/nosuch").await;
    assert_eq!(program.code(), "not_found");
}
