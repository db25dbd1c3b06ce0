//! Every move of a change as people and the portal make it, from every state: where it leads, or in what words it is refused.

use std::{fmt::Write as _, marker::PhantomData};

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{Action, Allowed};
use crate::{
    Caller, CallerKind, Change, ChangeId, ChangeKind, ChangeState, EnvironmentName, Event,
    EvidenceDigest, JobRole, Login, OverrideId, Person, PersonId, Reason, Refusal, RequestId,
    RunId, ScheduleId, ServiceName, StartMode, TeamName, Version, schedule::Override,
};

const DIGEST: EvidenceDigest = EvidenceDigest([1; 32]);
const OTHER: EvidenceDigest = EvidenceDigest([2; 32]);

type Moved = Result<(Change, Event), Refusal>;
type Move = (&'static str, fn(Change) -> Moved);

/// Every function that moves a change, or refuses to.
const MOVES: &[Move] = &[
    ("plan", Change::plan),
    ("await_approval", Change::await_approval),
    ("make_ready", Change::make_ready),
    ("schedule", Change::schedule),
    ("release", Change::release),
    ("mark_stale", |c| c.mark_stale(&json!({}))),
    ("lose_quorum", |c| c.lose_quorum("somebody left")),
    ("expire, in time", |c| c.expire(at(0))),
    ("expire, too late", |c| c.expire(at(100))),
    ("succeed", Change::succeed),
    ("fail", |c| c.fail("broken")),
    ("park", |c| c.park("unclear")),
    ("halt", |c| c.halt("slow")),
    ("finish_cancel", |c| c.finish_cancel(&json!({}))),
    ("approve", |c| allowed::<super::Approve>(c).approve(DIGEST)),
    ("approve, other evidence", |c| {
        allowed::<super::Approve>(c).approve(OTHER)
    }),
    ("reject", |c| allowed::<super::Reject>(c).reject(DIGEST)),
    ("reject, other evidence", |c| {
        allowed::<super::Reject>(c).reject(OTHER)
    }),
    ("start", |c| {
        allowed::<super::Start>(c).start(RunId(Uuid::nil()))
    }),
    ("cancel", |c| allowed::<super::Cancel>(c).cancel("no more")),
    ("abandon", |c| allowed::<super::Cancel>(c).abandon()),
    ("stop_first", |c| allowed::<super::Cancel>(c).stop_first()),
    ("mark_done", |c| allowed::<super::MarkDone>(c).mark_done()),
    ("go_on", |c| allowed::<super::PassWave>(c).go_on()),
    ("resume", |c| allowed::<super::Resume>(c).resume("looked")),
    ("ask override", |c| {
        let reason = Reason::parse("it cannot wait").expect("reason");
        let entries = [ScheduleId(Uuid::nil())];
        allowed::<super::OverrideFreeze>(c).ask(DIGEST, &entries, &reason, at(50), at(0))
    }),
    ("confirm override", |c| {
        allowed::<super::OverrideFreeze>(c).confirm(&asked(), DIGEST, at(0))
    }),
];

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

fn login(name: &str) -> Login {
    Login::parse(name).expect("login")
}

/// What policy would have said; it is not asked here.
fn allowed<A: Action>(subject: Change) -> Allowed<A, Change> {
    let person = Person {
        id: PersonId(Uuid::from_u128(2)),
        login: login("manager"),
        name: String::new(),
        job_roles: [JobRole::Manager].into(),
        teams: [].into(),
    };
    Allowed {
        subject,
        by: Caller {
            person,
            kind: CallerKind::Job { step: None },
            request_id: RequestId(Uuid::nil()),
            ip: None,
        },
        action: PhantomData,
    }
}

fn asked() -> Override {
    Override {
        id: OverrideId(Uuid::nil()),
        evidence_digest: DIGEST,
        entries: vec![],
        reason: "it cannot wait".into(),
        asked_by: PersonId(Uuid::from_u128(3)),
        asked_login: login("operator"),
        asked_at: at(0),
        expires_at: at(50),
        confirmed_login: None,
        confirmed_at: None,
    }
}

fn change(state: ChangeState, cancel_requested: bool) -> Change {
    Change {
        id: ChangeId(Uuid::nil()),
        kind: ChangeKind::Deploy,
        state,
        requester: PersonId(Uuid::from_u128(1)),
        requester_login: login("developer"),
        service: ServiceName::parse("cart").expect("service"),
        team: TeamName::parse("checkout").expect("team"),
        version: Version::parse("1.0.0").expect("version"),
        environment: EnvironmentName::parse("staging").expect("environment"),
        protected: false,
        evidence_digest: DIGEST,
        start_mode: StartMode::Manual,
        cancel_requested,
        expires_at: at(100),
    }
}

#[test]
fn every_move_from_every_state() {
    let mut table = String::new();
    for state in ChangeState::ALL {
        for (name, make) in MOVES {
            let told = |cancel_requested| match make(change(*state, cancel_requested)) {
                Ok((change, event)) => {
                    let stopping = if change.cancel_requested {
                        ", being cancelled"
                    } else {
                        ""
                    };
                    format!("→ {}{stopping} ({})", change.state, event.kind.as_str())
                }
                Err(refusal) => format!("refused, {}: {}", refusal.code.as_str(), refusal.detail),
            };
            let (plain, stopping) = (told(false), told(true));
            writeln!(table, "{:18} {name:24} {plain}", state.as_str()).expect("writes");
            // Only what runs or has been parked can be on its way to its end.
            let open = matches!(state, ChangeState::Running | ChangeState::NeedsAttention);
            if open && stopping != plain {
                writeln!(table, "{:18} {name:24} {stopping}", "  being cancelled").expect("writes");
            }
        }
    }
    insta::assert_snapshot!(table);
}
