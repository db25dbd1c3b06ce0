use std::fmt::Write as _;

use uuid::Uuid;

use super::*;
use crate::{
    Authentication, CallerKind, Change, ChangeId, ChangeKind, ChangeState, EnvironmentName,
    EvidenceDigest, JobRole, Login, Person, PersonId, RequestId, Scope, SessionId, StartMode,
    TokenId, Version,
    policy::{Approve, Draft, ExportAudit, ImportCatalog, Room, TokenSubject, *},
};

const SCHEMA: &str = include_str!("../../../../server/policy/portolan.cedarschema");
const SHIPPED: &str = include_str!("../../../../server/policy/portolan.cedar");

fn shipped() -> PolicySet {
    PolicySet::parse(SCHEMA, &[("portolan.cedar".into(), SHIPPED.into())])
        .expect("shipped policies are valid")
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("in range")
}

fn team(name: &str) -> TeamName {
    TeamName::parse(name).expect("team")
}

fn caller(role: Option<JobRole>, n: u128, stepped_up: bool) -> Caller {
    Caller {
        person: Person {
            id: PersonId(Uuid::from_u128(n)),
            login: Login::parse("somebody").expect("login"),
            name: "Some Body".into(),
            job_roles: role.into_iter().collect(),
            teams: [team("checkout")].into(),
        },
        kind: CallerKind::Person {
            session: SessionId(Uuid::from_u128(1)),
            authentication: Authentication {
                auth_time: now(),
                mfa: stepped_up,
            },
        },
        request_id: RequestId(Uuid::from_u128(1)),
        ip: None,
    }
}

fn change(of: &str, protected: bool, requester: u128) -> Change {
    Change {
        id: ChangeId(Uuid::from_u128(9)),
        kind: ChangeKind::Deploy,
        state: ChangeState::AwaitingApproval,
        requester: PersonId(Uuid::from_u128(requester)),
        requester_login: Login::parse("asker").expect("login"),
        service: ServiceName::parse("cart").expect("service"),
        team: team(of),
        version: Version::parse("1.0.0").expect("version"),
        environment: EnvironmentName::parse("staging").expect("environment"),
        protected,
        evidence_digest: EvidenceDigest([1; 32]),
        start_mode: StartMode::OnApproval,
        cancel_requested: false,
        expires_at: now(),
    }
}

