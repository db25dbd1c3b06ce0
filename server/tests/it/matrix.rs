//! Who may do what: job roles × calls × own and foreign objects, as the API and the pages answer.
//!
//! The table is checked in. A change of policy, of a route or of a decision is a line of its diff.

mod forms;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{
    harness::{
        Answer, Browser, World,
        attention::settle,
        back::{delegate, override_promotion},
        calendar::{ask_override, confirm_override, make_entry},
        shop::{FOREIGN, OWN, decide, id, make_token, release, wish},
    },
    routes,
};

const PEOPLE: [&str; 7] = [
    "nobody",
    "outsider",
    "developer",
    "manager",
    "operator",
    "auditor",
    "administrator",
];

/// Calls about one service or change: own is of team checkout, foreign of team catalog.
const ABOUT: [&str; 28] = [
    "GET /services/{name}",
    "GET /services/{name}/releases",
    "POST /services/{name}/releases",
    "POST /changes",
    "GET /changes/{id}",
    "GET /changes/{id}/evidence",
    "GET /changes/{id}/explain",
    "GET /changes/{id}/runs",
    "GET /changes/{id}/log",
    "GET /changes/{id}/events",
    "POST /changes/{id}/approvals approve",
    "POST /changes/{id}/approvals reject",
    "POST /changes/{id}/start",
    "POST /changes/{id}/cancel",
    "POST /changes/{id}/retry",
    "GET /changes/{id}/attention",
    "POST /changes/{id}/attention done",
    "POST /changes/{id}/attention retry",
    "POST /changes/{id}/attention abandon",
    "POST /changes/{id}/attention go_on",
    "POST /changes/{id}/attention roll_back",
    "DELETE /tokens/{id}",
    "POST /people/{id}/disable",
    "POST /people/{id}/enable",
    "POST /changes/{id}/override",
    "POST /changes/{id}/override/confirm",
    "POST /changes/{id}/rollback",
    "POST /changes/{id}/promotion-override",
];

/// Calls about nothing in particular. Of lists the table says how many items there were.
const PLAIN: [&str; 28] = [
    "GET /delegations",
    "POST /delegations",
    "DELETE /delegations/{id}",
    "GET /me",
    "GET /services",
    "POST /services/import",
    "GET /environments",
    "GET /environments/{name}",
    "GET /regions",
    "GET /rules",
    "GET /changes",
    "GET /changes?awaiting=me",
    "GET /attention",
    "GET /audit/events",
    "GET /audit/events/{id}",
    "GET /audit/export",
    "GET /tokens",
    "POST /tokens",
    "GET /people",
    "GET /freezes",
    "POST /freezes",
    "DELETE /freezes/{id}",
    "GET /windows",
    "POST /windows",
    "DELETE /windows/{id}",
    "GET /stops",
    "POST /stops",
    "DELETE /stops/{id}",
];

const PAGES: [&str; 17] = [
    "/delegations",
    "/people",
    "/keys",
    "/",
    "/services",
    "/changes",
    "/approvals",
    "/attention",
    "/audit",
    "/tokens",
    "/catalog",
    "/rules",
    "/environments",
    "/sessions",
    "/calendar",
    "/calendar/new",
    "/calendar/{id}",
];
const PAGES_ABOUT: [&str; 8] = [
    "/services/{name}",
    "/services/{name}/deploy",
    "/changes/{id}",
    "/changes/{id}/log",
    "/changes/{id}/rollback",
    "/attention/{id}",
    "/people/{id}",
    "/audit/{id}",
];

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn who_may_do_what(pool: PgPool) {
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
    let event: uuid::Uuid = sqlx::query_scalar("SELECT id FROM audit_event LIMIT 1")
        .fetch_one(&world.pool)
        .await
        .expect("an event");
    // Who stands in for others has signed in before.
    world.signed_in("manager2").await;
    // One of each team for the lists.
    world.waiting(OWN, "staging").await;
    world.waiting(FOREIGN, "staging").await;
    let mut table = String::new();
    let mut line = |what: &str, cells: Vec<String>| {
        let cells: String = cells.iter().fold(String::new(), |mut all, cell| {
            write!(all, " {cell:<24}").expect("written");
            all
        });
        writeln!(table, "{what:<50}{}", cells.trim_end()).expect("written");
    };
    line("", PEOPLE.map(str::to_owned).to_vec());
    let mut unheard = vec![];
    for call in PLAIN {
        let mut cells = vec![];
        for login in PEOPLE {
            let it = entry(&world, call, &event.to_string()).await;
            let before = denials(&world, login).await;
            let cell = plain(browsers.get_mut(login).expect("a browser"), call, &it).await;
            if is_denial(&cell) && denials(&world, login).await == before {
                unheard.push(format!("{login}: {call}: {cell}"));
            }
            cells.push(cell);
        }
        line(call, cells);
    }
    for call in ABOUT {
        for (whose, service) in [("own", OWN), ("foreign", FOREIGN)] {
            let mut cells = vec![];
            for login in PEOPLE {
                let it = object(&world, call, service, login).await;
                let before = denials(&world, login).await;
                let browser = browsers.get_mut(login).expect("a browser");
                let cell = about(browser, call, service, &it).await;
                if is_denial(&cell) && denials(&world, login).await == before {
                    unheard.push(format!("{login}: {call} ({whose}): {cell}"));
                }
                cells.push(cell);
            }
            line(&format!("{call} ({whose})"), cells);
        }
    }
    world.nothing_holds().await;
    let kept = id(&world.entry("freezes").await);
    for page in PAGES {
        let path = page.replace("{id}", &kept);
        let mut cells = vec![];
        for login in PEOPLE {
            cells.push(seen(
                &browsers.get_mut(login).expect("a browser").get(&path).await,
            ));
        }
        line(&format!("page {page}"), cells);
    }
    for page in PAGES_ABOUT {
        for (whose, service) in [("own", OWN), ("foreign", FOREIGN)] {
            let path = address(&world, page, service).await;
            let mut cells = vec![];
            for login in PEOPLE {
                cells.push(seen(
                    &browsers.get_mut(login).expect("a browser").get(&path).await,
                ));
            }
            line(&format!("page {page} ({whose})"), cells);
        }
    }
    insta::assert_snapshot!("who_may_do_what", table);
    assert!(unheard.is_empty(), "denied, and no event: {unheard:#?}");
}

