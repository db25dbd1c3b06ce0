//! Changes that can be undone, and one that an order of promotion holds, as tests of the edge need them.

use serde_json::{Value, json};

use super::{
    Browser, World,
    shop::{OWN, ask, decide, id, wish},
};

impl World {
    /// A deployment with another one before it, both of which a worker has done.
    pub async fn undoable(&self, service: &str) -> Value {
        self.nothing_holds().await;
        let mut last = json!(null);
        for version in ["1.0.0", "1.1.0"] {
            let (requester, approver) = if service == OWN {
                ("developer2", "developer")
            } else {
                ("catalog-developer", "manager2")
            };
            let (mut asks, mut agrees) = (
                self.signed_in(requester).await,
                self.signed_in(approver).await,
            );
            let mut wish = wish(service, "staging");
            wish["version"] = json!(version);
            let asked = asks.call("POST", "/changes", Some(&wish)).await;
            assert_eq!(asked.status, 202, "{}", asked.text);
            let change = asked.json();
            let agreed = decide(&mut agrees, &change, "approve").await;
            assert_eq!(agreed.status, 201, "{}", agreed.text);
            let started = asks
                .call("POST", &format!("/changes/{}/start", id(&change)), None)
                .await;
            assert_eq!(started.status, 202, "{}", started.text);
            self.done(&id(&change)).await;
            last = change;
        }
        last
    }

    /// As its worker would leave it.
    async fn done(&self, change: &str) {
        let change: uuid::Uuid = change.parse().expect("an id");
        for sql in [
            "UPDATE step SET state = 'succeeded', finished_at = now() FROM run WHERE run.id = step.run_id AND run.change_id = $1",
            "UPDATE run SET state = 'succeeded', finished_at = now() WHERE change_id = $1",
            "UPDATE change SET state = 'succeeded' WHERE id = $1",
        ] {
            sqlx::query(sql)
                .bind(change)
                .execute(&self.pool)
                .await
                .expect("done");
        }
    }

    /// One for production, whose release has not run in staging.
    pub async fn unpromoted(&self, service: &str) -> Value {
        // What other tests of this world have done in staging is undone.
        sqlx::query("UPDATE change SET state = 'failed' WHERE state = 'succeeded' AND environment = 'staging'")
            .execute(&self.pool)
            .await
            .expect("undone");
        self.nothing_holds().await;
        let requester = if service == OWN {
            "developer2"
        } else {
            "catalog-developer"
        };
        let mut browser = self.signed_in(requester).await;
        ask(&mut browser, service, "production").await
    }
}

pub async fn override_promotion(browser: &mut Browser, change: &Value) -> super::Answer {
    let seen = json!({"evidence_digest": change["evidence_digest"], "reason": "a test"});
    let path = format!("/changes/{}/promotion-override", id(change));
    browser.call("POST", &path, Some(&seen)).await
}

/// Lets the other manager stand in for whoever asks, for a day.
pub async fn delegate(browser: &mut Browser) -> super::Answer {
    let (now, day) = (
        control::Clock::system().now(),
        jiff::SignedDuration::from_hours(24),
    );
    let wish = json!({"to": "manager2", "from": now, "until": now + day, "reason": "a test"});
    browser.call("POST", "/delegations", Some(&wish)).await
}

impl World {
    /// The other manager stands in for the manager.
    pub async fn delegated(&self) -> Value {
        self.signed_in("manager2").await;
        let mut manager = self.signed_in("manager").await;
        let made = delegate(&mut manager).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()
    }
}
