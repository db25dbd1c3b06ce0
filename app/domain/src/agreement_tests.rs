//! What is explained is what is enforced: the shipped policies, random rules, random people, a hundred thousand times.

use std::{cell::RefCell, collections::BTreeMap};

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use uuid::Uuid;

use super::*;
use crate::{
    ApprovalId, Approvers, Caller, CallerKind, ChangeId, ChangeKind, ChangeState, EnvironmentName,
    EvidenceDigest, JobRole, Login, PersonId, RefusalCode, ServiceName, StartMode, TeamName,
    Version,
    policy::{Approve, PolicySet},
};

const CASES: u32 = 100_000;
const DIGEST: EvidenceDigest = EvidenceDigest([7; 32]);

fn policies() -> PolicySet {
    let schema = include_str!("../../../server/policy/portolan.cedarschema");
    let shipped = include_str!("../../../server/policy/portolan.cedar");
    PolicySet::parse(schema, &[("portolan.cedar".into(), shipped.into())])
        .expect("shipped policies")
}

fn team(name: &str) -> TeamName {
    TeamName::parse(name).expect("team")
}

fn person(n: u128, roles: &[JobRole], teams: &[&str]) -> Person {
    Person {
        id: PersonId(Uuid::from_u128(n)),
        login: Login::parse(format!("person{n}")).expect("login"),
        name: String::new(),
        job_roles: roles.iter().copied().collect(),
        teams: teams.iter().map(|t| team(t)).collect(),
    }
}

fn change(kind: ChangeKind, protected: bool) -> Change {
    Change {
        id: ChangeId(Uuid::from_u128(99)),
        kind,
        state: ChangeState::AwaitingApproval,
        requester: PersonId(Uuid::from_u128(0)),
        requester_login: Login::parse("person0").expect("login"),
        service: ServiceName::parse("cart").expect("service"),
        team: team("checkout"),
        version: Version::parse("1.0.0").expect("version"),
        environment: EnvironmentName::parse("somewhere").expect("environment"),
        protected,
        evidence_digest: DIGEST,
        start_mode: StartMode::OnApproval,
        cancel_requested: false,
        expires_at: jiff::Timestamp::MAX,
    }
}

fn word(person: Person, stepped_up: bool, digest: EvidenceDigest) -> Approval {
    Approval {
        id: ApprovalId(Uuid::from_u128(1)),
        person,
        on_behalf_of: None,
        verdict: Verdict::Approve,
        evidence_digest: digest,
        comment: String::new(),
        stepped_up,
        at: jiff::Timestamp::UNIX_EPOCH,
    }
}

/// The shipped policies, asked once for each standing: there are far fewer of those than cases.
struct Asked {
    policies: PolicySet,
    known: RefCell<BTreeMap<String, bool>>,
}

impl Asked {
    fn may(&self, person: &Person, change: &Change) -> Result<(), Refusal> {
        let key = format!(
            "{:?} {:?} {} {} {}",
            person.job_roles,
            person.teams,
            change.kind,
            change.protected,
            person.id == change.requester
        );
        let known = self.known.borrow().get(&key).copied();
        let yes = known.unwrap_or_else(|| {
            let caller = Caller {
                person: person.clone(),
                kind: CallerKind::Job { step: None },
                request_id: Uuid::nil().into(),
                ip: None,
            };
            let yes = self
                .policies
                .may(&caller, Approve, change, jiff::Timestamp::UNIX_EPOCH)
                .is_ok();
            self.known.borrow_mut().insert(key, yes);
            yes
        });
        if yes {
            Ok(())
        } else {
            Err(Refusal::new(RefusalCode::Forbidden, "no"))
        }
    }
}

fn fill(places: &[&Requirement], left: &[&Approval], owner: &TeamName) -> bool {
    let Some((place, rest)) = places.split_first() else {
        return true;
    };
    left.iter().enumerate().any(|(i, word)| {
        let fits = place.of.include(&word.person, owner) && (!place.step_up || word.stepped_up);
        fits && {
            let mut others = left.to_vec();
            others.remove(i);
            fill(rest, &others, owner)
        }
    })
}

/// The enforcer's question, answered in the plainest way there is: is there any way to give each needed place to
/// another person who may have it?
fn agreed(needs: &[Requirement], words: &[Approval], change: &Change, asked: &Asked) -> bool {
    let places: Vec<&Requirement> = needs
        .iter()
        .flat_map(|n| std::iter::repeat_n(n, n.count as usize))
        .collect();
    let counts: Vec<&Approval> = words
        .iter()
        .filter(|a| a.evidence_digest == change.evidence_digest && a.person.id != change.requester)
        .filter(|a| asked.may(&a.person, change).is_ok())
        .collect();
    fill(&places, &counts, &change.team)
}

fn any_approvers() -> impl Strategy<Value = Approvers> {
    prop_oneof![
        Just(Approvers::OwningTeam),
        Just(Approvers::JobRole(JobRole::Manager)),
        Just(Approvers::JobRole(JobRole::Operator)),
        Just(Approvers::Team(team("search"))),
    ]
}