/// Somebody known was told no, or that there is no such thing.
fn is_denial(cell: &str) -> bool {
    cell.starts_with("403 ") || cell.starts_with("404 ")
}

/// How often this person has been denied something, by the audit log.
async fn denials(world: &World, login: &str) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM audit_event WHERE outcome = 'denied' AND person_login = $1",
    )
    .bind(login)
    .fetch_one(&world.pool)
    .await
    .expect("a number")
}

/// A page about something of one's own team or of another.
async fn address(world: &World, page: &str, service: &str) -> String {
    let text = |sql: &'static str, of: String| async move {
        let found: uuid::Uuid = sqlx::query_scalar(sql)
            .bind(of)
            .fetch_one(&world.pool)
            .await
            .expect("a row");
        found.to_string()
    };
    let about = match page {
        "/services/{name}" | "/services/{name}/deploy" => service.to_owned(),
        "/changes/{id}/rollback" => id(&world.undoable(service).await),
        "/people/{id}" => {
            let login = if service == OWN {
                "developer"
            } else {
                "manager2"
            };
            text("SELECT id FROM person WHERE login = $1", login.into()).await
        }
        "/audit/{id}" => {
            let change = id(&world.waiting(service, "staging").await);
            let sql = "SELECT id FROM audit_event WHERE change_id = $1::uuid LIMIT 1";
            text(sql, change).await
        }
        _ => id(&world.waiting(service, "staging").await),
    };
    page.replace("{name}", &about).replace("{id}", &about)
}

/// The table speaks of every page, but of those that sign in and out.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn no_page_is_left_out(pool: PgPool) {
    let world = World::start(pool).await;
    let apart = ["/healthz", "/readyz", "/metrics"];
    let missing: Vec<String> = routes::of_the_router(&world.state)
        .into_iter()
        .filter(|(method, path)| method == "GET" && !path.contains("__private"))
        .map(|(_, path)| path)
        .filter(|path| !path.starts_with("/api/") && !path.starts_with("/auth/"))
        .filter(|path| !apart.contains(&path.as_str()))
        .filter(|path| !PAGES.iter().chain(&PAGES_ABOUT).any(|page| page == path))
        .collect();
    assert!(missing.is_empty(), "add these to the table: {missing:?}");
}

/// The table speaks of every call of the API, but of those that need nobody.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn no_call_is_left_out(pool: PgPool) {
    let world = World::start(pool).await;
    let spoken: BTreeSet<String> = PLAIN
        .into_iter()
        .chain(ABOUT)
        .map(|call| {
            let mut words = call.split([' ', '?']);
            format!(
                "{} {}",
                words.next().expect("a method"),
                words.next().expect("a path")
            )
        })
        .chain([
            "GET /openapi.json".to_owned(),
            "POST /tickets/redeem".to_owned(),
        ])
        .collect();
    let missing: Vec<String> = routes::of_the_router(&world.state)
        .into_iter()
        .filter(|(method, path)| {
            method != "HEAD" && path.starts_with("/api/v1/") && !path.contains("__private")
        })
        .map(|(method, path)| format!("{method} {}", path.trim_start_matches("/api/v1")))
        .filter(|route| !spoken.contains(route))
        .collect();
    assert!(missing.is_empty(), "add these to the table: {missing:?}");
}

fn seen(answer: &Answer) -> String {
    match answer.status {
        303 => format!(
            "303 {}",
            answer.location().split('?').next().unwrap_or_default()
        ),
        status => status.to_string(),
    }
}

/// The status, with the number of items of a list or the code of a problem.
fn told(answer: &Answer) -> String {
    if answer.header("content-type") == "application/problem+json" {
        return format!("{} {}", answer.status, answer.code());
    }
    let items = serde_json::from_str::<Value>(&answer.text)
        .ok()
        .and_then(|v| v["items"].as_array().map(Vec::len));
    items.map_or_else(
        || answer.status.to_string(),
        |n| format!("{} [{n}]", answer.status),
    )
}

