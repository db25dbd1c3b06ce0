//! What is no policy, and in which words.
use super::super::Policy;

#[test]
fn malformed_identity_policies_are_refused() {
    let statement = |body: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{{{body}}}]}}"#);
    let ok = r#""Effect":"Allow","Action":"eks:*","Resource":"*""#;
    let cases = [
        (String::new(), "invalid Json"),
        ("{".into(), "invalid Json"),
        ("[]".into(), "Syntax errors"),
        ("{}".into(), "Syntax errors"),
        (
            r#"{"Version":"2012-10-17","Statement":[]}"#.into(),
            "Syntax errors",
        ),
        (
            statement(ok).replace("2012-10-17", "2026-01-01"),
            "valid version",
        ),
        (
            statement(ok).replace(r#""Version""#, r#""version""#),
            "unknown element version",
        ),
        (statement(&ok.replace("Allow", "allow")), "Invalid effect"),
        (
            statement(r#""Action":"eks:*","Resource":"*""#),
            "Missing required field Effect",
        ),
        (
            statement(r#""Effect":"Allow","Resource":"*""#),
            "must contain actions",
        ),
        (
            statement(r#""Effect":"Allow","Action":[],"Resource":"*""#),
            "Syntax errors",
        ),
        (
            statement(r#""Effect":"Allow","Action":7,"Resource":"*""#),
            "Syntax errors",
        ),
        (
            statement(r#""Effect":"Allow","Action":"eks:*""#),
            "must contain resources",
        ),
        (
            statement(&ok.replace("eks:*", "DescribeCluster")),
            "prefaced by a vendor",
        ),
        (
            statement(&ok.replace("eks:*", "*:Describe*")),
            "Vendor * is not valid",
        ),
        (statement(&ok.replace("eks:*", "eks:")), "is not valid"),
        (
            statement(&ok.replace(r#""*""#, r#""cluster/shop""#)),
            "must be in ARN format",
        ),
        (
            statement(&ok.replace(r#""*""#, r#""arn:aws:eks:*""#)),
            "must be in ARN format",
        ),
        (
            statement(&format!(r#"{ok},"NotAction":"a:b""#)),
            "both Action and NotAction",
        ),
        (
            statement(&format!(r#"{ok},"Principal":"*""#)),
            "should not specify a principal",
        ),
        (
            statement(&format!(r#"{ok},"Conditions":{{}}"#)),
            "unknown element Conditions",
        ),
        (statement(&format!(r#"{ok},"Sid":"a b""#)), "alpha-numeric"),
        (
            statement(&format!(r#"{ok},"Condition":[]"#)),
            "Syntax errors",
        ),
        (
            statement(&format!(
                r#"{ok},"Condition":{{"StringMatches":{{"aws:a":"b"}}}}"#
            )),
            "Invalid Condition type : StringMatches",
        ),
        (
            statement(&format!(
                r#"{ok},"Condition":{{"ForSome:StringLike":{{"aws:a":"b"}}}}"#
            )),
            "Invalid Condition type",
        ),
        (
            statement(&format!(
                r#"{ok},"Condition":{{"NullIfExists":{{"aws:a":"true"}}}}"#
            )),
            "Invalid Condition type",
        ),
        (
            statement(&format!(
                r#"{ok},"Condition":{{"StringLike":{{"team":"b"}}}}"#
            )),
            "prefaced by a vendor",
        ),
        (
            statement(&format!(r#"{ok},"Condition":{{"Bool":{{"aws:a":"yes"}}}}"#)),
            "The value yes",
        ),
        (
            statement(&format!(
                r#"{ok},"Condition":{{"IpAddress":{{"aws:SourceIp":"10.0.0.0/33"}}}}"#
            )),
            "10.0.0.0/33",
        ),
        (
            statement(&format!(
                r#"{ok},"Condition":{{"DateLessThan":{{"aws:CurrentTime":"soon"}}}}"#
            )),
            "soon",
        ),
        (
            format!(r#"{{"Statement":[{{"Sid":"A",{ok}}},{{"Sid":"A",{ok}}}]}}"#),
            "must be unique",
        ),
    ];
    for (text, want) in cases {
        match Policy::parse(&text) {
            Ok(_) => panic!("accepted: {text}"),
            Err(error) => assert!(error.0.contains(want), "{text}: {error}, want {want}"),
        }
    }
    assert!(Policy::parse(&statement(ok)).is_ok());
    assert!(Policy::parse(&format!(r#"{{"Id":"x","Statement":{{{ok}}}}}"#)).is_ok());
}

#[test]
fn malformed_trust_policies_are_refused() {
    let statement = |body: &str| {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{body}}}]}}"#)
    };
    let cases = [
        (
            r#""Action":"sts:AssumeRole""#,
            "Missing required field Principal",
        ),
        (
            r#""Principal":"*","Action":"sts:AssumeRole","Resource":"*""#,
            "prohibited field Resource",
        ),
        (
            r#""Principal":"*","Action":"eks:DescribeCluster""#,
            "only specify STS",
        ),
        (
            r#""Principal":"someone","Action":"sts:AssumeRole""#,
            "Invalid principal",
        ),
        (
            r#""Principal":{},"Action":"sts:AssumeRole""#,
            "Invalid principal",
        ),
        (
            r#""Principal":{"AWS":"arn:aws:iam::100000000001:role/*"},"Action":"sts:AssumeRole""#,
            "Invalid principal",
        ),
        (
            r#""Principal":{"AWS":"1234"},"Action":"sts:AssumeRole""#,
            "Invalid principal",
        ),
        (
            r#""Principal":{"People":"x"},"Action":"sts:AssumeRole""#,
            "Invalid principal",
        ),
        (
            r#""NotPrincipal":{"AWS":"100000000001"},"Action":"sts:AssumeRole""#,
            "NotPrincipal is not allowed",
        ),
    ];
    for (body, want) in cases {
        match Policy::parse_trust(&statement(body)) {
            Ok(_) => panic!("accepted: {body}"),
            Err(error) => assert!(error.0.contains(want), "{body}: {error}, want {want}"),
        }
    }
}