#[derive(Clone, Debug)]
struct Case {
    kind: ChangeKind,
    protected: bool,
    needs: Vec<(u32, Approvers, bool)>,
    people: Vec<(Vec<JobRole>, Vec<&'static str>)>,
    /// For each of the first people: gave a word, with a second factor, on this evidence.
    words: Vec<(bool, bool, bool)>,
}

fn any_case() -> impl Strategy<Value = Case> {
    let standing = (
        proptest::sample::subsequence(JobRole::ALL.to_vec(), 0..=2),
        proptest::sample::subsequence(vec!["checkout", "search"], 0..=2),
    );
    (
        proptest::sample::select(vec![ChangeKind::Deploy, ChangeKind::Rollback]),
        any::<bool>(),
        proptest::collection::vec((1u32..3, any_approvers(), any::<bool>()), 0..3),
        proptest::collection::vec(standing, 6),
        proptest::collection::vec(
            (any::<bool>(), any::<bool>(), proptest::bool::weighted(0.9)),
            6,
        ),
    )
        .prop_map(|(kind, protected, needs, people, words)| Case {
            kind,
            protected,
            needs,
            people,
            words,
        })
}

fn check(case: &Case, asked: &Asked) -> Result<(), TestCaseError> {
    let change = change(case.kind, case.protected);
    let needs: Vec<Requirement> = (0..)
        .zip(&case.needs)
        .map(|(n, (count, of, step_up))| Requirement {
            rule: format!("rule {n}"),
            count: *count,
            of: of.clone(),
            step_up: *step_up,
        })
        .collect();
    // The first of them is the requester.
    let people: Vec<Person> = (0..)
        .zip(&case.people)
        .map(|(n, (roles, teams))| person(n, roles, teams))
        .collect();
    let words: Vec<Approval> = people
        .iter()
        .zip(&case.words)
        .filter(|(_, (gave, ..))| *gave)
        .map(|(person, (_, factor, same))| {
            word(
                person.clone(),
                *factor,
                if *same {
                    DIGEST
                } else {
                    EvidenceDigest([8; 32])
                },
            )
        })
        .collect();
    let explained = Agreement::of(&change, &needs, &words, |a| asked.may(&a.person, &change));
    prop_assert_eq!(
        explained.is_reached(),
        agreed(&needs, &words, &change, asked)
    );
    for (person, _) in people
        .iter()
        .zip(&case.words)
        .filter(|(_, (gave, ..))| !gave)
    {
        let could = asked.may(person, &change).is_ok()
            && !explained
                .would_serve(&change, person, None, true)
                .is_empty();
        // What happens when they do give it.
        let mut more = words.clone();
        more.push(word(person.clone(), true, DIGEST));
        let then = Agreement::of(&change, &needs, &more, |a| asked.may(&a.person, &change));
        let sum = |a: &Agreement| a.status.iter().map(|s| s.given_by.len()).sum::<usize>();
        prop_assert_eq!(could, sum(&then) > sum(&explained), "{:?}", person);
        if could {
            prop_assert!(
                then.is_reached() || then.status.iter().any(|s| s.given_by.contains(&person.id))
            );
        }
        prop_assert_eq!(then.is_reached(), agreed(&needs, &more, &change, asked));
    }
    Ok(())
}

#[test]
fn what_is_explained_is_what_is_enforced() {
    let asked = Asked {
        policies: policies(),
        known: RefCell::default(),
    };
    let mut runner = TestRunner::new(Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&any_case(), |case| check(&case, &asked))
        .unwrap_or_else(|e| panic!("{e}"));
    let known = asked.known.borrow();
    assert!(
        known.values().any(|yes| *yes) && known.values().any(|yes| !yes),
        "both answers were met"
    );
}

/// The case that counting people requirement by requirement gets wrong.
#[test]
fn a_word_may_free_another_for_what_is_open() {
    let change = change(ChangeKind::Deploy, false);
    let need = |of| Requirement {
        rule: "r".into(),
        count: 1,
        of,
        step_up: false,
    };
    let needs = [
        need(Approvers::OwningTeam),
        need(Approvers::JobRole(JobRole::Manager)),
    ];
    let both = word(person(1, &[JobRole::Manager], &["checkout"]), false, DIGEST);
    let now = Agreement::of(&change, &needs, &[both], |_| Ok(()));
    assert!(!now.is_reached());
    for (roles, teams) in [(vec![JobRole::Manager], vec![]), (vec![], vec!["checkout"])] {
        let other = person(2, &roles, &teams);
        assert_eq!(
            now.would_serve(&change, &other, None, false).len(),
            1,
            "{other:?}"
        );
    }
    let outsider = person(3, &[JobRole::Operator], &["search"]);
    assert!(now.would_serve(&change, &outsider, None, false).is_empty());
}
