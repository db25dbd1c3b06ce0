use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{ApprovalId, Login};

fn person(n: u128, roles: &[JobRole], teams: &[&str]) -> Person {
    Person {
        id: PersonId(Uuid::from_u128(n)),
        login: Login::parse(format!("person{n}")).expect("login"),
        name: format!("Person {n}"),
        job_roles: roles.iter().copied().collect(),
        teams: teams
            .iter()
            .map(|t| TeamName::parse(*t).expect("team"))
            .collect(),
    }
}

fn approval(person: Person, digest: u8) -> Approval {
    Approval {
        id: ApprovalId(Uuid::from_u128(1)),
        person,
        verdict: Verdict::Approve,
        evidence_digest: EvidenceDigest([digest; 32]),
        comment: String::new(),
        stepped_up: true,
        at: jiff::Timestamp::UNIX_EPOCH,
    }
}

fn need(rule: &str, count: u32, of: Approvers) -> Requirement {
    Requirement {
        rule: rule.into(),
        count,
        of,
        step_up: false,
    }
}

fn owner() -> TeamName {
    TeamName::parse("checkout").expect("team")
}

const REQUESTER: PersonId = PersonId(Uuid::from_u128(0));
const DIGEST: EvidenceDigest = EvidenceDigest([7; 32]);

fn satisfied(needs: &[Requirement], given: &[Approval]) -> bool {
    tally(needs, given, REQUESTER, &owner(), DIGEST)
        .iter()
        .all(RequirementStatus::is_satisfied)
}

#[test]
fn stepped_up_is_everybody_who_counts_and_at_least_one() {
    let manager = |n| approval(person(n, &[JobRole::Manager], &[]), 7);
    let weak = |n| Approval {
        stepped_up: false,
        ..manager(n)
    };
    let needs = |count| [need("a", count, Approvers::JobRole(JobRole::Manager))];
    let all = |needs: &[Requirement], given: &[Approval]| {
        stepped_up(&tally(needs, given, REQUESTER, &owner(), DIGEST), given)
    };
    assert!(all(&needs(1), &[manager(1)]));
    assert!(all(&needs(2), &[manager(1), manager(2)]));
    assert!(!all(&needs(1), &[weak(1)]));
    assert!(!all(&needs(2), &[manager(1), weak(2)]), "one is not enough");
    assert!(!all(&[], &[]), "nobody has shown a second factor");
    assert!(
        !all(&[], &[manager(1)]),
        "nor does a word that nobody asked for"
    );
    assert!(
        all(&needs(1), &[manager(1), weak(2)]),
        "a further word changes nothing"
    );
}

#[test]
fn one_person_cannot_serve_two_rules() {
    let both = person(1, &[JobRole::Manager], &["checkout"]);
    let needs = [
        need("a", 1, Approvers::OwningTeam),
        need("b", 1, Approvers::JobRole(JobRole::Manager)),
    ];
    assert!(!satisfied(&needs, &[approval(both.clone(), 7)]));
    // The matching moves `both` to where only they can serve.
    let manager = person(2, &[JobRole::Manager], &[]);
    assert!(satisfied(
        &needs,
        &[approval(both.clone(), 7), approval(manager.clone(), 7)]
    ));
    assert!(satisfied(
        &needs,
        &[approval(manager, 7), approval(both, 7)]
    ));
}

#[test]
fn the_requester_another_digest_a_rejection_and_a_missing_factor_do_not_count() {
    let needs = [Requirement {
        step_up: true,
        ..need("a", 1, Approvers::OwningTeam)
    }];
    let colleague = person(1, &[], &["checkout"]);
    assert!(satisfied(&needs, &[approval(colleague.clone(), 7)]));
    assert!(
        !satisfied(&needs, &[approval(person(0, &[], &["checkout"]), 7)]),
        "requester"
    );
    assert!(
        !satisfied(&needs, &[approval(colleague.clone(), 8)]),
        "digest"
    );
    assert!(
        !satisfied(&needs, &[approval(person(2, &[], &["search"]), 7)]),
        "team"
    );
    let mut rejected = approval(colleague.clone(), 7);
    rejected.verdict = Verdict::Reject;
    assert!(!satisfied(&needs, &[rejected]), "verdict");
    let mut weak = approval(colleague, 7);
    weak.stepped_up = false;
    assert!(!satisfied(&needs, &[weak]), "step-up");
}

#[test]
fn bad_rules_are_all_named() {
    let rule = |name: &str, count| Rule {
        name: name.into(),
        matches: Matches::default(),
        demands: vec![Demand {
            count,
            of: Approvers::OwningTeam,
            step_up: false,
        }],
    };
    let wrong =
        RuleSet::new(vec![rule("", 1), rule("a", 0), rule("a", 1)]).expect_err("three mistakes");
    assert_eq!(wrong.len(), 3, "{wrong:?}");
}

#[test]
fn the_version_follows_the_content() {
    let rule = |count| Rule {
        name: "a".into(),
        matches: Matches::default(),
        demands: vec![Demand {
            count,
            of: Approvers::OwningTeam,
            step_up: false,
        }],
    };
    let one = RuleSet::new(vec![rule(1)]).expect("valid");
    let two = RuleSet::new(vec![rule(2)]).expect("valid");
    assert_ne!(one.version(), two.version());
    assert_eq!(
        one.version(),
        RuleSet::new(vec![rule(1)]).expect("valid").version()
    );
}

fn any_approvers() -> impl Strategy<Value = Approvers> {
    prop_oneof![
        Just(Approvers::OwningTeam),
        Just(Approvers::JobRole(JobRole::Manager)),
        Just(Approvers::JobRole(JobRole::Operator)),
        Just(Approvers::Team(TeamName::parse("search").expect("team"))),
    ]
}

prop_compose! {
    fn any_person()(n in 0u128..8, roles in proptest::sample::subsequence(JobRole::ALL.to_vec(), 0..=3),
                    teams in proptest::sample::subsequence(vec!["checkout", "search"], 0..=2)) -> Person {
        person(n, &roles, &teams)
    }
}

proptest! {
    #[test]
    fn adding_a_rule_never_makes_approval_easier(
        counts in proptest::collection::vec((1u32..3, any_approvers()), 0..4),
        extra in (1u32..3, any_approvers()),
        people in proptest::collection::vec(any_person(), 0..8),
    ) {
        let needs: Vec<_> = counts.into_iter().map(|(n, of)| need("r", n, of)).collect();
        let given: Vec<_> = people.into_iter().map(|p| approval(p, 7)).collect();
        let mut more = needs.clone();
        more.push(need("extra", extra.0, extra.1));
        prop_assert!(!satisfied(&more, &given) || satisfied(&needs, &given));
    }

    #[test]
    fn nobody_is_counted_twice(
        counts in proptest::collection::vec((1u32..3, any_approvers()), 0..4),
        people in proptest::collection::vec(any_person(), 0..8),
    ) {
        let needs: Vec<_> = counts.into_iter().map(|(n, of)| need("r", n, of)).collect();
        let given: Vec<_> = people.into_iter().map(|p| approval(p, 7)).collect();
        let status = tally(&needs, &given, REQUESTER, &owner(), DIGEST);
        let mut counted: Vec<_> = status.iter().flat_map(|s| s.given_by.clone()).collect();
        let all = counted.len();
        counted.sort();
        counted.dedup();
        prop_assert_eq!(counted.len(), all);
        prop_assert!(!counted.contains(&REQUESTER));
    }
}
