//! The changes that the workers do: four of each service, each asked for when the one before it has ended.

use std::collections::BTreeMap;

use serde_json::json;
use uuid::Uuid;

use crate::harness::{
    Browser, World,
    shop::{decide, id, release},
};

pub struct Service {
    pub name: &'static str,
    asks: &'static str,
    agrees: &'static str,
}

const fn of(team: &'static str, name: &'static str) -> Service {
    let (asks, agrees) = match team.as_bytes() {
        b"checkout" => ("developer2", "developer"),
        _ => ("catalog-developer", "manager2"),
    };
    Service { name, asks, agrees }
}

/// Those that the stand-in world knows and that somebody may ask for.
pub const SERVICES: [Service; 6] = [
    of("checkout", "cart"),
    of("checkout", "checkout"),
    of("checkout", "payment"),
    of("catalog", "product-catalog"),
    of("catalog", "search"),
    of("catalog", "recommendation"),
];

/// What becomes of each service: one region without approvals, two regions with one.
const ROUNDS: [(&str, &str); 4] = [
    ("dev", "1.1.0"),
    ("staging", "1.1.0"),
    ("dev", "1.2.0"),
    ("staging", "1.2.0"),
];

pub struct Work {
    people: BTreeMap<&'static str, Browser>,
    /// Of each service and environment: the versions still to come, and the change under way.
    tracks: Vec<Track>,
}

struct Track {
    service: &'static Service,
    environment: &'static str,
    versions: Vec<&'static str>,
    now: Option<Uuid>,
}

impl Work {
    pub async fn begin(world: &World) -> Self {
        let mut people = BTreeMap::new();
        for service in &SERVICES {
            for login in [service.asks, service.agrees] {
                if !people.contains_key(login) {
                    people.insert(login, world.signed_in(login).await);
                }
            }
        }
        let mut administrator = world.signed_in("administrator").await;
        for service in &SERVICES {
            for version in ["1.1.0", "1.2.0"] {
                let path = format!("/services/{}/releases", service.name);
                let release = release(service.name, version);
                let answer = administrator.call("POST", &path, Some(&release)).await;
                assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
            }
        }
        let track = |service, environment| Track {
            service,
            environment,
            versions: ROUNDS
                .iter()
                .rev()
                .filter(|(e, _)| *e == environment)
                .map(|(_, v)| *v)
                .collect(),
            now: None,
        };
        let tracks = SERVICES
            .iter()
            .flat_map(|service| ["dev", "staging"].map(|e| track(service, e)));
        Self {
            people,
            tracks: tracks.collect(),
        }
    }

    /// Asks for what can be asked for now; whether all is done.
    pub async fn go_on(&mut self, world: &World) -> bool {
        for track in &mut self.tracks {
            if let Some(id) = track.now {
                let (state, why): (String, Option<String>) =
                    sqlx::query_as("SELECT state, state_reason FROM change WHERE id = $1")
                        .bind(id)
                        .fetch_one(&world.pool)
                        .await
                        .expect("a change");
                match state.as_str() {
                    "succeeded" => track.now = None,
                    "approved" | "running" => continue,
                    _ => panic!(
                        "{} in {} is {state}: {why:?}",
                        track.service.name, track.environment
                    ),
                }
            }
            if let Some(version) = track.versions.pop() {
                track.now = Some(approved(&mut self.people, track, version).await);
            }
        }
        self.tracks.iter().all(|track| track.now.is_none())
    }

    /// What is not done yet, for a test that gives up.
    pub async fn left(&self, world: &World) -> String {
        let rows: Vec<String> = sqlx::query_scalar(
            "SELECT format('%s in %s %s %s: %s %s by %s, attempts %s, deaths %s: %s', c.service, c.environment, c.state, s.region, s.kind, s.state,
                 s.lease_owner, s.attempts, s.deaths, s.note)
             FROM change c LEFT JOIN run r ON r.change_id = c.id LEFT JOIN step s ON s.run_id = r.id AND s.state NOT IN ('succeeded', 'waiting')
             WHERE c.state <> 'succeeded'",
        )
        .fetch_all(&world.pool)
        .await
        .expect("what is left");
        rows.join("\n")
    }
}

async fn approved(
    people: &mut BTreeMap<&'static str, Browser>,
    track: &Track,
    version: &str,
) -> Uuid {
    let wish = json!({
        "kind": "deploy", "service": track.service.name, "version": version, "environment": track.environment,
        "reason": "to see it survive", "start_mode": "on_approval",
    });
    let asks = people.get_mut(track.service.asks).expect("signed in");
    let asked = asks.call("POST", "/changes", Some(&wish)).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let change = asked.json();
    if track.environment == "staging" {
        let agrees = people.get_mut(track.service.agrees).expect("signed in");
        let agreed = decide(agrees, &change, "approve").await;
        assert_eq!(agreed.status, 201, "{}", agreed.text);
    }
    id(&change).parse().expect("an id")
}
