//! Every route there is, from the router itself and from the API's description; and for each that
//! changes something an audit event.

mod effects;

use std::collections::{BTreeMap, BTreeSet};

use portolan_server::{AppState, api, serve};
use sqlx::PgPool;

use crate::harness::World;

/// `POST /api/v1/changes` and so on.
pub type Route = (String, String);

/// axum gives out no list of its routes, but prints them. Should it print them otherwise one day, the tests
/// below fail, since routes that are known to be there are missing.
pub fn of_the_router(state: &AppState) -> BTreeSet<Route> {
    let printed = format!("{:?}", serve::router(state));
    let (known, _) = printed.split_once("fallback_router").expect("a router");
    let (endpoints, paths) = known.split_once("node: Node").expect("a table of paths");
    let mut methods = BTreeMap::new();
    for part in endpoints.split("RouteId(").skip(1) {
        let (id, rest) = part.split_once(')').expect("an id");
        let allowed = rest
            .split_once("allow_header: Bytes(b\"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .map_or("", |(allowed, _)| allowed);
        methods.insert(id.to_owned(), allowed.to_owned());
    }
    let mut all = BTreeSet::new();
    for part in paths.split("RouteId(").skip(1) {
        let Some((id, rest)) = part.split_once("): \"") else {
            continue;
        };
        let (path, _) = rest.split_once('"').expect("a path");
        for method in methods
            .get(id)
            .map_or("", String::as_str)
            .split(',')
            .filter(|m| !m.is_empty())
        {
            all.insert((method.to_owned(), path.to_owned()));
        }
    }
    all
}

/// What the API says it has.
fn of_the_description() -> BTreeSet<Route> {
    let description = serde_json::to_value(api::description()).expect("JSON");
    let mut all = BTreeSet::new();
    for (path, item) in description["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("operations").keys() {
            let path = if path.starts_with("/api/v1") {
                path.clone()
            } else {
                format!("/api/v1{path}")
            };
            all.insert((method.to_uppercase(), path));
        }
    }
    all
}

pub fn is_unsafe(route: &Route) -> bool {
    !matches!(route.0.as_str(), "GET" | "HEAD" | "OPTIONS" | "TRACE")
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_list_of_routes_is_whole(pool: PgPool) {
    let world = World::start(pool).await;
    let routes = of_the_router(&world.state);
    for (method, path) in [
        ("GET", "/healthz"),
        ("POST", "/api/v1/changes"),
        ("POST", "/auth/logout"),
        ("DELETE", "/api/v1/tokens/{id}"),
        ("POST", "/approvals"),
        ("GET", "/changes/{id}"),
    ] {
        assert!(
            routes.contains(&(method.to_owned(), path.to_owned())),
            "{method} {path} in {routes:#?}"
        );
    }
    let described = of_the_description();
    let served: BTreeSet<Route> = routes
        .iter()
        .filter(|(method, path)| {
            path.starts_with("/api/v1/") && method != "HEAD" && !path.contains("__private")
        })
        .cloned()
        .collect();
    let undescribed: Vec<_> = served
        .difference(&described)
        .filter(|(_, path)| path != "/api/v1/openapi.json")
        .collect();
    assert!(
        undescribed.is_empty(),
        "served, but not described: {undescribed:?}"
    );
    let unserved: Vec<_> = described.difference(&served).collect();
    assert!(
        unserved.is_empty(),
        "described, but not served: {unserved:?}"
    );
}

/// Effects on GET would get past the layer that guards against other sites.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn nothing_is_done_by_methods_that_should_do_nothing(pool: PgPool) {
    let world = World::start(pool).await;
    let methods: BTreeSet<String> = of_the_router(&world.state)
        .into_iter()
        .map(|(method, _)| method)
        .collect();
    assert_eq!(
        methods.into_iter().collect::<Vec<_>>(),
        ["DELETE", "GET", "HEAD", "POST"]
    );
}
