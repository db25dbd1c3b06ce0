//! Every operator, with its key present, different and missing.
use super::super::{Policies, evaluate};
use super::{describe, policy};

/// Operator, condition value (JSON), request value (`None` = key missing), holds?
const SINGLE: &[(&str, &str, Option<&str>, bool)] = &[
    ("StringEquals", r#""a""#, Some("a"), true),
    ("StringEquals", r#""a""#, Some("A"), false),
    ("StringEquals", r#""a*""#, Some("ab"), false),
    ("StringEquals", r#"["a","b"]"#, Some("b"), true),
    ("StringEquals", r#""a""#, None, false),
    ("StringEqualsIfExists", r#""a""#, None, true),
    ("StringEqualsIfExists", r#""a""#, Some("b"), false),
    ("StringNotEquals", r#""a""#, Some("b"), true),
    ("StringNotEquals", r#"["a","b"]"#, Some("b"), false),
    ("StringNotEquals", r#""a""#, None, true),
    (
        "StringEqualsIgnoreCase",
        r#""Straße""#,
        Some("STRASSE"),
        false,
    ),
    ("StringEqualsIgnoreCase", r#""aB""#, Some("Ab"), true),
    ("StringNotEqualsIgnoreCase", r#""aB""#, Some("Ab"), false),
    ("StringLike", r#""?*""#, Some("x"), true),
    ("StringLike", r#""?*""#, Some(""), false),
    ("StringLike", r#""?*""#, None, false),
    ("StringLike", r#""a?c""#, Some("aéc"), true),
    ("StringLike", r#""a*c*e""#, Some("abcde"), true),
    ("StringLike", r#""a*c*e""#, Some("abcdef"), false),
    ("StringLike", r#""A*""#, Some("abc"), false),
    ("StringNotLike", r#""a*""#, Some("abc"), false),
    ("StringNotLike", r#""a*""#, Some("xyz"), true),
    ("StringNotLike", r#""a*""#, None, true),
    ("StringNotLikeIfExists", r#""a*""#, Some("abc"), false),
    (
        "ArnLike",
        r#""arn:aws:iam::*:role/job-*""#,
        Some("arn:aws:iam::200000000002:role/job-a"),
        true,
    ),
    (
        "ArnLike",
        r#""arn:aws:*:role/x""#,
        Some("arn:aws:iam::200000000002:role/x"),
        false,
    ),
    (
        "ArnEquals",
        r#""arn:aws:iam::*:role/job-?""#,
        Some("arn:aws:iam::2:role/job-a"),
        true,
    ),
    ("ArnLike", r#""*""#, Some("arn:aws:iam::2:role/job-a"), true),
    (
        "ArnNotLike",
        r#""arn:aws:iam::2:*""#,
        Some("arn:aws:iam::2:role/job-a"),
        false,
    ),
    (
        "ArnNotEquals",
        r#""arn:aws:iam::2:role/b""#,
        Some("arn:aws:iam::2:role/a"),
        true,
    ),
    ("Bool", r#""true""#, Some("true"), true),
    ("Bool", "true", Some("TRUE"), true),
    ("Bool", r#""true""#, Some("false"), false),
    ("Bool", r#""false""#, None, false),
    ("BoolIfExists", r#""true""#, None, true),
    ("Null", r#""true""#, None, true),
    ("Null", r#""true""#, Some("x"), false),
    ("Null", "false", Some("x"), true),
    ("Null", r#""false""#, None, false),
    ("NumericEquals", "900", Some("900"), true),
    ("NumericEquals", r#""900.0""#, Some("900"), true),
    ("NumericNotEquals", "900", Some("901"), true),
    ("NumericLessThan", "900", Some("900"), false),
    ("NumericLessThanEquals", "900", Some("900"), true),
    ("NumericGreaterThan", "900", Some("1000"), true),
    ("NumericGreaterThanEquals", "900", Some("899"), false),
    ("NumericLessThan", "900", Some("many"), false),
    (
        "DateGreaterThan",
        r#""2026-01-01T00:00:00Z""#,
        Some("2026-01-01T00:00:01Z"),
        true,
    ),
    (
        "DateLessThan",
        r#""2026-01-01""#,
        Some("2025-12-31T23:59:59Z"),
        true,
    ),
    (
        "DateEquals",
        r#""1767225600""#,
        Some("2026-01-01T00:00:00Z"),
        true,
    ),
    (
        "DateNotEquals",
        r#""1767225600""#,
        Some("2026-01-01T00:00:00Z"),
        false,
    ),
    (
        "DateLessThanEquals",
        r#""2026-01-01T01:00:00+01:00""#,
        Some("2026-01-01T00:00:00Z"),
        true,
    ),
    (
        "DateGreaterThanEquals",
        r#""2026-01-01T00:00:00Z""#,
        Some("2025-01-01T00:00:00Z"),
        false,
    ),
    ("IpAddress", r#""10.0.0.0/8""#, Some("10.200.1.1"), true),
    ("IpAddress", r#""10.0.0.0/8""#, Some("11.0.0.1"), false),
    ("IpAddress", r#""0.0.0.0/0""#, Some("203.0.113.9"), true),
    ("IpAddress", r#""10.0.0.1""#, Some("10.0.0.1"), true),
    (
        "IpAddress",
        r#""2001:db8::/32""#,
        Some("2001:db8:1::1"),
        true,
    ),
    ("IpAddress", r#""2001:db8::/32""#, Some("10.0.0.1"), false),
    ("IpAddress", r#""10.0.0.0/8""#, None, false),
    ("NotIpAddress", r#""10.0.0.0/8""#, Some("11.0.0.1"), true),
    ("NotIpAddress", r#""10.0.0.0/8""#, None, true),
    ("BinaryEquals", r#""QmluYXJ5""#, Some("QmluYXJ5"), true),
];

#[test]
fn each_operator_holds_when_aws_says_so() {
    for (operator, want, given, holds) in SINGLE {
        let allow = policy(&format!(
            r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"{operator}":{{"aws:Test":{want}}}}}}}"#
        ));
        let mut request = describe();
        if let Some(given) = given {
            request = request.with("AWS:TEST", given);
        }
        let decision = evaluate(
            &request,
            &Policies {
                identity: &[allow],
                ..Policies::default()
            },
        );
        assert_eq!(
            decision.is_allowed(),
            *holds,
            "{operator} {want} with {given:?}"
        );
    }
}

/// Quantifier and operator, condition values, request values (`None` = key missing), holds?
const MANY: &[(&str, &str, Option<&[&str]>, bool)] = &[
    (
        "ForAllValues:StringEquals",
        r#"["a","b"]"#,
        Some(&["a"]),
        true,
    ),
    (
        "ForAllValues:StringEquals",
        r#"["a","b"]"#,
        Some(&["a", "b"]),
        true,
    ),
    (
        "ForAllValues:StringEquals",
        r#"["a","b"]"#,
        Some(&["a", "c"]),
        false,
    ),
    ("ForAllValues:StringEquals", r#"["a"]"#, Some(&[]), true),
    ("ForAllValues:StringEquals", r#"["a"]"#, None, true),
    (
        "ForAllValues:StringLike",
        r#""portolan:*""#,
        Some(&["portolan:team", "portolan:change"]),
        true,
    ),
    (
        "ForAllValues:StringLike",
        r#""portolan:*""#,
        Some(&["portolan:team", "other"]),
        false,
    ),
    (
        "ForAllValues:StringNotEquals",
        r#""a""#,
        Some(&["b", "c"]),
        true,
    ),
    (
        "ForAllValues:StringNotEquals",
        r#""a""#,
        Some(&["b", "a"]),
        false,
    ),
    (
        "ForAnyValue:StringEquals",
        r#"["a","b"]"#,
        Some(&["c", "b"]),
        true,
    ),
    (
        "ForAnyValue:StringEquals",
        r#"["a","b"]"#,
        Some(&["c", "d"]),
        false,
    ),
    ("ForAnyValue:StringEquals", r#"["a"]"#, Some(&[]), false),
    ("ForAnyValue:StringEquals", r#"["a"]"#, None, false),
    ("ForAnyValue:StringEqualsIfExists", r#"["a"]"#, None, true),
    (
        "ForAnyValue:StringNotEquals",
        r#""a""#,
        Some(&["a", "b"]),
        true,
    ),
    ("ForAnyValue:StringNotEquals", r#""a""#, Some(&["a"]), false),
    ("Null", r#""false""#, Some(&["a"]), true),
    ("Null", r#""true""#, Some(&[]), true),
];

#[test]
fn quantifiers_look_at_every_value() {
    for (operator, want, given, holds) in MANY {
        let allow = policy(&format!(
            r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"{operator}":{{"aws:TagKeys":{want}}}}}}}"#
        ));
        let mut request = describe();
        if let Some(given) = given {
            request = request.with_many("aws:TagKeys", given);
        }
        let decision = evaluate(
            &request,
            &Policies {
                identity: &[allow],
                ..Policies::default()
            },
        );
        assert_eq!(
            decision.is_allowed(),
            *holds,
            "{operator} {want} with {given:?}"
        );
    }
}

/// Resource pattern or condition value with a variable, holds?
#[test]
fn variables_are_filled_in_and_what_they_bring_is_never_a_wildcard() {
    let cases = [
        ("${aws:PrincipalTag/team}", "checkout", "checkout", true),
        ("${AWS:principaltag/TEAM}", "checkout", "checkout", true),
        ("${aws:PrincipalTag/team}", "*", "checkout", false),
        ("${aws:PrincipalTag/team}*", "check", "checkout", true),
        ("${aws:PrincipalTag/none}", "checkout", "checkout", false),
        (
            "${aws:PrincipalTag/none, 'checkout'}",
            "x",
            "checkout",
            true,
        ),
        ("${*}", "x", "*", true),
        ("${*}", "x", "anything", false),
        ("${$}{a}", "x", "${a}", true),
        ("${unclosed", "x", "${unclosed", true),
    ];
    for (pattern, tag, given, holds) in cases {
        let allow = policy(&format!(
            r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"StringLike":{{"aws:Test":"{pattern}"}}}}}}"#
        ));
        let request = describe()
            .with("aws:PrincipalTag/team", tag)
            .with("aws:Test", given);
        let decision = evaluate(
            &request,
            &Policies {
                identity: &[allow],
                ..Policies::default()
            },
        );
        assert_eq!(
            decision.is_allowed(),
            holds,
            "{pattern} with tag {tag:?} against {given:?}"
        );
    }
}

#[test]
fn the_old_version_has_no_variables() {
    let text = r#"{"Statement":{"Effect":"Allow","Action":"eks:*","Resource":"arn:aws:eks:*:*:cluster/${aws:SourceIdentity}"}}"#;
    let old = super::Policy::parse(text).expect("a policy");
    let new = super::Policy::parse(&text.replacen('{', r#"{"Version":"2012-10-17","#, 1))
        .expect("a policy");
    let request = describe().with("aws:SourceIdentity", "shop-dev");
    for (policy, allowed) in [(old, false), (new, true)] {
        let decision = evaluate(
            &request,
            &Policies {
                identity: &[policy],
                ..Policies::default()
            },
        );
        assert_eq!(decision.is_allowed(), allowed);
    }
}

#[test]
fn several_operators_and_keys_must_all_hold() {
    let allow = policy(
        r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{
            "StringEquals":{"aws:RequestedRegion":"eu-west-1","aws:PrincipalTag/team":"checkout"},
            "Bool":{"aws:MultiFactorAuthPresent":"true"}}}"#,
    );
    let full = describe()
        .with("aws:RequestedRegion", "eu-west-1")
        .with("aws:PrincipalTag/team", "checkout")
        .with("aws:MultiFactorAuthPresent", "true");
    let allowed = |request: &super::Request| {
        evaluate(
            request,
            &Policies {
                identity: std::slice::from_ref(&allow),
                ..Policies::default()
            },
        )
        .is_allowed()
    };
    assert!(allowed(&full));
    for (key, value) in [
        ("aws:RequestedRegion", "eu-central-1"),
        ("aws:PrincipalTag/team", "catalog"),
        ("aws:MultiFactorAuthPresent", "false"),
    ] {
        assert!(!allowed(&full.clone().with(key, value)), "{key} = {value}");
    }
}
