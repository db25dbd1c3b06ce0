//! A shop in which anything may be so: who has which job, what the calendar says, what else runs, what became of a service.

use domain::{
    Authentication, Caller, CallerKind, ChangeId, ChangeKind, ChangeState, EnvironmentName,
    EvidenceDigest, JobRole, Reason, RequestId, ScheduleId, Scope, SessionId, StartMode, TokenId,
    Version,
    schedule::{Class, Reach, Span, When, Zone},
};
use jiff::SignedDuration;
use portolan_control::{
    changes::{NewChange, Timing},
    delegations::NewDelegation,
    schedule::NewEntry,
};
use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};
use sqlx::PgPool;
use uuid::Uuid;

use crate::harness::{Portal, release, service, settings};

const RULES: &str = r#"[
    {"name": "dev", "match": {"environment": "dev"}, "require": []},
    {"name": "staging", "match": {"environment": "staging"}, "require": [{"count": 1, "of": "owning_team"}]},
    {"name": "watch", "match": {"environment": "staging", "team": "catalog"}, "require": [{"count": 1, "of": {"job_role": "operator"}}]},
    {"name": "protected", "match": {"protected": true}, "require": [{"count": 1, "of": {"job_role": "manager"}, "step_up": true}, {"count": 1, "of": "owning_team"}]}
]"#;
const SERVICES: [&str; 3] = ["cart", "checkout", "search"];
const VERSIONS: [&str; 2] = ["1.0.0", "1.1.0"];
const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "production"];

pub struct World {
    pub(super) portal: Portal,
    admin: Caller,
    keeper: Caller,
    people: Vec<Caller>,
    /// Shut out: they come no further than the door.
    out: Vec<domain::PersonId>,
    asked: Vec<ChangeId>,
    entries: Vec<ScheduleId>,
}

impl World {
    pub async fn new(pool: PgPool) -> Self {
        let mut settings = settings();
        let staging = EnvironmentName::parse("staging").expect("environment");
        for environment in &mut settings.environments {
            if environment.name.as_str() == "production" {
                environment.promote_from = Some(staging.clone());
            }
        }
        let portal = Portal::with(pool, RULES, settings).await;
        let (developer, manager) = portal.shop().await;
        let admin = portal
            .person("root", &[JobRole::Administrator], &[], true)
            .await;
        let keeper = portal
            .person("keeper", &[JobRole::Operator], &["platform"], true)
            .await;
        let mut people = vec![developer, manager];
        for (login, roles, teams) in [
            ("dev2", &[JobRole::Developer][..], &["checkout"][..]),
            ("dev3", &[JobRole::Developer], &["catalog"]),
            ("both", &[JobRole::Developer], &["checkout", "catalog"]),
            ("boss2", &[JobRole::Manager], &["checkout"]),
            ("boss3", &[JobRole::Manager], &["catalog"]),
            ("op", &[JobRole::Operator], &["platform"]),
            (
                "op2",
                &[JobRole::Operator, JobRole::Manager],
                &["platform", "checkout"],
            ),
            ("auditor", &[JobRole::Auditor], &[]),
            ("nobody", &[], &["checkout"]),
        ] {
            people.push(portal.person(login, roles, teams, true).await);
        }
        for name in ["checkout", "search"] {
            for version in VERSIONS {
                portal
                    .control
                    .register_release(&admin, &service(name), release(name, version))
                    .await
                    .expect("release");
            }
        }
        Self {
            portal,
            admin,
            keeper,
            people,
            out: vec![],
            asked: vec![],
            entries: vec![],
        }
    }

    /// Some who are let in, each through some door.
    pub fn callers(&self, random: &mut StdRng, count: usize) -> Vec<Caller> {
        let inside: Vec<&Caller> = self
            .people
            .iter()
            .filter(|one| !self.out.contains(&one.person.id))
            .collect();
        let some = inside.choose_multiple(random, count);
        some.map(|one| self.at_the_door((*one).clone(), random))
            .collect()
    }

    fn at_the_door(&self, mut caller: Caller, random: &mut StdRng) -> Caller {
        caller.request_id = RequestId(Uuid::now_v7());
        caller.kind = if random.random_bool(0.8) {
            CallerKind::Person {
                session: SessionId(Uuid::now_v7()),
                authentication: Authentication {
                    auth_time: self.portal.control.now(),
                    mfa: random.random_bool(0.6),
                },
            }
        } else {
            let scopes = Scope::ALL
                .into_iter()
                .filter(|_| random.random_bool(0.8))
                .collect();
            CallerKind::Token {
                token: TokenId(Uuid::now_v7()),
                scopes,
            }
        };
        caller
    }

