use proptest::prelude::*;
use uuid::Uuid;

use serde_json::json;

use super::*;
use crate::{ApprovalId, ChangeKind, EnvironmentName, Login, RegionName, ServiceName, TierName};

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
        on_behalf_of: None,
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
fn a_stand_in_brings_the_standing_of_one_person_once() {
    let manager = person(1, &[JobRole::Manager], &[]);
    let stand_in = |n, behind: &Person| Approval {
        on_behalf_of: Some(behind.clone()),
        ..approval(person(n, &[], &[]), 7)
    };
    let needs = |n| [need("a", n, Approvers::JobRole(JobRole::Manager))];
    assert!(satisfied(&needs(1), &[stand_in(2, &manager)]));
    assert!(
        !satisfied(&needs(1), &[approval(person(2, &[], &[]), 7)]),
        "without the other's standing"
    );
    assert!(
        !satisfied(&needs(2), &[stand_in(2, &manager), stand_in(3, &manager)]),
        "two stand in for one"
    );
    let both = [stand_in(2, &manager), approval(manager.clone(), 7)];
    assert!(!satisfied(&needs(2), &both), "the one and their stand-in");
    assert!(satisfied(&needs(1), &both));
    let requester = person(0, &[JobRole::Manager], &[]);
    assert!(
        !satisfied(&needs(1), &[stand_in(2, &requester)]),
        "for whoever asked"
    );
    assert!(
        !satisfied(&needs(1), &[stand_in(0, &manager)]),
        "by whoever asked"
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

fn parse(json: &serde_json::Value) -> Vec<Rule> {
    serde_json::from_value(json.clone()).expect("rules")
}

fn world() -> check::World {
    let place = |name: &str, protected, regions: &[&str]| check::Place {
        environment: EnvironmentName::parse(name).expect("environment"),
        protected,
        regions: regions
            .iter()
            .map(|r| RegionName::parse(*r).expect("region"))
            .collect(),
    };
    let both = ["eu-west-1", "eu-central-1"];
    check::World {
        places: vec![
            place("dev", false, &["eu-west-1"]),
            place("production", true, &both),
        ],
        teams: Some([owner()].into()),
        tiers: Some([TierName::parse("1").expect("tier")].into()),
        approvers: [JobRole::Manager, JobRole::Developer].into(),
    }
}

/// Each of these can never be what somebody meant.
#[test]
fn bad_rules_are_refused_each_with_its_number() {
    let cases = [
        (json!({"name": " ", "require": []}), "has no name"),
        (
            json!({"name": "a", "require": [{"count": 0, "of": "owning_team"}]}),
            "requires nobody",
        ),
        (
            json!({"name": "a", "require": [{"count": 99, "of": "owning_team"}]}),
            "never be found",
        ),
        (
            json!({"name": "a", "require": [{"count": 1, "of": "owning_team"}, {"count": 2, "of": "owning_team"}]}),
            "same people twice",
        ),
        (
            json!({"name": "a", "require": [{"count": 1, "of": {"job_role": "auditor"}}]}),
            "no auditor may approve",
        ),
        (
            json!({"name": "a", "require": [{"count": 1, "of": {"team": "chekout"}}]}),
            "declares checkout",
        ),
        (
            json!({"name": "a", "match": {"team": "chekout"}, "require": []}),
            "not known",
        ),
        (
            json!({"name": "a", "match": {"tier": ["1", "9"]}, "require": []}),
            "the tier '9'",
        ),
        (
            json!({"name": "a", "match": {"environment": "prod"}, "require": []}),
            "they are dev, production",
        ),
        (
            json!({"name": "a", "match": {"environment": ["production"], "protected": false}, "require": []}),
            "never match",
        ),
        (
            json!({"name": "a", "match": {"environment": "dev", "region": "eu-central-1"}, "require": []}),
            "never match",
        ),
        (
            json!({"name": "a", "match": {"region": "us-east-1"}, "require": []}),
            "no region of any",
        ),
        (
            json!({"name": "a", "match": {"regions_from": 3}, "require": []}),
            "never match",
        ),
        (
            json!({"name": "a", "match": {"kind": []}, "require": []}),
            "kind is an empty list",
        ),
    ];
    let good = json!({"name": "good", "match": {"kind": "drill"}, "require": []});
    for (bad, why) in cases {
        let rules = parse(&json!([good, bad]));
        let wrong = RuleSet::checked(rules, &world()).expect_err(why);
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert_eq!(wrong[0].0, 1, "{wrong:?}");
        assert!(wrong[0].1.contains(why), "{wrong:?} does not say {why}");
    }
    let twice = json!([good, good]);
    let wrong = RuleSet::checked(parse(&twice), &world()).expect_err("ambiguous");
    assert_eq!(wrong.len(), 2, "the name and the match: {wrong:?}");
    RuleSet::checked(parse(&json!([good])), &world()).expect("a good one");
}

#[test]
fn a_match_is_one_or_several_and_its_order_makes_no_other_rule() {
    let one =
        parse(&json!([{"name": "a", "match": {"kind": ["rollback", "deploy"]}, "require": []}]));
    let other = parse(
        &json!([{"name": "a", "match": {"kind": ["deploy", "rollback", "deploy"]}, "require": []}]),
    );
    let version = |rules: Vec<Rule>| RuleSet::new(rules).expect("good").version().to_owned();
    assert_eq!(version(one), version(other));
    assert!(
        serde_json::from_value::<Vec<Rule>>(
            json!([{"name": "a", "match": {"kinds": "deploy"}, "require": []}])
        )
        .is_err()
    );
}

#[test]
fn the_size_of_a_change_is_told_by_its_versions() {
    let size = |a: &str, b: &str| {
        let version = |t: &str| crate::Version::parse(t).expect("version");
        Size::between(&version(a), &version(b))
    };
    for (a, b, is) in [
        ("1.2.3", "1.2.3", Size::None),
        ("1.2.3", "1.2.4", Size::Patch),
        ("v1.2.3", "1.2.3-rc.1", Size::Patch),
        ("1.2.3", "1.3.0", Size::Minor),
        ("1.3.0", "1.2.3", Size::Minor),
        ("1.9.9", "2.0.0", Size::Major),
        ("1.2", "1.3", Size::Major),
        ("build-7", "build-8", Size::Major),
    ] {
        assert_eq!(size(a, b), is, "{a} to {b}");
    }
}

#[test]
fn every_field_of_a_match_counts() {
    let evidence = crate::evidence::tests::sample();
    let facts = Facts::of(&evidence);
    let says = |m: serde_json::Value| {
        let matches: Matches =
            serde_json::from_value(m.clone()).unwrap_or_else(|e| panic!("{m}: {e}"));
        matches.matches(&facts)
    };
    for (yes, no) in [
        (json!({"kind": "deploy"}), json!({"kind": "rollback"})),
        (
            json!({"environment": "production"}),
            json!({"environment": "staging"}),
        ),
        (json!({"protected": true}), json!({"protected": false})),
        (
            json!({"team": ["checkout", "search"]}),
            json!({"team": "search"}),
        ),
        (json!({"service": "cart"}), json!({"service": "search"})),
        (json!({"system": "shop"}), json!({"system": "office"})),
        (json!({"tier": "1"}), json!({"tier": ["2", "3"]})),
        (
            json!({"region": "eu-west-1"}),
            json!({"region": "us-east-1"}),
        ),
        (json!({"regions_from": 2}), json!({"regions_from": 3})),
        (json!({"size_from": "minor"}), json!({"size_from": "major"})),
    ] {
        assert!(says(yes.clone()), "{yes}");
        assert!(!says(no.clone()), "{no}");
    }
    let mut without = evidence.clone();
    without.tier = None;
    let tiered: Matches = serde_json::from_value(json!({"tier": "1"})).expect("match");
    assert!(
        !tiered.matches(&Facts::of(&without)),
        "no tier is none of them"
    );
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

prop_compose! {
    fn any_rule()(kind in proptest::option::of(proptest::sample::subsequence(vec![ChangeKind::Deploy, ChangeKind::Rollback], 1..=2)),
                  protected in proptest::option::of(any::<bool>()),
                  tier in proptest::option::of(0..2u8),
                  least in proptest::option::of(proptest::sample::select(Size::ALL.to_vec())),
                  regions_from in proptest::option::of(1u32..3),
                  asks in proptest::collection::vec((1u32..3, any_approvers(), any::<bool>()), 0..3)) -> Rule {
        Rule {
            name: String::new(),
            matches: Matches {
                kind: kind.map(AnyOf::new),
                protected,
                tier: tier.map(|t| AnyOf::new([TierName::parse(t.to_string()).expect("tier")])),
                size_from: least,
                regions_from,
                ..Matches::default()
            },
            demands: asks.into_iter().map(|(count, of, step_up)| Demand { count, of, step_up }).collect(),
        }
    }
}

/// Rules as a file would hold them: those that could not be in force together are left out.
fn set(rules: impl IntoIterator<Item = Rule>) -> RuleSet {
    let mut all: Vec<Rule> = vec![];
    for (i, mut rule) in rules.into_iter().enumerate() {
        rule.name = format!("rule {i}");
        all.push(rule);
        if RuleSet::new(all.clone()).is_err() {
            all.pop();
        }
    }
    RuleSet::new(all).expect("each was tried")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Whole rule sets and whole changes: with one rule more, nothing is agreed that was not agreed without it.
    #[test]
    fn one_rule_more_never_makes_approval_easier(
        rules in proptest::collection::vec(any_rule(), 0..5),
        extra in any_rule(),
        place in 0..=5usize,
        kind in proptest::sample::select(vec![ChangeKind::Deploy, ChangeKind::Rollback]),
        protected in any::<bool>(),
        tier in proptest::option::of(0..2u8),
        size in proptest::sample::select(Size::ALL.to_vec()),
        people in proptest::collection::vec((any_person(), any::<bool>()), 0..8),
    ) {
        let tier = tier.map(|t| TierName::parse(t.to_string()).expect("tier"));
        let (environment, service) = (EnvironmentName::parse("e").expect("name"), ServiceName::parse("s").expect("name"));
        let (region, owner) = (RegionName::parse("r").expect("name"), owner());
        let facts = Facts { kind, environment: &environment, protected, team: &owner, service: &service,
            system: None, tier: tier.as_ref(), regions: vec![&region], size };
        let given: Vec<_> = people.into_iter().map(|(p, stepped_up)| Approval { stepped_up, ..approval(p, 7) }).collect();
        let before = set(rules);
        let mut more = before.rules().to_vec();
        more.insert(place.min(more.len()), Rule { name: "extra".into(), ..extra });
        // A rule that is refused, since another matches the same, makes nothing easier.
        let Ok(after) = RuleSet::new(more) else { return Ok(()) };
        // No rule at all means no: a rule that asks for nobody opens what nobody had thought of, and nothing else.
        let agreed = |rules: &RuleSet| satisfied(&rules.requirements(&facts), &given);
        if !before.matching(&facts).is_empty() {
            prop_assert!(!agreed(&after) || agreed(&before));
        }
    }

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
