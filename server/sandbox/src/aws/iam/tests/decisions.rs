//! Layers, principals, actions and resources, and the words of the answer.
use super::super::{Decision, Layer, Policies, Principal, Request, evaluate};
use super::{CLUSTER, describe, policy, trust};

const ALL: &str = r#"{"Sid":"All","Effect":"Allow","Action":"*","Resource":"*"}"#;

#[test]
fn actions_and_resources_match_as_documented() {
    let cases = [
        (r#""Action":"eks:DescribeCluster","Resource":"*""#, true),
        (r#""Action":"EKS:describecluster","Resource":"*""#, true),
        (r#""Action":"eks:Describe*","Resource":"*""#, true),
        (r#""Action":"eks:Describe?luster","Resource":"*""#, true),
        (r#""Action":"eks:Describe?","Resource":"*""#, false),
        (r#""Action":["ecr:*","eks:*Cluster"],"Resource":"*""#, true),
        (
            r#""Action":"eks:DescribeClusterVersions","Resource":"*""#,
            false,
        ),
        (r#""NotAction":"ecr:*","Resource":"*""#, true),
        (r#""NotAction":["eks:Describe*"],"Resource":"*""#, false),
        (
            r#""Action":"eks:*","Resource":"arn:aws:eks:eu-west-1:200000000002:cluster/shop-dev""#,
            true,
        ),
        (
            r#""Action":"eks:*","Resource":"arn:aws:eks:eu-west-1:200000000002:cluster/SHOP-dev""#,
            false,
        ),
        (
            r#""Action":"eks:*","Resource":"arn:aws:eks:*:200000000002:cluster/*""#,
            true,
        ),
        (
            r#""Action":"eks:*","Resource":"arn:aws:eks:eu-central-1:*:cluster/*""#,
            false,
        ),
        (
            r#""Action":"eks:*","NotResource":"arn:aws:eks:eu-central-1:*:cluster/*""#,
            true,
        ),
        (
            r#""Action":"eks:*","NotResource":"arn:aws:eks:*:*:cluster/shop-???""#,
            false,
        ),
    ];
    for (body, allowed) in cases {
        let allow = policy(&format!(r#"{{"Effect":"Allow",{body}}}"#));
        let decision = evaluate(
            &describe(),
            &Policies {
                identity: &[allow],
                ..Policies::default()
            },
        );
        assert_eq!(decision.is_allowed(), allowed, "{body}");
    }
}

#[test]
fn every_layer_must_allow_and_any_may_deny() {
    let all = [policy(ALL)];
    let none = [policy(
        r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#,
    )];
    let deny = [policy(&format!(
        r#"{ALL},{{"Sid":"Never","Effect":"Deny","Action":"eks:*","Resource":"*"}}"#
    ))];
    let of = |identity, boundary: Option<&'static str>, session| (identity, boundary, session);
    let pick = |name: &str| match name {
        "all" => all.as_slice(),
        "none" => none.as_slice(),
        "deny" => deny.as_slice(),
        _ => &[],
    };
    let cases = [
        (of("all", None, None), "allowed"),
        (
            of("none", None, None),
            "because no identity-based policy allows the eks:DescribeCluster action",
        ),
        (
            of("empty", None, None),
            "because no identity-based policy allows the eks:DescribeCluster action",
        ),
        (
            of("deny", None, None),
            "with an explicit deny in an identity-based policy",
        ),
        (of("all", Some("all"), Some("all")), "allowed"),
        (
            of("all", Some("none"), Some("all")),
            "because no permissions boundary allows the eks:DescribeCluster action",
        ),
        (
            of("all", Some("deny"), Some("all")),
            "with an explicit deny in a permissions boundary",
        ),
        (
            of("all", None, Some("none")),
            "because no session policy allows the eks:DescribeCluster action",
        ),
        (
            of("all", None, Some("deny")),
            "with an explicit deny in a session policy",
        ),
        (
            of("none", None, Some("all")),
            "because no identity-based policy allows the eks:DescribeCluster action",
        ),
        (
            of("none", None, Some("deny")),
            "with an explicit deny in a session policy",
        ),
    ];
    for ((identity, boundary, session), want) in cases {
        let policies = Policies {
            identity: pick(identity),
            boundary: boundary.and_then(|name| pick(name).first()),
            session: session.map(pick),
            trust: None,
        };
        let decision = evaluate(&describe(), &policies);
        let said = decision
            .reason("eks:DescribeCluster")
            .unwrap_or_else(|| "allowed".to_owned());
        assert_eq!(
            said, want,
            "identity {identity}, boundary {boundary:?}, session {session:?}"
        );
    }
}

#[test]
fn the_decision_names_the_statement() {
    let first = policy(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#);
    let second = policy(&format!(
        r#"{{"Effect":"Deny","Action":"eks:Delete*","Resource":"*"}},{ALL}"#
    ));
    let policies = [first, second];
    let Decision::Allowed(by) = evaluate(
        &describe(),
        &Policies {
            identity: &policies,
            ..Policies::default()
        },
    ) else {
        panic!("allowed");
    };
    let [because] = by.as_slice() else {
        panic!("one layer, one reason: {by:?}")
    };
    assert_eq!(
        (because.layer, because.policy, because.statement),
        (Layer::Identity, 1, 1)
    );
    assert_eq!(because.sid.as_deref(), Some("All"));
}

#[test]
fn the_message_is_that_of_aws() {
    let decision = evaluate(&describe(), &Policies::default());
    assert_eq!(
        decision.message(&describe()).expect("denied"),
        format!(
            "User: arn:aws:sts::200000000002:assumed-role/developer/step-1 is not authorized to perform: \
             eks:DescribeCluster on resource: {CLUSTER} because no identity-based policy allows the eks:DescribeCluster action"
        )
    );
}

const PORTAL: &str = "arn:aws:iam::100000000001:role/portal";

fn assume(target_account: &str) -> Request {
    let target = format!("arn:aws:iam::{target_account}:role/job");
    Request::new(
        Principal::session("100000000001", "portal", "pod"),
        "sts:AssumeRole",
        &target,
    )
}

#[test]
fn trust_names_principals_in_every_form() {
    let mine = [policy(
        r#"{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}"#,
    )];
    let cases = [
        (r#""Principal":"*""#, true),
        (r#""Principal":{"AWS":"*"}"#, true),
        (r#""Principal":{"AWS":"100000000001"}"#, true),
        (
            r#""Principal":{"AWS":"arn:aws:iam::100000000001:root"}"#,
            true,
        ),
        (
            r#""Principal":{"AWS":"arn:aws:iam::100000000001:role/portal"}"#,
            true,
        ),
        (
            r#""Principal":{"AWS":"arn:aws:sts::100000000001:assumed-role/portal/pod"}"#,
            true,
        ),
        (
            r#""Principal":{"AWS":"arn:aws:sts::100000000001:assumed-role/portal/other"}"#,
            false,
        ),
        (
            r#""Principal":{"AWS":["arn:aws:iam::900000000009:root","100000000001"]}"#,
            true,
        ),
        (
            r#""Principal":{"AWS":"arn:aws:iam::100000000001:role/other"}"#,
            false,
        ),
        (
            r#""Principal":{"AWS":"arn:aws:iam::200000000002:root"}"#,
            false,
        ),
        (r#""Principal":{"Service":"ec2.amazonaws.com"}"#, false),
        (
            r#""Principal":{"Federated":"arn:aws:iam::100000000001:oidc-provider/x"}"#,
            false,
        ),
    ];
    for (principal, allowed) in cases {
        let trust = trust(&format!(
            r#"{{"Effect":"Allow",{principal},"Action":"sts:AssumeRole"}}"#
        ));
        let policies = Policies {
            identity: &mine,
            trust: Some(&trust),
            ..Policies::default()
        };
        assert_eq!(
            evaluate(&assume("200000000002"), &policies).is_allowed(),
            allowed,
            "{principal}"
        );
    }
}

#[test]
fn across_accounts_both_sides_must_agree_and_at_home_the_name_is_enough() {
    let named = trust(&format!(
        r#"{{"Effect":"Allow","Principal":{{"AWS":"{PORTAL}"}},"Action":"sts:AssumeRole"}}"#
    ));
    let root =
        trust(r#"{"Effect":"Allow","Principal":{"AWS":"100000000001"},"Action":"sts:AssumeRole"}"#);
    let no_session = [policy(
        r#"{"Effect":"Allow","Action":"eks:*","Resource":"*"}"#,
    )];
    let decide = |trust, account: &str, session| {
        let policies = Policies {
            identity: &[],
            trust: Some(trust),
            session,
            ..Policies::default()
        };
        evaluate(&assume(account), &policies)
    };
    assert_eq!(
        decide(&named, "200000000002", None),
        Decision::ImplicitlyDenied(Layer::Identity)
    );
    assert!(decide(&named, "100000000001", None).is_allowed());
    assert_eq!(
        decide(&root, "100000000001", None),
        Decision::ImplicitlyDenied(Layer::Identity)
    );
    let narrowed = decide(&named, "100000000001", Some(no_session.as_slice()));
    assert_eq!(narrowed, Decision::ImplicitlyDenied(Layer::Session));
}

#[test]
fn a_denying_not_principal_spares_only_those_it_names() {
    let mine = [policy(
        r#"{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}"#,
    )];
    for (spared, allowed) in [
        (PORTAL, true),
        ("arn:aws:iam::100000000001:role/other", false),
    ] {
        let trust = trust(&format!(
            r#"{{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}},
               {{"Effect":"Deny","NotPrincipal":{{"AWS":"{spared}"}},"Action":"sts:AssumeRole"}}"#
        ));
        let policies = Policies {
            identity: &mine,
            trust: Some(&trust),
            ..Policies::default()
        };
        assert_eq!(
            evaluate(&assume("200000000002"), &policies).is_allowed(),
            allowed,
            "{spared}"
        );
    }
}

#[test]
fn a_long_pattern_against_a_long_text_ends() {
    let allow = policy(&format!(
        r#"{{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::{}b"}}"#,
        "a*".repeat(200)
    ));
    let request = Request {
        resource: format!("arn:aws:s3:::{}", "a".repeat(5_000)),
        ..describe()
    };
    assert!(
        !evaluate(
            &request,
            &Policies {
                identity: &[allow],
                ..Policies::default()
            }
        )
        .is_allowed()
    );
}
