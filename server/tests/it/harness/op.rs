//! An `OpenID` provider of ours, over HTTP, that does everything right until a test tells it to lie.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

use super::{
    Answer, Browser,
    keys::{Key, Signing, b64, token},
};

pub const CLIENT_ID: &str = "portolan";
pub const CLIENT_SECRET: &str = "client-secret-tell-tale";

type Change<T> = Box<dyn Fn(&mut T) + Send>;

/// What the provider does otherwise than it should.
#[derive(Default)]
pub struct Script {
    pub claims: Option<Change<Map<String, Value>>>,
    pub header: Option<Change<Map<String, Value>>>,
    pub metadata: Option<Change<Value>>,
    /// The answer of the token endpoint.
    pub tokens: Option<Change<Value>>,
    pub keys: Option<Change<Value>>,
    pub signing: Signing,
    /// The token endpoint answers this, whatever is asked.
    pub token_status: Option<u16>,
    /// Accepts a code with any verifier and as often as wanted, as a careless provider would.
    pub careless: bool,
}

struct Inner {
    script: Script,
    key: Key,
    kid: String,
    portal: String,
    codes: HashMap<String, Code>,
    /// How often each endpoint was asked.
    asked: BTreeMap<&'static str, u32>,
    next: u32,
}

/// What a code stands for.
#[derive(Clone, Debug)]
struct Code {
    login: String,
    nonce: String,
    challenge: String,
    redirect: String,
    mfa: bool,
}

#[derive(Clone)]
pub struct Op {
    issuer: String,
    inner: Arc<Mutex<Inner>>,
    task: Arc<JoinHandle<()>>,
}

/// What the portal sends a browser away with.
#[derive(Debug)]
pub struct Leaving {
    pub query: HashMap<String, String>,
}

impl Leaving {
    pub fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 303, "{}", answer.text);
        let url = Url::parse(answer.location()).expect("the provider's address");
        Self {
            query: url.query_pairs().into_owned().collect(),
        }
    }

    pub fn get(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }
}

impl Op {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self::on(listener)
    }

    pub fn on(listener: TcpListener) -> Self {
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let inner = Arc::new(Mutex::new(Inner {
            script: Script::default(),
            key: Key::es256(),
            kid: "key-1".to_owned(),
            portal: String::new(),
            codes: HashMap::new(),
            asked: BTreeMap::new(),
            next: 0,
        }));
        let state = (issuer.clone(), Arc::clone(&inner));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/jwks", get(keys))
            .route("/token", post(tokens))
            .with_state(state);
        let task =
            tokio::spawn(async move { axum::serve(listener, router).await.expect("served") });
        Self {
            issuer,
            inner,
            task: Arc::new(task),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("not poisoned")
    }

    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    pub fn stop(&self) {
        self.task.abort();
    }

    pub fn let_portal(&self, url: &str) {
        self.inner().portal = url.to_owned();
    }

    /// Tells it to do something wrong from now on.
    pub fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.inner().script);
    }

    /// Changes the claims of every token.
    pub fn claims(&self, change: impl Fn(&mut Map<String, Value>) + Send + 'static) {
        self.script(|s| s.claims = Some(Box::new(change)));
    }

    /// A new key under a new name; the old one is published no more.
    pub fn rotate(&self, key: Key, kid: &str) {
        let mut inner = self.inner();
        (inner.key, inner.kid) = (key, kid.to_owned());
    }

    pub fn asked(&self, endpoint: &str) -> u32 {
        self.inner().asked.get(endpoint).copied().unwrap_or(0)
    }

    /// The person agreed at the provider: a code for the portal.
    pub fn code(&self, leaving: &Leaving, login: &str) -> String {
        assert_eq!(leaving.get("response_type"), "code");
        assert_eq!(leaving.get("client_id"), CLIENT_ID);
        assert_eq!(leaving.get("code_challenge_method"), "S256");
        let mut inner = self.inner();
        assert_eq!(
            leaving.get("redirect_uri"),
            format!("{}/auth/callback", inner.portal)
        );
        inner.next += 1;
        let code = format!("code-{}", inner.next);
        let entry = Code {
            login: login.to_owned(),
            nonce: leaving.get("nonce").to_owned(),
            challenge: leaving.get("code_challenge").to_owned(),
            redirect: leaving.get("redirect_uri").to_owned(),
            mfa: leaving.get("acr_values").contains("mfa"),
        };
        inner.codes.insert(code.clone(), entry);
        code
    }

    /// The way back to the portal.
    pub fn back(&self, leaving: &Leaving, login: &str) -> String {
        let code = self.code(leaving, login);
        self.callback(&[
            ("code", &code),
            ("state", leaving.get("state")),
            ("iss", &self.issuer),
        ])
    }

    pub fn callback(&self, query: &[(&str, &str)]) -> String {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(query);
        format!("/auth/callback?{}", text.finish())
    }

    /// There and back again.
    pub async fn sign_in(&self, browser: &mut Browser, login: &str) -> Answer {
        let leaving = Leaving::of(&browser.get("/auth/login?return_to=/services").await);
        browser.get(&self.back(&leaving, login)).await
    }

    pub async fn step_up(&self, browser: &mut Browser, login: &str) -> Answer {
        let leaving = Leaving::of(&browser.get("/auth/step-up?return_to=/approvals").await);
        browser.get(&self.back(&leaving, login)).await
    }

    /// A logout token, with changes to its header and claims.
    pub fn logout_token(
        &self,
        claims: Value,
        change: impl FnOnce(&mut Map<String, Value>, &mut Map<String, Value>, &mut Signing),
    ) -> String {
        let inner = self.inner();
        let mut header =
            object(json!({"alg": inner.key.alg(), "kid": inner.kid, "typ": "logout+jwt"}));
        let now = now();
        let mut all = object(json!({
            "iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 120, "jti": format!("jti-{}", rand::random::<u64>()),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }));
        all.extend(object(claims));
        let mut signing = Signing::Right;
        change(&mut header, &mut all, &mut signing);
        token(&inner.key, &signing, header, &all)
    }
}

pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("no object: {other}"),
    }
}