    /// What is so for one change: the calendar, who stands in for whom, what the catalogue says. Everybody is let in again.
    pub async fn turn(&mut self, random: &mut StdRng) {
        let control = self.portal.control.clone();
        for id in std::mem::take(&mut self.entries) {
            control
                .end_entry(&self.keeper, None, id, Some(because()))
                .await
                .expect("ended");
        }
        for id in std::mem::take(&mut self.out) {
            control
                .enable_person(&self.admin, id, because())
                .await
                .expect("enabled");
        }
        self.sql(
            "UPDATE delegation SET ended_at = now(), ended_by = from_person WHERE ended_at IS NULL",
        )
        .await;
        self.sql("UPDATE person SET signed_in_at = now()").await;
        if random.random_bool(0.3) {
            self.stand_in(random).await;
        }
        if random.random_bool(0.4) {
            self.entry(random).await;
        }
    }

    async fn stand_in(&self, random: &mut StdRng) {
        let two: Vec<&Caller> = self.people.choose_multiple(random, 2).collect();
        let now = self.portal.control.now();
        let new = NewDelegation {
            to: two[1].person.login.clone(),
            team: None,
            environment: None,
            from: now,
            until: now + SignedDuration::from_hours(48),
            reason: because(),
        };
        // Where the other could not have the right themselves, nobody stands in.
        let _ = self.portal.control.delegate(&self.fresh(two[0]), new).await;
    }

    async fn entry(&mut self, random: &mut StdRng) {
        let class = *[Class::Window, Class::Freeze, Class::Freeze, Class::Stop]
            .choose(random)
            .expect("a class");
        let now = self.portal.control.now();
        let from = now + SignedDuration::from_hours(random.random_range(-2..=2));
        let until = from + SignedDuration::from_hours(random.random_range(3..=5));
        let environment = EnvironmentName::parse(*ENVIRONMENTS.choose(random).expect("one"));
        let of_stop = class == Class::Stop;
        let reach = Reach {
            environment: environment.ok().filter(|_| random.random_bool(0.7)),
            service: (!of_stop && random.random_bool(0.3))
                .then(|| service(SERVICES.choose(random).expect("one"))),
            ..Reach::default()
        };
        let when = if of_stop {
            When::Open { until: None }
        } else {
            When::Once(Span { from, until })
        };
        let new = NewEntry {
            class,
            reach,
            when,
            zone: Zone::parse("Europe/Berlin").expect("zone"),
            reason: because(),
        };
        let made = self
            .portal
            .control
            .make_entry(&self.fresh(&self.keeper), new)
            .await;
        // Of stops there is one for each place.
        self.entries.extend(made.ok().map(|entry| entry.id));
    }

    /// Somebody asks for something; none where they may not.
    pub async fn ask(&mut self, random: &mut StdRng) -> Option<ChangeId> {
        let by = self.fresh(self.people.choose(random)?);
        let now = self.portal.control.now();
        let start_at = random
            .random_bool(0.15)
            .then(|| now + SignedDuration::from_hours(1));
        let after = self
            .asked
            .choose(random)
            .filter(|_| random.random_bool(0.2))
            .copied();
        let new = NewChange {
            kind: ChangeKind::Deploy,
            service: service(SERVICES.choose(random)?),
            version: Version::parse(*VERSIONS.choose(random)?).ok()?,
            environment: EnvironmentName::parse(*ENVIRONMENTS.choose(random)?).ok()?,
            reason: because(),
            start_mode: StartMode::Manual,
            retry_of: None,
            timing: Timing {
                start_at,
                after: after.into_iter().collect(),
                next_window: false,
            },
        };
        let id = match self.portal.control.request_change(&by, new).await {
            Ok(change) => change.row.id,
            Err(portolan_control::Error::Refused(_)) => return None,
            Err(fault) => panic!("{fault}"),
        };
        self.asked.push(id);
        Some(id)
    }

