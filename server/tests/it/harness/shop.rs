//! The local shop in a portal: its catalogue, a release of each service, changes in the states that tests need.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Answer, Browser, World};

/// Of team checkout and of team catalog.
pub const OWN: &str = "cart";
pub const FOREIGN: &str = "search";

impl World {
    /// Imports the catalogue and registers releases 1.0.0 and 1.1.0 of one service of each team.
    pub async fn with_shop(self) -> Self {
        let mut administrator = self.signed_in("administrator").await;
        let imported = administrator
            .call("POST", "/services/import", Some(&json!({})))
            .await;
        assert_eq!(imported.status, 200, "{}", imported.text);
        assert_eq!(imported.json()["problems"], json!([]));
        for service in [OWN, FOREIGN] {
            for version in ["1.0.0", "1.1.0"] {
                let answer = administrator
                    .call(
                        "POST",
                        &format!("/services/{service}/releases"),
                        Some(&release(service, version)),
                    )
                    .await;
                assert_eq!(answer.status, 201, "{}", answer.text);
            }
        }
        self
    }

    /// A change that waits for one of the owning team, asked for by somebody of that team who then signs out.
    pub async fn waiting(&self, service: &str, environment: &str) -> Value {
        let requester = if service == OWN {
            "developer2"
        } else {
            "catalog-developer"
        };
        let mut browser = self.signed_in(requester).await;
        ask(&mut browser, service, environment).await
    }

    /// One that has all its approvals and waits to be started by hand.
    pub async fn approved(&self, service: &str) -> Value {
        let change = self.waiting(service, "staging").await;
        // The other person of the team; team catalog has its manager for that.
        let approver = if service == OWN {
            "developer"
        } else {
            "manager2"
        };
        let mut browser = self.signed_in(approver).await;
        let answer = decide(&mut browser, &change, "approve").await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()
    }

    /// The person of this sign-in name; a new one, who may be disabled, where none is given.
    pub async fn person(&self, login: Option<&str>, disabled: bool) -> Value {
        let id: uuid::Uuid = match login {
            Some(login) => sqlx::query_scalar("SELECT id FROM person WHERE login = $1")
                .bind(login)
                .fetch_one(&self.pool)
                .await
                .expect("a person"),
            None => sqlx::query_scalar(
                "INSERT INTO person (id, issuer, subject, login, name, created_at, signed_in_at, disabled_at)
                 SELECT id, 'https://idp.test', id::text, 'leaver-' || left(id::text, 8), 'Leaver', now(), now(),
                     CASE WHEN $1 THEN now() END
                 FROM (SELECT gen_random_uuid() AS id) AS new RETURNING id",
            )
            .bind(disabled)
            .fetch_one(&self.pool)
            .await
            .expect("a person"),
        };
        json!({"id": id})
    }

    /// Ends what runs, by hand: one change of a service and environment waits for the other.
    pub async fn nothing_runs(&self) {
        for sql in [
            "UPDATE change SET state = 'failed' WHERE state IN ('running', 'needs_attention')",
            "UPDATE run SET state = 'failed', finished_at = now() WHERE finished_at IS NULL",
            "UPDATE step SET state = 'skipped' WHERE state NOT IN ('succeeded', 'failed', 'cancelled')",
        ] {
            sqlx::query(sql).execute(&self.pool).await.expect("ended");
        }
    }

    pub async fn cancelled(&self, service: &str) -> Value {
        let change = self.waiting(service, "staging").await;
        let requester = if service == OWN {
            "developer2"
        } else {
            "catalog-developer"
        };
        let mut browser = self.signed_in(requester).await;
        let path = format!("/changes/{}/cancel", id(&change));
        let answer = browser
            .call("POST", &path, Some(&json!({"reason": "not needed"})))
            .await;
        assert!(matches!(answer.status, 200 | 202), "{}", answer.text);
        answer.json()
    }

    /// A token of this person with these scopes, and its id.
    pub async fn token(&self, login: &str, scopes: &[&str]) -> (String, String) {
        let mut browser = self.signed_in(login).await;
        let made = make_token(&mut browser, scopes).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let made = made.json();
        (
            made["token"].as_str().expect("a secret").to_owned(),
            id(&made),
        )
    }
}

pub async fn make_token(browser: &mut Browser, scopes: &[&str]) -> Answer {
    let tomorrow = jiff::Timestamp::from_second(super::op::now() + 86_400).expect("a time");
    let wish = json!({"name": "a test", "scopes": scopes, "expires_at": tomorrow});
    browser.call("POST", "/tokens", Some(&wish)).await
}

pub fn release(service: &str, version: &str) -> Value {
    let digest = hex::encode(Sha256::digest(format!("{service}:{version}")));
    json!({"version": version, "commit": "0123456789abcdef", "digest": format!("sha256:{digest}")})
}

pub async fn ask(browser: &mut Browser, service: &str, environment: &str) -> Value {
    let wish = wish(service, environment);
    let answer = browser.call("POST", "/changes", Some(&wish)).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    answer.json()
}

pub fn wish(service: &str, environment: &str) -> Value {
    json!({"kind": "deploy", "service": service, "version": "1.1.0", "environment": environment, "reason": "a test", "start_mode": "manual"})
}

pub async fn decide(browser: &mut Browser, change: &Value, decision: &str) -> Answer {
    let word = json!({"decision": decision, "evidence_digest": change["evidence_digest"], "comment": "seen"});
    browser
        .call(
            "POST",
            &format!("/changes/{}/approvals", id(change)),
            Some(&word),
        )
        .await
}

pub fn id(of: &Value) -> String {
    of["id"].as_str().expect("an id").to_owned()
}
