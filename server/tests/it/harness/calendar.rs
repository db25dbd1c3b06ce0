//! Windows, freezes, stops and overrides, as tests of the edge need them.

use serde_json::{Value, json};

use super::{Answer, Browser, World, shop::id};

impl World {
    /// Ends all that is in force, by hand.
    pub async fn nothing_holds(&self) {
        for sql in [
            "UPDATE schedule_entry SET ended_at = now() WHERE ended_at IS NULL",
            "UPDATE schedule_version SET version = version + 1",
        ] {
            sqlx::query(sql).execute(&self.pool).await.expect("ended");
        }
    }

    /// One of `freezes`, `windows`, `stops`, made by the operator; of failovers or of dev, so that it is in nobody's way.
    pub async fn entry(&self, of: &str) -> Value {
        let mut operator = self.signed_in("operator").await;
        let made = make_entry(&mut operator, of).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()
    }

    /// A change that waits for approval and that a freeze holds; with an override that the other manager has asked for.
    pub async fn frozen(&self, service: &str, asked: bool) -> Value {
        self.nothing_holds().await;
        let mut operator = self.signed_in("operator").await;
        let wish = span(json!({"service": service}));
        let made = operator.call("POST", "/freezes", Some(&wish)).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let change = self.waiting(service, "staging").await;
        if asked {
            let mut other = self.signed_in("manager2").await;
            let answer = ask_override(&mut other, &change).await;
            assert_eq!(answer.status, 201, "{}", answer.text);
        }
        change
    }
}

fn span(scope: Value) -> Value {
    let (now, day) = (
        control::Clock::system().now(),
        jiff::SignedDuration::from_hours(24),
    );
    json!({"scope": scope, "from": now - day, "until": now + day, "zone": "Europe/Berlin", "reason": "a test"})
}

pub async fn make_entry(browser: &mut Browser, of: &str) -> Answer {
    let wish = match of {
        "stops" => json!({"scope": {"environment": "dev"}, "reason": "a test"}),
        _ => span(json!({"kind": "failover"})),
    };
    browser.call("POST", &format!("/{of}"), Some(&wish)).await
}

pub async fn ask_override(browser: &mut Browser, change: &Value) -> Answer {
    let until = control::Clock::system().now() + jiff::SignedDuration::from_hours(2);
    let wish = json!({"evidence_digest": change["evidence_digest"], "reason": "a test", "expires_at": until});
    browser
        .call(
            "POST",
            &format!("/changes/{}/override", id(change)),
            Some(&wish),
        )
        .await
}

pub async fn confirm_override(browser: &mut Browser, change: &Value) -> Answer {
    let seen = json!({"evidence_digest": change["evidence_digest"]});
    browser
        .call(
            "POST",
            &format!("/changes/{}/override/confirm", id(change)),
            Some(&seen),
        )
        .await
}
