//! The inline session policy: exactly what one step needs, taken from the evidence.

use domain::{Evidence, Target, canonical};
use serde_json::{Value, json};

/// What a step needs of AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Look whether the target's cluster is there.
    CheckCluster,
    /// Look whether the image is in the target's registry.
    CheckImage,
    /// Find the cluster and read its pods. Reading pods needs no IAM action: the cluster's access entry decides.
    VerifyRollout,
    /// Read the metrics that decide about a canary.
    ReadMetrics,
    /// What the pipeline gets for its ticket: find the cluster and deploy by its Kubernetes API.
    Pipeline,
}

impl Need {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CheckCluster => "check_cluster",
            Self::CheckImage => "check_image",
            Self::VerifyRollout => "verify_rollout",
            Self::ReadMetrics => "read_metrics",
            Self::Pipeline => "pipeline",
        }
    }
}

/// A session policy beyond what STS takes. Nothing is cut: less than needed fails late, more than needed never.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session policy would have {0} characters, and STS takes {max}", max = LONGEST)]
pub struct Oversized(pub usize);

/// What STS takes, in characters.
const LONGEST: usize = 2_048;

/// The policy, as JSON and as the text that is sent.
///
/// # Errors
/// When it is longer than STS takes.
pub fn session_policy(
    need: Need,
    partition: &str,
    evidence: &Evidence,
    target: &Target,
) -> Result<(Value, String), Oversized> {
    let (region, account) = (&target.region, &target.account);
    let cluster = format!(
        "arn:{partition}:eks:{region}:{account}:cluster/{}",
        target.cluster
    );
    let repository = format!(
        "arn:{partition}:ecr:{region}:{account}:repository/{}",
        evidence.repository
    );
    let allow = |action: &str, resource: &str| json!({"Effect": "Allow", "Action": action, "Resource": resource});
    let statement = match need {
        Need::CheckCluster | Need::VerifyRollout | Need::Pipeline => {
            allow("eks:DescribeCluster", &cluster)
        }
        Need::CheckImage => allow("ecr:DescribeImages", &repository),
        // Metrics have no ARN; the region is all that can narrow it.
        Need::ReadMetrics => {
            let mut statement = allow("cloudwatch:GetMetricData", "*");
            statement["Condition"] = json!({"StringEquals": {"aws:RequestedRegion": region}});
            statement
        }
    };
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
    // Of a value made of texts only, hence never an error; an empty text would be refused by STS.
    let text = canonical::to_string(&policy).unwrap_or_default();
    if text.chars().count() > LONGEST {
        return Err(Oversized(text.chars().count()));
    }
    Ok((policy, text))
}

#[cfg(test)]
mod tests {
    use domain::{
        ChangeKind, EnvironmentName, GitCommit, ImageDigest, Login, RegionName, ServiceName,
        TeamName, Version, evidence::Side,
    };

    use super::*;

    fn evidence() -> Evidence {
        Evidence {
            schema: Evidence::SCHEMA,
            kind: ChangeKind::Deploy,
            requester: Login::parse("developer").expect("login"),
            service: ServiceName::parse("cart").expect("service"),
            team: TeamName::parse("checkout").expect("team"),
            system: None,
            tier: None,
            version: Version::parse("1.1.0").expect("version"),
            commit: GitCommit::parse("0123abc").expect("commit"),
            repository: "shop/cart".into(),
            digest: ImageDigest::parse(format!("sha256:{}", "a".repeat(64))).expect("digest"),
            environment: EnvironmentName::parse("staging").expect("environment"),
            protected: false,
            pipeline: "shop/deploy-cart".into(),
            targets: vec![Target {
                region: RegionName::parse("eu-west-1").expect("region"),
                side: Side::Active,
                account: "200000000002".into(),
                cluster: "shop-staging".into(),
                namespace: "shop".into(),
                current: None,
                becomes: None,
            }],
            rollback_of: None,
            wave: None,
            through: domain::evidence::Through::default(),
            rule_version: "r".into(),
            policy_version: "p".into(),
        }
    }

    #[test]
    fn a_step_may_do_one_thing_to_one_thing() {
        let evidence = evidence();
        let target = &evidence.targets[0];
        let text = |need| {
            session_policy(need, "aws", &evidence, target)
                .expect("short")
                .1
        };
        assert_eq!(
            text(Need::CheckImage),
            r#"{"Statement":[{"Action":"ecr:DescribeImages","Effect":"Allow","Resource":"arn:aws:ecr:eu-west-1:200000000002:repository/shop/cart"}],"Version":"2012-10-17"}"#
        );
        assert_eq!(
            text(Need::ReadMetrics),
            r#"{"Statement":[{"Action":"cloudwatch:GetMetricData","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}},"Effect":"Allow","Resource":"*"}],"Version":"2012-10-17"}"#
        );
        for need in [Need::CheckCluster, Need::VerifyRollout, Need::Pipeline] {
            let text = text(need);
            assert!(text.contains("cluster/shop-staging"), "{text}");
            assert!(!text.contains("ecr:") && !text.contains('*'), "{text}");
        }
    }

    #[test]
    fn one_that_sts_would_not_take_is_refused_and_not_cut() {
        let mut evidence = evidence();
        evidence.repository = "x".repeat(2_048);
        let target = &evidence.targets[0];
        let refused = session_policy(Need::CheckImage, "aws", &evidence, target);
        assert!(matches!(refused, Err(Oversized(n)) if n > 2_048));
    }
}
