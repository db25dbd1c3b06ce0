//! The REST API as scripts use it: with a token, over HTTP, on a catalogue of twelve services.

mod bad_input;
mod changes;
mod document;
mod events;
mod export;
mod hostile;
mod keyed;
mod reading;
mod refused;

use std::collections::BTreeMap;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::{Answer, World};

/// Somebody's script: it has a token and nothing else.
#[derive(Clone, Debug)]
pub struct Script {
    url: String,
    client: Client,
    token: Option<String>,
}

impl Script {
    fn new(world: &World, token: Option<String>) -> Self {
        let client = Client::builder().no_proxy().build().expect("a client");
        Self {
            url: world.url.clone(),
            client,
            token,
        }
    }

    /// The request, ready to be altered.
    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self
            .client
            .request(method, format!("{}/api/v1{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn get(&self, path: &str) -> Answer {
        send(self.request("GET", path)).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request("POST", path).json(body)).await
    }

    /// The JSON of an answer that must have this status.
    async fn made(&self, path: &str, body: &Value, status: u16) -> Value {
        let answer = self.post(path, body).await;
        assert_eq!(answer.status, status, "POST {path} {body}: {}", answer.text);
        answer.json()
    }

    async fn read(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.text);
        assert_eq!(answer.header("cache-control"), "no-store", "GET {path}");
        answer.json()
    }
}

async fn send(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await.expect("a body"),
    }
}

/// A portal with the catalogue of the local stack, releases 1.0.0 and 1.1.0 of cart, and some scripts.
struct Shop {
    world: World,
    scripts: BTreeMap<&'static str, Script>,
}

impl Shop {
    async fn open(pool: PgPool) -> Self {
        let world = World::start(pool).await;
        let mut scripts = BTreeMap::from([("nobody", Script::new(&world, None))]);
        for login in ["administrator", "developer", "developer2", "auditor"] {
            let wish = json!({"name": "script", "expires_at": in_days(&world, 30)});
            let mut browser = world.signed_in(login).await;
            let answer = browser.call("POST", "/tokens", Some(&wish)).await;
            assert_eq!(answer.status, 201, "{}", answer.text);
            let token = answer.json()["token"].as_str().expect("a token").to_owned();
            scripts.insert(login, Script::new(&world, Some(token)));
        }
        let shop = Self { world, scripts };
        let report = shop
            .as_("administrator")
            .made("/services/import", &json!({}), 200)
            .await;
        assert_eq!(report["problems"], json!([]));
        for version in ["1.0.0", "1.1.0"] {
            let made = shop
                .as_("developer")
                .made("/services/cart/releases", &release(version), 201)
                .await;
            assert_eq!(made["registered_by"], "developer");
        }
        shop
    }

    fn as_(&self, login: &str) -> &Script {
        &self.scripts[login]
    }

    /// A change that developer asks for.
    async fn change(&self, environment: &str) -> Value {
        self.as_("developer")
            .made("/changes", &wish(environment), 202)
            .await
    }
}

fn in_days(world: &World, days: i64) -> String {
    let hours = jiff::SignedDuration::from_hours(24 * days);
    (world.state.control().now() + hours).to_string()
}

fn release(version: &str) -> Value {
    let digest = domain::canonical::sha256(version)
        .map(|b| format!("{b:02x}"))
        .concat();
    json!({"version": version, "commit": "0123abc", "digest": format!("sha256:{digest}")})
}

fn wish(environment: &str) -> Value {
    json!({"kind": "deploy", "service": "cart", "version": "1.1.0", "environment": environment,
        "reason": "because", "start_mode": "manual"})
}