/// Every action on every kind of subject by every job role. A change of policy is a diff of this file.
#[test]
fn role_action_resource_matrix() {
    let policies = shipped();
    let mut out = String::new();
    for role in JobRole::ALL.into_iter().map(Some).chain([None]) {
        for stepped_up in [false, true] {
            let me = caller(role, 1, stepped_up);
            let name = role.map_or("(no role)", JobRole::as_str);
            writeln!(
                out,
                "== {name}, {}",
                if stepped_up {
                    "second factor fresh"
                } else {
                    "no second factor"
                }
            )
            .expect("writes");
            let mut line = |what: String, answer: Result<(), Refusal>| {
                let answer =
                    answer.map_or_else(|r| format!("✗ {}", r.code.as_str()), |()| "✓".into());
                writeln!(out, "{what:58} {answer}").expect("writes");
            };
            for of in ["checkout", "search"] {
                let service = ServiceSubject {
                    name: ServiceName::parse("cart").expect("name"),
                    team: team(of),
                };
                line(
                    format!("read service of {of}"),
                    policies.may(&me, Read, &service, now()),
                );
                line(
                    format!("register release of {of}"),
                    policies.may(&me, RegisterRelease, &service, now()),
                );
                for protected in [false, true] {
                    let place = if protected { "protected" } else { "open" };
                    let draft = Draft {
                        kind: crate::ChangeKind::Deploy,
                        service: service.name.clone(),
                        team: team(of),
                        protected,
                        environment: EnvironmentName::parse("staging").expect("name"),
                    };
                    line(
                        format!("request in {place} for {of}"),
                        policies.may(&me, RequestChange, &draft, now()),
                    );
                    for (whose, requester) in [("own", 1), ("foreign", 2)] {
                        let subject = change(of, protected, requester);
                        let on = format!("{whose} change of {of} in {place}");
                        line(
                            format!("read {on}"),
                            policies.may(&me, Read, &subject, now()),
                        );
                        line(
                            format!("approve {on}"),
                            policies.may(&me, Approve, &subject, now()),
                        );
                        line(
                            format!("reject {on}"),
                            policies.may(&me, Reject, &subject, now()),
                        );
                        line(
                            format!("start {on}"),
                            policies.may(&me, Start, &subject, now()),
                        );
                        line(
                            format!("cancel {on}"),
                            policies.may(&me, Cancel, &subject, now()),
                        );
                        line(
                            format!("resume {on}"),
                            policies.may(&me, Resume, &subject, now()),
                        );
                        line(
                            format!("mark done {on}"),
                            policies.may(&me, MarkDone, &subject, now()),
                        );
                        line(
                            format!("let go on behind its canary {on}"),
                            policies.may(&me, PassWave, &subject, now()),
                        );
                        line(
                            format!("override freeze for {on}"),
                            policies.may(&me, OverrideFreeze, &subject, now()),
                        );
                    }
                }
            }
            for (whose, owner) in [("own", 1), ("foreign", 2)] {
                let token = TokenSubject {
                    id: None,
                    owner: PersonId(Uuid::from_u128(owner)),
                };
                line(
                    format!("read {whose} token"),
                    policies.may(&me, Read, &token, now()),
                );
                line(
                    format!("manage {whose} token"),
                    policies.may(&me, ManageTokens, &token, now()),
                );
                line(
                    format!("revoke {whose} token"),
                    policies.may(&me, RevokeToken, &token, now()),
                );
                let whom = if whose == "own" { "oneself" } else { "another" };
                let person = caller(Some(JobRole::Developer), owner, false).person;
                line(
                    format!("disable {whom}"),
                    policies.may(&me, DisablePerson, &person, now()),
                );
                line(
                    format!("enable {whom}"),
                    policies.may(&me, EnablePerson, &person, now()),
                );
            }
            for room in [
                Room::Environments,
                Room::Regions,
                Room::Catalog,
                Room::Rules,
                Room::Schedule,
                Room::Audit,
                Room::People,
            ] {
                line(
                    format!("read {room:?}"),
                    policies.may(&me, Read, &room, now()),
                );
            }
            for (whose, author) in [("own", 1), ("foreign", 2)] {
                for protected in [false, true] {
                    let place = if protected { "protected" } else { "open" };
                    let entry = EntrySubject {
                        id: crate::ScheduleId(Uuid::from_u128(3)),
                        author: PersonId(Uuid::from_u128(author)),
                        protected,
                    };
                    line(
                        format!("end {whose} freeze of {place} places"),
                        policies.may(&me, EndEntry, &entry, now()),
                    );
                }
            }
            line(
                "make windows and freezes".into(),
                policies.may(&me, ManageSchedule, &Room::Schedule, now()),
            );
            line(
                "stop the line".into(),
                policies.may(&me, StopTheLine, &Room::Schedule, now()),
            );
            line(
                "import catalogue".into(),
                policies.may(&me, ImportCatalog, &Room::Catalog, now()),
            );
            line(
                "export audit".into(),
                policies.may(&me, ExportAudit, &Room::Audit, now()),
            );
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn a_refusal_speaks_to_people() {
    let policies = shipped();
    let me = caller(Some(JobRole::Manager), 1, false);
    let step_up = policies
        .may(&me, Approve, &change("checkout", true, 2), now())
        .expect_err("no factor");
    assert_eq!(step_up.code, RefusalCode::StepUpRequired);
    // Asking for a second factor would be a detour: it is their own change.
    let own = policies
        .may(&me, Approve, &change("checkout", true, 1), now())
        .expect_err("own");
    assert_eq!(own.code, RefusalCode::Forbidden);
    assert!(own.detail.contains("Whoever asked"), "{own}");
    let plain = policies
        .may(
            &caller(Some(JobRole::Auditor), 1, true),
            ManageTokens,
            &TokenSubject {
                id: None,
                owner: PersonId(Uuid::from_u128(2)),
            },
            now(),
        )
        .expect_err("foreign token");
    assert!(plain.detail.contains("as auditor"), "{plain}");
}

#[test]
fn a_token_is_narrowed_by_its_scopes_and_never_stepped_up() {
    let policies = shipped();
    let mut me = caller(Some(JobRole::Manager), 1, true);
    me.kind = CallerKind::Token {
        token: TokenId(Uuid::from_u128(1)),
        scopes: [Scope::Read].into(),
    };
    let subject = change("checkout", false, 2);
    assert!(policies.may(&me, Read, &subject, now()).is_ok());
    assert_eq!(
        policies
            .may(&me, Approve, &subject, now())
            .expect_err("scope")
            .code,
        RefusalCode::ScopeMissing
    );
    me.kind = CallerKind::Token {
        token: TokenId(Uuid::from_u128(1)),
        scopes: Scope::ALL.into(),
    };
    assert!(policies.may(&me, Approve, &subject, now()).is_ok());
    let protected = change("checkout", true, 2);
    assert_eq!(
        policies
            .may(&me, Approve, &protected, now())
            .expect_err("no mfa")
            .code,
        RefusalCode::StepUpRequired
    );
}

#[test]
fn visibility_follows_the_read_policies() {
    let policies = shipped();
    assert_eq!(
        policies.visibility(&caller(Some(JobRole::Auditor), 1, false), now()),
        Visibility::All
    );
    let own = Visibility::Teams([team("checkout")].into());
    assert_eq!(
        policies.visibility(&caller(Some(JobRole::Developer), 1, false), now()),
        own
    );
    assert_eq!(
        policies.visibility(&caller(None, 1, false), now()),
        Visibility::Teams([].into())
    );
}

#[test]
fn without_the_forbids_the_requester_could_approve() {
    // The rule's off switch: with it gone the matrix above must change.
    let loose: String = SHIPPED
        .split("// ---- never")
        .next()
        .expect("the part above")
        .into();
    let policies = PolicySet::parse(SCHEMA, &[("loose.cedar".into(), loose)]).expect("valid");
    let me = caller(Some(JobRole::Manager), 1, false);
    assert!(
        policies
            .may(&me, Approve, &change("checkout", true, 1), now())
            .is_ok()
    );
}

#[test]
fn bad_policies_are_refused_with_every_mistake() {
    let files = [
        (
            "a.cedar".to_owned(),
            "permit (principal, action, resource);".to_owned(),
        ),
        (
            "b.cedar".to_owned(),
            "permit (principal action resource);".to_owned(),
        ),
        (
            "c.cedar".to_owned(),
            "@id(\"x\") permit (principal, action == Action::\"fly\", resource);".to_owned(),
        ),
    ];
    let wrong = PolicySet::parse(SCHEMA, &files).expect_err("three mistakes");
    assert!(wrong.len() >= 3, "{wrong:#?}");
    assert!(PolicySet::parse(SCHEMA, &[]).is_err(), "no policy at all");
}