/// The id that the call is about: of an entry of the calendar that is in force, or else of the event.
async fn entry(world: &World, call: &str, event: &str) -> String {
    let of = ["freezes", "windows", "stops"]
        .into_iter()
        .find(|of| call.contains(of));
    if call == "DELETE /delegations/{id}" {
        return id(&world.delegated().await);
    }
    let Some(of) = of else {
        return event.to_owned();
    };
    world.nothing_holds().await;
    if call.starts_with("DELETE") {
        return id(&world.entry(of).await);
    }
    event.to_owned()
}

async fn plain(browser: &mut Browser, call: &str, event: &str) -> String {
    let (method, path) = call.split_once(' ').expect("a call");
    let path = match path {
        "/environments/{name}" => "/environments/staging".to_owned(),
        "/audit/events/{id}" => format!("/audit/events/{event}"),
        of if of.ends_with("/{id}") => of.replace("{id}", event),
        "/audit/export" => "/audit/export?format=csv".to_owned(),
        other => other.to_owned(),
    };
    let answer = match (method, path.as_str()) {
        ("POST", "/delegations") => delegate(browser).await,
        ("POST", "/tokens") => make_token(browser, &["read"]).await,
        ("POST", "/freezes" | "/windows" | "/stops") => make_entry(browser, &path[1..]).await,
        // How many events, tokens or people there are by now is of no interest.
        ("GET", "/audit/events" | "/tokens" | "/people" | "/delegations") => {
            let mut answer = browser.call("GET", &path, None).await;
            if answer.status == 200 {
                answer.text = String::new();
            }
            answer
        }
        _ => browser.call(method, &path, None).await,
    };
    told(&answer)
}

/// A change or token in the state that the call needs; nobody else touches it.
async fn object(world: &World, call: &str, service: &str, login: &str) -> Value {
    world.nothing_runs().await;
    world.nothing_holds().await;
    let (_, path) = call.split_once(' ').expect("a call");
    if path == "/tokens/{id}" {
        let owner = match (service, login) {
            (OWN, "nobody" | "outsider") | (FOREIGN, _) => "manager2",
            (_, login) => login,
        };
        let mut browser = world.signed_in(owner).await;
        return make_token(&mut browser, &["read"]).await.json();
    }
    if path.starts_with("/people/") {
        // Oneself, or somebody of whom nothing else depends.
        let own = (service == OWN && login != "nobody").then_some(login);
        return world.person(own, path.ends_with("/enable")).await;
    }
    match path.rsplit('/').next().unwrap_or_default() {
        "start" => world.approved(service).await,
        "override" => world.frozen(service, false).await,
        "rollback" => world.undoable(service).await,
        "promotion-override" => world.unpromoted(service).await,
        "confirm" => world.frozen(service, true).await,
        "retry" => world.cancelled(service).await,
        "attention go_on" | "attention roll_back" => world.halted(service).await,
        last if last.starts_with("attention") => world.parked(service).await,
        _ if path.starts_with("/changes/{id}") => world.waiting(service, "staging").await,
        _ => json!(null),
    }
}

async fn about(browser: &mut Browser, call: &str, service: &str, it: &Value) -> String {
    let because = json!({"reason": "a test"});
    let (route, decision) = match call.rsplit_once(' ') {
        Some((route, decision))
            if [
                "approve",
                "reject",
                "done",
                "retry",
                "abandon",
                "go_on",
                "roll_back",
            ]
            .contains(&decision) =>
        {
            (route, decision)
        }
        _ => (call, ""),
    };
    let (method, path) = route.split_once(' ').expect("a call");
    let name = if it.is_null() { String::new() } else { id(it) };
    let path = path.replace("{name}", service).replace("{id}", &name);
    let answer = match route {
        "POST /services/{name}/releases" => {
            browser
                .call(method, &path, Some(&release(service, "1.0.0")))
                .await
        }
        "POST /changes" => {
            browser
                .call(method, &path, Some(&wish(service, "staging")))
                .await
        }
        "POST /changes/{id}/approvals" => decide(browser, it, decision).await,
        "POST /changes/{id}/attention" => settle(browser, it, decision).await,
        "POST /changes/{id}/promotion-override" => override_promotion(browser, it).await,
        "POST /changes/{id}/override" => ask_override(browser, it).await,
        "POST /changes/{id}/override/confirm" => confirm_override(browser, it).await,
        "POST /changes/{id}/cancel"
        | "POST /changes/{id}/retry"
        | "POST /changes/{id}/rollback"
        | "POST /people/{id}/disable"
        | "POST /people/{id}/enable" => browser.call(method, &path, Some(&because)).await,
        "GET /changes/{id}/events" => {
            return told(&browser.head_of(&format!("/api/v1{path}")).await);
        }
        _ => browser.call(method, &path, None).await,
    };
    told(&answer)
}