/// Seconds since 1970.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970");
    i64::try_from(since.as_secs()).expect("a time")
}

type Shared = State<(String, Arc<Mutex<Inner>>)>;

async fn metadata(State((issuer, inner)): Shared) -> Json<Value> {
    let mut inner = inner.lock().expect("not poisoned");
    *inner.asked.entry("metadata").or_default() += 1;
    let mut metadata = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "end_session_endpoint": format!("{issuer}/end"),
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": true,
        "code_challenge_methods_supported": ["S256"],
        "id_token_signing_alg_values_supported": ["ES256", "EdDSA"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
    });
    if let Some(change) = &inner.script.metadata {
        change(&mut metadata);
    }
    Json(metadata)
}

async fn keys(State((_, inner)): Shared) -> Json<Value> {
    let mut inner = inner.lock().expect("not poisoned");
    *inner.asked.entry("keys").or_default() += 1;
    let mut keys = json!({"keys": [inner.key.jwk(&inner.kid)]});
    if let Some(change) = &inner.script.keys {
        change(&mut keys);
    }
    Json(keys)
}

async fn tokens(
    State((issuer, inner)): Shared,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let mut inner = inner.lock().expect("not poisoned");
    *inner.asked.entry("tokens").or_default() += 1;
    let wrong =
        |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response();
    if let Some(status) = inner.script.token_status {
        return (
            StatusCode::from_u16(status).expect("a status"),
            "<html>down</html>",
        )
            .into_response();
    }
    let basic = format!(
        "Basic {}",
        STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}"))
    );
    if headers.get("authorization").and_then(|v| v.to_str().ok()) != Some(&basic) {
        return wrong("invalid_client");
    }
    let code = form.get("code").cloned().unwrap_or_default();
    let careless = inner.script.careless;
    let found = if careless {
        inner.codes.get(&code).cloned()
    } else {
        inner.codes.remove(&code)
    };
    let Some(found) = found else {
        return wrong("invalid_grant");
    };
    let verifier = form.get("code_verifier").map_or("", String::as_str);
    let right = b64(&Sha256::digest(verifier.as_bytes())) == found.challenge
        && form.get("redirect_uri") == Some(&found.redirect);
    if !right && !careless {
        return wrong("invalid_grant");
    }
    let access = "access-token-tell-tale";
    let id_token = inner.id_token(&issuer, &found, access);
    let mut answer = json!({"access_token": access, "token_type": "Bearer", "expires_in": 3600, "id_token": id_token});
    if let Some(change) = &inner.script.tokens {
        change(&mut answer);
    }
    Json(answer).into_response()
}

impl Inner {
    fn id_token(&self, issuer: &str, code: &Code, access: &str) -> String {
        let mut header = object(json!({"alg": self.key.alg(), "kid": self.kid, "typ": "JWT"}));
        let now = now();
        let (acr, amr) = if code.mfa {
            ("urn:portolan:mfa", json!(["pwd", "otp"]))
        } else {
            ("urn:portolan:pwd", json!(["pwd"]))
        };
        let mut claims = object(json!({
            "iss": issuer, "aud": CLIENT_ID, "sub": code.login, "nonce": code.nonce, "iat": now, "exp": now + 300, "auth_time": now,
            "acr": acr, "amr": amr, "sid": format!("sid-{}", code.login), "preferred_username": code.login,
            "name": format!("Person {}", code.login), "email": format!("{}@shop.example", code.login), "groups": groups(&code.login),
        }));
        // Only of algorithms whose hash is agreed: half of SHA-256 for ES256.
        if self.key.alg() == "ES256" {
            claims.insert("at_hash".into(), b64(&Sha256::digest(access)[..16]).into());
        }
        if let Some(change) = &self.script.header {
            change(&mut header);
        }
        if let Some(change) = &self.script.claims {
            change(&mut claims);
        }
        token(&self.key, &self.script.signing, header, &claims)
    }
}

/// The people of the local stack.
fn groups(login: &str) -> Value {
    match login {
        "developer" | "developer2" => json!(["portolan-developers", "team-checkout"]),
        "catalog-developer" => json!(["portolan-developers", "team-catalog"]),
        "manager" => json!(["portolan-managers", "team-checkout"]),
        "manager2" => json!(["portolan-managers", "team-catalog"]),
        "auditor" => json!(["portolan-auditors"]),
        "operator" => json!(["portolan-operators", "team-platform"]),
        "administrator" => json!(["portolan-administrators"]),
        _ => json!([]),
    }
}
