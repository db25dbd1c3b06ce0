//! Windows, freezes, stops and overrides, from the wish to the start.

mod ending;
mod holding;
mod overriding;

use domain::{
    Caller, ChangeState, EnvironmentName, JobRole, Reason, StartMode, Verdict,
    schedule::{Class, Entry, Reach, Span, When, Zone},
};
use jiff::{SignedDuration, Timestamp};
use portolan_control::{
    changes::{ChangeDetail, NewChange},
    schedule::NewEntry,
};
use tokio_util::sync::CancellationToken;

use crate::harness::{Portal, deploy};

/// A portal with people who may keep the calendar.
struct Stage {
    portal: Portal,
    developer: Caller,
    manager: Caller,
    operator: Caller,
}

impl Stage {
    async fn new(pool: sqlx::PgPool) -> Self {
        let portal = Portal::new(pool).await;
        let (developer, manager) = portal.shop().await;
        let operator = portal
            .person("operator", &[JobRole::Operator], &["platform"], true)
            .await;
        Self {
            portal,
            developer,
            manager,
            operator,
        }
    }

    fn now(&self) -> Timestamp {
        self.portal.control.now()
    }

    fn wish(&self, class: Class, when: When) -> NewEntry {
        NewEntry {
            class,
            reach: Reach::default(),
            when,
            zone: Zone::parse("Europe/Berlin").expect("zone"),
            reason: Reason::parse("year end").expect("reason"),
        }
    }

    /// Hours from now.
    fn span(&self, from: i64, until: i64) -> When {
        let now = self.now();
        let at = |hours| now + SignedDuration::from_hours(hours);
        When::Once(Span {
            from: at(from),
            until: at(until),
        })
    }

    async fn freeze(&self, from: i64, until: i64) -> Entry {
        let wish = self.wish(Class::Freeze, self.span(from, until));
        self.portal
            .control
            .make_entry(&self.operator, wish)
            .await
            .expect("a freeze")
    }

    async fn stop(&self, reach: Reach, until: Option<Timestamp>) -> Entry {
        let wish = NewEntry {
            reach,
            ..self.wish(Class::Stop, When::Open { until })
        };
        self.portal
            .control
            .make_entry(&self.operator, wish)
            .await
            .expect("a stop")
    }

    async fn end(&self, entry: &Entry) {
        let why = Some(Reason::parse("it is over").expect("reason"));
        self.portal
            .control
            .end_entry(&self.operator, None, entry.id, why)
            .await
            .expect("ended");
    }

    /// A deployment to dev, where nobody has to agree.
    async fn ask(&self, start_mode: StartMode) -> ChangeDetail {
        let wish = NewChange {
            start_mode,
            ..deploy("1.0.0", "dev")
        };
        self.portal
            .control
            .request_change(&self.developer, wish)
            .await
            .expect("requested")
    }

    async fn look(&self, change: &ChangeDetail) -> ChangeDetail {
        self.portal
            .control
            .change(&self.developer, change.row.id)
            .await
            .expect("seen")
    }

    /// Works for so long, as a worker's process does.
    async fn work(&self, millis: u64) {
        let (control, stop) = (self.portal.control.clone(), CancellationToken::new());
        let own = stop.clone();
        let task = tokio::spawn(async move { control.work_until(own).await });
        tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
        stop.cancel();
        task.await.expect("no panic");
    }

    async fn count(&self, change: &ChangeDetail, kind: &str) -> usize {
        self.portal
            .kinds(change.row.id)
            .await
            .iter()
            .filter(|k| *k == kind)
            .count()
    }

    fn turn(&self, hours: i64) {
        self.portal.clock.advance(SignedDuration::from_hours(hours));
    }

    async fn has_started(&self, change: &ChangeDetail) -> bool {
        self.count(change, "change.started").await > 0
    }
}

/// Only what a start needs: whether the run goes well is of no interest here, where nobody plays AWS.
fn waits(change: &ChangeDetail) -> bool {
    change.row.state == ChangeState::Approved
}

fn environment(name: &str) -> Reach {
    Reach {
        environment: Some(EnvironmentName::parse(name).expect("name")),
        ..Reach::default()
    }
}

async fn approve(stage: &Stage, who: &Caller, change: &ChangeDetail) -> ChangeDetail {
    let digest = change.row.evidence_digest;
    let control = &stage.portal.control;
    control
        .decide(who, change.row.id, Verdict::Approve, digest, String::new())
        .await
        .expect("approved")
}