    /// Something happens that nobody did to the change itself.
    pub async fn jolt(&mut self, random: &mut StdRng, id: ChangeId) {
        match random.random_range(0..20) {
            0 => self.of(id, "UPDATE change SET expires_at = now() - interval '1 hour' WHERE id = $1").await,
            1 => self.of(id, "UPDATE service SET tier = CASE WHEN tier IS NULL THEN 'gold' END WHERE name = (SELECT service FROM change WHERE id = $1)").await,
            2 => self.of(id, "UPDATE person SET signed_in_at = now() - interval '400 days' WHERE id = (SELECT requester_id FROM change WHERE id = $1)").await,
            3 => self.of(id, "UPDATE person SET signed_in_at = now() - interval '400 days' WHERE id IN (SELECT person_id FROM approval WHERE change_id = $1)").await,
            4 => {
                // Another change of the same place is under way.
                self.of(id, "UPDATE change SET state = 'running' WHERE id = (SELECT o.id FROM change c JOIN change o
                     ON o.service = c.service AND o.environment = c.environment AND o.id <> c.id AND o.state IN ('approved', 'failed', 'cancelled')
                     WHERE c.id = $1 AND NOT EXISTS (SELECT FROM change r WHERE r.service = c.service AND r.environment = c.environment
                         AND r.state IN ('running', 'needs_attention')) LIMIT 1)").await;
            }
            5 | 6 => self.entry(random).await,
            7 => self.stand_in(random).await,
            8 => {
                if let Some(one) = self.people.choose(random)
                    && !self.out.contains(&one.person.id)
                {
                    let id = one.person.id;
                    self.out.push(id);
                    self.portal.control.disable_person(&self.admin, id, because()).await.expect("disabled");
                }
            }
            9 | 13 => {
                self.of(id, "UPDATE step SET state = 'needs_attention' WHERE position = 0 AND run_id IN
                     (SELECT r.id FROM run r JOIN change c ON c.id = r.change_id WHERE c.id = $1 AND c.state = 'running')").await;
                self.of(id, "UPDATE change SET state = 'needs_attention' WHERE id = $1 AND state = 'running'").await;
            }
            // A run ends, as far as a page can tell.
            10..=12 => {
                let to = ["succeeded", "failed", "cancelled"].choose(random).expect("one");
                self.of(id, &format!("UPDATE change SET state = '{to}' WHERE id = $1 AND state = 'running'")).await;
            }
            _ => {}
        }
    }

    /// Makes room for the next: nothing runs any more, and what stood in the way of all is gone.
    pub async fn clear(&self) {
        self.sql(
            "UPDATE change SET state = 'succeeded' WHERE state IN ('running', 'needs_attention') AND random() < 0.5",
        )
        .await;
        self.sql(
            "UPDATE change SET state = 'failed' WHERE state IN ('running', 'needs_attention')",
        )
        .await;
        self.sql("UPDATE change SET state = 'cancelled' WHERE state IN ('approved', 'scheduled', 'awaiting_approval')")
            .await;
    }

    /// As they would come in now, with a second factor.
    fn fresh(&self, caller: &Caller) -> Caller {
        Caller {
            kind: CallerKind::Person {
                session: SessionId(Uuid::now_v7()),
                authentication: Authentication {
                    auth_time: self.portal.control.now(),
                    mfa: true,
                },
            },
            ..caller.clone()
        }
    }

    async fn sql(&self, statement: &'static str) {
        sqlx::query(statement)
            .execute(&self.portal.pool)
            .await
            .expect("written");
    }

    async fn of(&self, id: ChangeId, statement: &str) {
        sqlx::query(sqlx::AssertSqlSafe(statement.to_owned()))
            .bind(id.0)
            .execute(&self.portal.pool)
            .await
            .expect("written");
    }

    pub async fn state(&self, id: ChangeId) -> ChangeState {
        let state: String = sqlx::query_scalar("SELECT state FROM change WHERE id = $1")
            .bind(id.0)
            .fetch_one(&self.portal.pool)
            .await
            .expect("a state");
        state.parse().expect("a state")
    }

    pub async fn digest(&self, id: ChangeId) -> EvidenceDigest {
        let digest: Vec<u8> =
            sqlx::query_scalar("SELECT evidence_digest FROM change WHERE id = $1")
                .bind(id.0)
                .fetch_one(&self.portal.pool)
                .await
                .expect("a digest");
        EvidenceDigest(digest.try_into().expect("32 bytes"))
    }
}

fn because() -> Reason {
    Reason::parse("because").expect("a reason")
}
