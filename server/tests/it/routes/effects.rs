//! Every route that changes something, used once with success: an event of the right kind must come of it.
//!
//! A new route without an entry here fails the test, so nobody forgets what it should leave in the log.

use serde_json::json;
use sqlx::PgPool;

use super::{Route, is_unsafe, of_the_router};
use crate::harness::{
    Answer, World,
    attention::settle,
    back::{delegate, override_promotion},
    calendar::{ask_override, confirm_override, make_entry},
    shop::{OWN, ask, decide, id, make_token, release, wish},
};

/// What was answered, and the kind of the event that must be among the new ones.
type Effect = (Answer, &'static str);

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn every_effect_is_an_event(pool: PgPool) {
    let world = World::promoting(pool).await.with_shop().await;
    let routes: Vec<Route> = of_the_router(&world.state)
        .into_iter()
        .filter(is_unsafe)
        .collect();
    assert!(routes.len() >= 20, "{routes:?}");
    for (method, path) in routes {
        let route = format!("{method} {path}");
        let prepared = prepare(&world, &route).await;
        let before = world.kinds().await.len();
        let (answer, kind) = act(&world, &route, prepared).await;
        assert!(
            matches!(answer.status, 200..=204 | 303),
            "{route}: {} {}",
            answer.status,
            answer.text
        );
        let new = world.kinds().await.split_off(before);
        assert!(
            new.iter().any(|k| k == kind),
            "{route} left {new:?}, but no {kind}"
        );
    }
}

/// What has to be there before: a change in the right state, a token to revoke.
async fn prepare(world: &World, route: &str) -> serde_json::Value {
    world.nothing_runs().await;
    world.nothing_holds().await;
    for of in ["freezes", "windows", "stops"] {
        if route.contains(&format!("/{of}/{{id}}")) {
            return world.entry(of).await;
        }
    }
    if route.contains("/delegations/{id}") {
        return world.delegated().await;
    }
    if route.ends_with("/delegations") {
        world.signed_in("manager2").await;
    }
    if route == "POST /calendar/{id}/end" {
        return world.entry("freezes").await;
    }
    match route.rsplit('/').next().unwrap_or_default() {
        "approvals" | "decide" | "cancel" => world.waiting(OWN, "staging").await,
        "start" => world.approved(OWN).await,
        "override" => world.frozen(OWN, false).await,
        "rollback" => world.undoable(OWN).await,
        "promotion-override" => world.unpromoted(OWN).await,
        "confirm" => world.frozen(OWN, true).await,
        "retry" => world.cancelled(OWN).await,
        "resume" => parked(world).await,
        "attention" => world.parked(OWN).await,
        "{id}" if route.contains("/attention/") => world.parked(OWN).await,
        "revoke" | "{id}" => {
            let mut browser = world.signed_in("developer").await;
            make_token(&mut browser, &["read"]).await.json()
        }
        "end" => another_session(world).await,
        "redeem" => ticket(world).await,
        "disable" => world.person(None, false).await,
        "enable" => world.person(None, true).await,
        _ => json!(null),
    }
}

async fn act(world: &World, route: &str, prepared: serde_json::Value) -> Effect {
    let it = prepared["id"].as_str().unwrap_or_default().to_owned();
    let digest = prepared["evidence_digest"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let mut developer = world.signed_in("developer").await;
    let mut administrator = world.signed_in("administrator").await;
    let because = json!({"reason": "a test"});
    let api = format!("/changes/{it}");
    match route {
        "POST /api/v1/services/import" => (
            administrator.call("POST", "/services/import", None).await,
            "catalog.imported",
        ),
        "POST /api/v1/services/{name}/releases" => (
            developer
                .call(
                    "POST",
                    "/services/cart/releases",
                    Some(&release(OWN, "1.2.0")),
                )
                .await,
            "release.registered",
        ),
        "POST /api/v1/changes" => (
            developer
                .call("POST", "/changes", Some(&wish(OWN, "staging")))
                .await,
            "change.requested",
        ),
        "POST /api/v1/changes/{id}/approvals" => (
            decide(&mut developer, &prepared, "approve").await,
            "change.approved",
        ),
        "POST /api/v1/changes/{id}/start" => (
            developer.call("POST", &format!("{api}/start"), None).await,
            "change.started",
        ),
        "POST /api/v1/changes/{id}/cancel" => (
            developer
                .call("POST", &format!("{api}/cancel"), Some(&because))
                .await,
            "change.cancelled",
        ),
        "POST /api/v1/changes/{id}/retry" => (
            developer
                .call("POST", &format!("{api}/retry"), Some(&because))
                .await,
            "change.requested",
        ),
        "POST /api/v1/delegations" => {
            let mut manager = world.signed_in("manager").await;
            (delegate(&mut manager).await, "delegation.made")
        }
        "DELETE /api/v1/delegations/{id}" => {
            let mut manager = world.signed_in("manager").await;
            (
                manager
                    .call("DELETE", &format!("/delegations/{it}"), None)
                    .await,
                "delegation.ended",
            )
        }
        "POST /delegations" => {
            let mut manager = world.signed_in("manager").await;
            let until = control::Clock::system().now() + jiff::SignedDuration::from_hours(24);
            let until = until.strftime("%Y-%m-%dT%H:%M").to_string();
            let fields = [
                ("to", "manager2"),
                ("until", &until),
                ("reason", "a test"),
                ("once", "key-delegate"),
            ];
            (
                manager.post_form("/delegations", &fields).await,
                "delegation.made",
            )
        }
        "POST /delegations/{id}/end" => {
            let mut manager = world.signed_in("manager").await;
            (
                manager
                    .post_form(&format!("/delegations/{it}/end"), &[])
                    .await,
                "delegation.ended",
            )
        }
        "POST /api/v1/changes/{id}/rollback" => (
            developer
                .call("POST", &format!("{api}/rollback"), Some(&because))
                .await,
            "change.requested",
        ),
        "POST /changes/{id}/rollback" => {
            let fields = [
                ("reason", "a test"),
                ("start_mode", "manual"),
                ("once", "key-back"),
            ];
            (
                developer
                    .post_form(&format!("{api}/rollback"), &fields)
                    .await,
                "change.requested",
            )
        }
        "POST /api/v1/changes/{id}/promotion-override" => {
            let mut manager = world.stepped_up("manager").await;
            (
                override_promotion(&mut manager, &prepared).await,
                "change.promotion_overridden",
            )
        }
        "POST /changes/{id}/promotion-override" => {
            let mut manager = world.stepped_up("manager").await;
            let fields = [("evidence_digest", digest.as_str()), ("reason", "a test")];
            (
                manager
                    .post_form(&format!("{api}/promotion-override"), &fields)
                    .await,
                "change.promotion_overridden",
            )
        }
        "POST /api/v1/changes/{id}/override" => {
            let mut manager = world.signed_in("manager").await;
            (
                ask_override(&mut manager, &prepared).await,
                "override.asked",
            )
        }
        "POST /api/v1/changes/{id}/override/confirm" => {
            let mut operator = world.signed_in("operator").await;
            (
                confirm_override(&mut operator, &prepared).await,
                "override.confirmed",
            )
        }
        "POST /changes/{id}/override" => {
            let mut manager = world.signed_in("manager").await;
            let fields = [
                ("evidence_digest", digest.as_str()),
                ("override_reason", "a test"),
                ("hours", "2"),
                ("once", "key-override"),
            ];
            (
                manager.post_form(&format!("{api}/override"), &fields).await,
                "override.asked",
            )
        }
        "POST /changes/{id}/override/confirm" => {
            let mut operator = world.signed_in("operator").await;
            let fields = [("evidence_digest", digest.as_str())];
            (
                operator
                    .post_form(&format!("{api}/override/confirm"), &fields)
                    .await,
                "override.confirmed",
            )
        }
        "POST /api/v1/freezes" => (
            make_entry(&mut administrator, "freezes").await,
            "freeze.created",
        ),
        "POST /api/v1/windows" => (
            make_entry(&mut administrator, "windows").await,
            "window.created",
        ),
        "POST /api/v1/stops" => (
            make_entry(&mut administrator, "stops").await,
            "stop.created",
        ),
        "DELETE /api/v1/freezes/{id}" => (
            (world.signed_in("operator").await)
                .call("DELETE", &format!("/freezes/{it}"), None)
                .await,
            "freeze.ended",
        ),
        "DELETE /api/v1/windows/{id}" => (
            (world.signed_in("operator").await)
                .call("DELETE", &format!("/windows/{it}"), None)
                .await,
            "window.ended",
        ),
        "DELETE /api/v1/stops/{id}" => (
            (world.signed_in("operator").await)
                .call("DELETE", &format!("/stops/{it}"), None)
                .await,
            "stop.ended",
        ),
        "POST /calendar/new" => {
            let fields = [
                ("class", "freeze"),
                ("scope.kind", "failover"),
                ("zone", "Europe/Berlin"),
                ("how", "recurring"),
                ("rrule", "FREQ=WEEKLY;BYDAY=FR"),
                ("start", "2026-12-04T18:00"),
                ("lasts_s", "3600"),
                ("reason", "a test"),
                ("once", "key-calendar"),
            ];
            (
                administrator.post_form("/calendar/new", &fields).await,
                "freeze.created",
            )
        }
        "POST /calendar/{id}/end" => {
            let fields = [("reason", "a test")];
            (
                (world.signed_in("operator").await)
                    .post_form(&format!("/calendar/{it}/end"), &fields)
                    .await,
                "freeze.ended",
            )
        }
        "POST /api/v1/tickets/redeem" => {
            let body = json!({"ticket": prepared}).to_string();
            let headers = [("content-type", "application/json")];
            let mut answer = world
                .browser()
                .send(
                    reqwest::Method::POST,
                    "/api/v1/tickets/redeem",
                    &headers,
                    Some(body),
                )
                .await;
            // Nobody plays AWS here, so no session comes of it: what counts is that the ticket is spent, and that it is in the log.
            assert!(answer.status >= 400, "{}", answer.text);
            answer.status = 200;
            (answer, "ticket.redeemed")
        }
        "POST /api/v1/people/{id}/disable" => (
            administrator
                .call("POST", &format!("/people/{it}/disable"), Some(&because))
                .await,
            "person.disabled",
        ),
        "POST /people/{id}/disable" => (
            administrator
                .post_form(&format!("/people/{it}/disable"), &[("reason", "a test")])
                .await,
            "person.disabled",
        ),
        "POST /people/{id}/enable" => (
            administrator
                .post_form(&format!("/people/{it}/enable"), &[("reason", "a test")])
                .await,
            "person.enabled",
        ),
        "POST /api/v1/people/{id}/enable" => (
            administrator
                .call("POST", &format!("/people/{it}/enable"), Some(&because))
                .await,
            "person.enabled",
        ),
        "POST /api/v1/tokens" => (make_token(&mut developer, &["read"]).await, "token.created"),
        "DELETE /api/v1/tokens/{id}" => (
            developer
                .call("DELETE", &format!("/tokens/{it}"), None)
                .await,
            "token.revoked",
        ),

        "POST /services/{name}/deploy" => {
            let fields = [
                ("version", "1.1.0"),
                ("environment", "staging"),
                ("reason", "a test"),
                ("start_mode", "manual"),
                ("once", "key-1"),
            ];
            (
                developer.post_form("/services/cart/deploy", &fields).await,
                "change.requested",
            )
        }
        "POST /changes/{id}/decide" => {
            let fields = [
                ("decision", "approve"),
                ("evidence_digest", digest.as_str()),
                ("comment", "seen"),
            ];
            (
                developer.post_form(&format!("{api}/decide"), &fields).await,
                "change.approved",
            )
        }
        "POST /changes/{id}/start" => (
            developer.post_form(&format!("{api}/start"), &[]).await,
            "change.started",
        ),
        "POST /changes/{id}/cancel" => (
            developer
                .post_form(&format!("{api}/cancel"), &[("reason", "a test")])
                .await,
            "change.cancelled",
        ),
        "POST /changes/{id}/retry" => (
            developer
                .post_form(&format!("{api}/retry"), &[("reason", "a test")])
                .await,
            "change.requested",
        ),
        "POST /api/v1/changes/{id}/attention" => {
            let mut operator = world.signed_in("operator").await;
            (
                settle(&mut operator, &prepared, "abandon").await,
                "change.abandoned",
            )
        }
        "POST /attention/{id}" => {
            let mut operator = world.signed_in("operator").await;
            let fields = [
                ("choice", "done"),
                ("attempt", prepared["attempt"].as_str().unwrap_or_default()),
                ("reason", "I looked"),
                ("reference", "https://jenkins.example/1"),
            ];
            (
                operator
                    .post_form(&format!("/attention/{it}"), &fields)
                    .await,
                "change.marked_done",
            )
        }
        "POST /changes/{id}/resume" => {
            let mut operator = world.signed_in("operator").await;
            (
                operator
                    .post_form(&format!("{api}/resume"), &[("reason", "I looked")])
                    .await,
                "change.resumed",
            )
        }
        "POST /approvals" => {
            let chosen = format!("{it}:{digest}");
            (
                developer
                    .post_form(
                        "/approvals",
                        &[
                            ("decision", "reject"),
                            ("change", &chosen),
                            ("comment", "no"),
                        ],
                    )
                    .await,
                "change.rejected",
            )
        }
        "POST /tokens" => {
            let fields = [("name", "a test"), ("days", "7"), ("scopes", "read")];
            (
                developer.post_form("/tokens", &fields).await,
                "token.created",
            )
        }
        "POST /tokens/{id}/revoke" => (
            developer
                .post_form(&format!("/tokens/{it}/revoke"), &[])
                .await,
            "token.revoked",
        ),
        "POST /sessions/{id}/end" => (
            developer
                .post_form(&format!("/sessions/{it}/end"), &[])
                .await,
            "session.signed_out",
        ),
        "POST /catalog/import" => (
            administrator.post_form("/catalog/import", &[]).await,
            "catalog.imported",
        ),
        "POST /preferences/theme" => (
            developer
                .post_form(
                    "/preferences/theme",
                    &[("theme", "dark"), ("return_to", "/")],
                )
                .await,
            "preference.theme_chosen",
        ),

        "POST /auth/logout" | "POST /auth/sign-out" => (
            developer.post_form(&route[5..], &[]).await,
            "session.signed_out",
        ),
        "POST /auth/logout-everywhere" | "POST /auth/sign-out-everywhere" => (
            developer.post_form(&route[5..], &[]).await,
            "session.signed_out_everywhere",
        ),
        "POST /auth/backchannel-logout" => {
            let token = world
                .op
                .logout_token(json!({"sub": "developer"}), |_, _, _| {});
            let form = format!("logout_token={token}");
            let headers = [("content-type", "application/x-www-form-urlencoded")];
            let answer = world
                .browser()
                .send(
                    reqwest::Method::POST,
                    "/auth/backchannel-logout",
                    &headers,
                    Some(form),
                )
                .await;
            (answer, "session.backchannel_logout")
        }
        other => panic!("{other} is new: add here how it is used and which event it leaves"),
    }
}

/// The same person in a second browser.
async fn another_session(world: &World) -> serde_json::Value {
    let _other = world.signed_in("developer").await;
    let id: uuid::Uuid = sqlx::query_scalar(
        "SELECT s.id FROM session s JOIN person p ON p.id = s.person_id
         WHERE p.login = 'developer' ORDER BY s.created_at DESC LIMIT 1",
    )
    .fetch_one(&world.pool)
    .await
    .expect("a session");
    json!({ "id": id })
}

/// A change that runs and has stopped for a person to look. Made by hand: nothing outside is there to fail.
async fn parked(world: &World) -> serde_json::Value {
    let change = world.approved(OWN).await;
    let mut browser = world.signed_in("developer").await;
    let started = browser
        .call("POST", &format!("/changes/{}/start", id(&change)), None)
        .await;
    assert_eq!(started.status, 202, "{}", started.text);
    for sql in [
        "UPDATE change SET state = 'needs_attention' WHERE state = 'running'",
        "UPDATE run SET state = 'needs_attention' WHERE state = 'running'",
        "UPDATE step SET state = 'needs_attention' WHERE state = 'due'",
    ] {
        sqlx::query(sql).execute(&world.pool).await.expect("parked");
    }
    change
}

/// The secret of a ticket of a running step.
async fn ticket(world: &World) -> serde_json::Value {
    let mut developer = world.signed_in("developer").await;
    let change = ask(&mut developer, OWN, "dev").await;
    let started = developer
        .call("POST", &format!("/changes/{}/start", id(&change)), None)
        .await;
    assert_eq!(started.status, 202, "{}", started.text);
    let secret = "ptk_a-ticket-of-a-test";
    let hash = domain::canonical::sha256(secret);
    sqlx::query(
        "INSERT INTO ticket (id, step_id, hash, made_at, expires_at)
         SELECT gen_random_uuid(), s.id, $1, now(), now() + interval '1 hour' FROM step s JOIN run r ON r.id = s.run_id
         WHERE r.change_id = $2::uuid AND s.kind = 'trigger_pipeline'",
    )
    .bind(hash.as_slice())
    .bind(id(&change))
    .execute(&world.pool)
    .await
    .expect("a ticket");
    sqlx::query("UPDATE step SET state = 'running' WHERE kind = 'trigger_pipeline' AND run_id = (SELECT id FROM run WHERE change_id = $1::uuid)")
        .bind(id(&change))
        .execute(&world.pool)
        .await
        .expect("a running step");
    json!(secret)
}
