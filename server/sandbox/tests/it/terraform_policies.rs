//! The IAM policies that Terraform makes (golden files of `terraform/modules/policies`), evaluated as IAM would: each job role
//! can do its job's calls and none of the forbidden ones, and only the portal, for a named person, becomes a job role.
mod job;

use std::path::Path;

use crate::kubernetes_rig::session_with;
use job::job;
use portolan_sandbox::aws::iam::{Decision, Layer, Policies, Policy, Principal, Request, evaluate};
use portolan_sandbox::{Options, Sandbox};

/// The account of dev and staging.
const OPEN: Account = Account {
    folder: "open",
    id: "200000000002",
    environment: "staging",
};
/// The account of production.
const PROTECTED: Account = Account {
    folder: "protected",
    id: "300000000003",
    environment: "production",
};
const PORTAL: &str = "100000000001";
const JOB_ROLES: [&str; 5] = [
    "developer",
    "manager",
    "auditor",
    "operator",
    "administrator",
];

#[derive(Clone, Copy)]
struct Account {
    folder: &'static str,
    id: &'static str,
    environment: &'static str,
}

impl Account {
    fn text(self, name: &str) -> String {
        let file = Path::new("../../terraform/modules/policies/tests/golden")
            .join(self.folder)
            .join(format!("{name}.json"));
        std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    fn policy(self, name: &str) -> Policy {
        Policy::parse(&self.text(name)).unwrap_or_else(|error| panic!("{name}: {}", error.0))
    }

    fn trust(self, role: &str) -> Policy {
        Policy::parse_trust(&self.text(&format!("trust-{role}")))
            .unwrap_or_else(|error| panic!("trust-{role}: {}", error.0))
    }

    /// `{account}` and `{environment}` filled in.
    fn fill(self, arn: &str) -> String {
        arn.replace("{account}", self.id)
            .replace("{environment}", self.environment)
    }

    /// What a person's session in `role` is told; the session is made for this account's environment.
    fn decide(self, role: &str, call: &Call<'_>) -> Decision {
        let resource = self.fill(call.resource);
        let mut request = Request::new(
            Principal::session(self.id, &format!("portolan-job-{role}"), "step-0190"),
            call.action,
            &resource,
        )
        .with("aws:SourceIdentity", "somebody")
        .with("aws:PrincipalTag/portolan:environment", self.environment)
        .with("aws:RequestedRegion", call.region);
        for (key, value) in call.context {
            request = request.with(key, &self.fill(value));
        }
        evaluate(
            &request,
            &Policies {
                identity: &[self.policy(&format!("identity-{role}"))],
                boundary: Some(&self.policy("boundary")),
                ..Policies::default()
            },
        )
    }
}

/// One call of an AWS API.
struct Call<'a> {
    action: &'a str,
    resource: &'a str,
    region: &'a str,
    context: &'a [(&'a str, &'a str)],
}

const fn call<'a>(action: &'a str, resource: &'a str) -> Call<'a> {
    Call {
        action,
        resource,
        region: "eu-west-1",
        context: &[],
    }
}

const TAGGED: &[(&str, &str)] = &[("aws:ResourceTag/portolan:environment", "{environment}")];
const CLUSTER: &str = "arn:aws:eks:eu-west-1:{account}:cluster/shop-{environment}";
const NODES: &str = "arn:aws:eks:eu-west-1:{account}:nodegroup/shop-{environment}/general/0a1b";
const IMAGE: &str = "arn:aws:ecr:eu-west-1:{account}:repository/shop/cart";
const KEY: &str = "arn:aws:kms:eu-west-1:{account}:key/mrk-1";
const GLOBAL_DATABASE: &str = "arn:aws:rds::{account}:global-cluster:shop-{environment}";
const SWITCH: &str =
    "arn:aws:s3:::shop-{environment}-static-{account}-eu-central-1/control/europe/primary.out";

/// What nobody may do by the portal, whatever their job role.
const FORBIDDEN: &[Call<'static>] = &[
    call("iam:CreateUser", "arn:aws:iam::{account}:user/back-door"),
    call(
        "iam:CreateAccessKey",
        "arn:aws:iam::{account}:user/back-door",
    ),
    call(
        "iam:PutRolePolicy",
        "arn:aws:iam::{account}:role/portolan-job-developer",
    ),
    call(
        "iam:UpdateAssumeRolePolicy",
        "arn:aws:iam::{account}:role/portolan-job-operator",
    ),
    call(
        "iam:CreatePolicyVersion",
        "arn:aws:iam::{account}:policy/portolan-job-boundary",
    ),
    call(
        "iam:CreateRole",
        "arn:aws:iam::{account}:role/portolan/environment/without-boundary",
    ),
    call(
        "iam:CreateRole",
        "arn:aws:iam::{account}:role/administrator",
    ),
    call(
        "sts:AssumeRole",
        "arn:aws:iam::300000000003:role/portolan-job-administrator",
    ),
    call(
        "s3:DeleteObject",
        "arn:aws:s3:::portolan-audit-{account}-eu-west-1/checkpoints/1",
    ),
    call(
        "s3:PutBucketPolicy",
        "arn:aws:s3:::portolan-audit-{account}-eu-west-1",
    ),
    call(
        "s3:GetObject",
        "arn:aws:s3:::terraform-state-{account}-eu-west-1/production/global.tfstate",
    ),
    // The portal's own, with which its audit log could be rewritten, and the databases' administrators'.
    call(
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:eu-west-1:{account}:secret:portolan/owner-AbCdEf",
    ),
    call(
        "secretsmanager:PutSecretValue",
        "arn:aws:secretsmanager:eu-west-1:{account}:secret:portolan/application-AbCdEf",
    ),
    call(
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:eu-west-1:{account}:secret:shop-{environment}/aurora-administrator-AbCdEf",
    ),
    call(
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:eu-west-1:{account}:secret:rds!db-1a2b-AbCdEf",
    ),
    call(
        "rds:DeleteDBClusterSnapshot",
        "arn:aws:rds:eu-west-1:{account}:cluster-snapshot:last",
    ),
    call("rds:DeleteGlobalCluster", GLOBAL_DATABASE),
    call(
        "access-analyzer:DeleteAnalyzer",
        "arn:aws:access-analyzer:eu-west-1:{account}:analyzer/account-external",
    ),
    call(
        "cloudtrail:StopLogging",
        "arn:aws:cloudtrail:eu-west-1:{account}:trail/all",
    ),
    call("kms:ScheduleKeyDeletion", KEY),
    call("kms:Decrypt", KEY),
    call(
        "cloudwatch:DeleteAlarms",
        "arn:aws:cloudwatch:eu-west-1:{account}:alarm:shop-{environment}-primary-cannot-serve",
    ),
    call("organizations:LeaveOrganization", "*"),
    call(
        "ec2:RunInstances",
        "arn:aws:ec2:eu-west-1:{account}:instance/*",
    ),
    call(
        "route53:ChangeResourceRecordSets",
        "arn:aws:route53:::hostedzone/Z1",
    ),
    // A region that is none of ours.
    Call {
        region: "us-west-2",
        ..call(
            "eks:DescribeCluster",
            "arn:aws:eks:us-west-2:{account}:cluster/shop-{environment}",
        )
    },
    Call {
        region: "us-west-2",
        ..call(
            "dynamodb:CreateTable",
            "arn:aws:dynamodb:us-west-2:{account}:table/x",
        )
    },
];

/// Calls that some role has and these roles have not.
const NOT_THEIRS: &[(&str, Call<'static>)] = &[
    ("auditor", call("ecr:DescribeImages", IMAGE)),
    ("manager", call("ecr:DescribeImages", IMAGE)),
    (
        "manager",
        call("elasticloadbalancing:DescribeTargetHealth", "*"),
    ),
    (
        "developer",
        Call {
            context: TAGGED,
            ..call("eks:UpdateNodegroupConfig", NODES)
        },
    ),
    (
        "developer",
        Call {
            context: TAGGED,
            ..call("rds:FailoverGlobalCluster", GLOBAL_DATABASE)
        },
    ),
    ("developer", call("s3:PutObject", SWITCH)),
    ("developer", call("ecr:PutImage", IMAGE)),
    ("auditor", call("eks:DeleteCluster", CLUSTER)),
    ("auditor", call("s3:PutObject", SWITCH)),
    ("operator", call("eks:DeleteCluster", CLUSTER)),
    ("operator", call("eks:CreateAccessEntry", CLUSTER)),
    (
        "operator",
        call(
            "iam:GetRole",
            "arn:aws:iam::{account}:role/portolan-job-developer",
        ),
    ),
    // The static content itself is not the operator's; only the switch is.
    (
        "operator",
        call(
            "s3:PutObject",
            "arn:aws:s3:::shop-{environment}-static-{account}-eu-west-1/index.html",
        ),
    ),
];

#[test]
fn each_job_role_can_do_its_job() {
    for account in [OPEN, PROTECTED] {
        for role in JOB_ROLES {
            for call in job(role) {
                let decision = account.decide(role, &call);
                assert!(
                    decision.is_allowed(),
                    "{role} in {} cannot {} on {}: {decision:?}",
                    account.folder,
                    call.action,
                    call.resource
                );
            }
        }
    }
}

#[test]
fn nobody_can_do_what_is_forbidden() {
    for account in [OPEN, PROTECTED] {
        for role in JOB_ROLES {
            for call in FORBIDDEN {
                let decision = account.decide(role, call);
                assert!(
                    !decision.is_allowed(),
                    "{role} in {} can {} on {}: {decision:?}",
                    account.folder,
                    call.action,
                    call.resource
                );
            }
        }
        for (role, call) in NOT_THEIRS {
            let decision = account.decide(role, call);
            assert!(
                !decision.is_allowed(),
                "{role} in {} can {} on {}: {decision:?}",
                account.folder,
                call.action,
                call.resource
            );
        }
    }
}

#[test]
fn an_operator_touches_only_the_environment_the_change_is_for() {
    let other: &[(&str, &str)] = &[("aws:ResourceTag/portolan:environment", "dev")];
    for action in ["eks:UpdateNodegroupConfig", "rds:SwitchoverGlobalCluster"] {
        let resource = if action.starts_with("eks") {
            NODES
        } else {
            GLOBAL_DATABASE
        };
        for context in [other, &[]] {
            let decision = OPEN.decide(
                "operator",
                &Call {
                    context,
                    ..call(action, resource)
                },
            );
            assert_eq!(
                decision,
                Decision::ImplicitlyDenied(Layer::Identity),
                "{action} {context:?}"
            );
        }
    }
}

#[test]
fn a_session_without_a_person_can_do_nothing() {
    let request = Request::new(
        Principal::session(OPEN.id, "portolan-job-developer", "step-0190"),
        "eks:DescribeCluster",
        &OPEN.fill(CLUSTER),
    )
    .with("aws:RequestedRegion", "eu-west-1");
    let decision = evaluate(
        &request,
        &Policies {
            identity: &[OPEN.policy("identity-developer")],
            boundary: Some(&OPEN.policy("boundary")),
            ..Policies::default()
        },
    );
    let Decision::ExplicitlyDenied(because) = decision else {
        panic!("{decision:?}");
    };
    assert_eq!(because.sid.as_deref(), Some("NobodyWithoutAName"));
}

/// The three decisions AWS takes when the portal assumes a role: may it, may it tag, may it name the person. Each is judged
/// with the condition keys that AWS puts into that request.
fn assumes(
    account: Account,
    caller: &Principal,
    role: &str,
    change: impl Fn(Request) -> Request,
) -> bool {
    let arn = format!("arn:aws:iam::{}:role/portolan-job-{role}", account.id);
    let tags = |request: Request| {
        request
            .with("aws:RequestTag/portolan:environment", account.environment)
            .with("aws:RequestTag/portolan:change", "0190")
            .with("aws:RequestTag/portolan:mfa", "true")
            .with_many(
                "aws:TagKeys",
                &["portolan:environment", "portolan:change", "portolan:mfa"],
            )
    };
    let requests = [
        tags(Request::new(caller.clone(), "sts:AssumeRole", &arn))
            .with("sts:ExternalId", &format!("portolan-{}", account.id))
            .with("sts:SourceIdentity", "somebody")
            .with("sts:RoleSessionName", "step-0190"),
        tags(Request::new(caller.clone(), "sts:TagSession", &arn)),
        Request::new(caller.clone(), "sts:SetSourceIdentity", &arn)
            .with("sts:SourceIdentity", "somebody"),
    ];
    let (identity, trust) = (account.policy("portal-identity"), account.trust(role));
    requests.into_iter().all(|request| {
        evaluate(
            &change(request),
            &Policies {
                identity: std::slice::from_ref(&identity),
                trust: Some(&trust),
                ..Policies::default()
            },
        )
        .is_allowed()
    })
}

fn portal() -> Principal {
    Principal::session(PORTAL, "portolan-portal", "pod")
}

#[test]
fn the_portal_becomes_a_job_role_for_a_named_person() {
    for account in [OPEN, PROTECTED] {
        for role in JOB_ROLES {
            assert!(
                assumes(account, &portal(), role, |request| request),
                "{role} in {}",
                account.folder
            );
        }
    }
}

#[test]
fn every_condition_of_the_trust_policy_is_needed() {
    type Change = fn(Request) -> Request;
    let changes: [(&str, Change); 6] = [
        ("another account's ExternalId", |request| {
            request.with("sts:ExternalId", "portolan-100000000001")
        }),
        ("an empty person", |request| {
            request.with("sts:SourceIdentity", "")
        }),
        ("a session that is no step", |request| {
            request.with("sts:RoleSessionName", "shell")
        }),
        ("an empty environment", |request| {
            request.with("aws:RequestTag/portolan:environment", "")
        }),
        ("an empty change", |request| {
            request.with("aws:RequestTag/portolan:change", "")
        }),
        ("a tag that is not ours", |request| {
            request.with_many("aws:TagKeys", &["portolan:environment", "admin"])
        }),
    ];
    for (what, change) in changes {
        assert!(
            !assumes(OPEN, &portal(), "developer", change),
            "{what} was accepted"
        );
    }
}

#[test]
fn a_protected_account_demands_a_second_factor_of_those_who_change_things() {
    let without = |request: Request| request.with("aws:RequestTag/portolan:mfa", "false");
    for role in ["developer", "operator", "administrator"] {
        assert!(!assumes(PROTECTED, &portal(), role, without), "{role}");
        assert!(assumes(OPEN, &portal(), role, without), "{role}");
    }
    for role in ["manager", "auditor"] {
        assert!(
            assumes(PROTECTED, &portal(), role, without),
            "{role} only reads"
        );
    }
}

/// The world that portals are tried in demands a second factor of the same roles in the same places.
#[tokio::test]
async fn the_shop_demands_a_second_factor_where_terraform_does() -> anyhow::Result<()> {
    let sandbox = Sandbox::start(Options::default()).await?;
    for account in [OPEN, PROTECTED] {
        for role in JOB_ROLES {
            for mfa in [Some("true"), Some("false"), None] {
                // To a policy that compares, no tag and an empty one are the same.
                let told = |request: Request| {
                    request.with("aws:RequestTag/portolan:mfa", mfa.unwrap_or_default())
                };
                let given = session_with(&sandbox, role, account.id, mfa).await.is_ok();
                let expected = assumes(account, &portal(), role, told);
                assert_eq!(given, expected, "{role} in {}, mfa {mfa:?}", account.folder);
            }
        }
    }
    Ok(())
}

#[test]
fn nobody_but_the_portal_becomes_a_job_role() {
    for caller in [
        Principal::session(PORTAL, "portolan-ci-terraform-apply", "run"),
        Principal::session(PORTAL, "portolan-jenkins-agent-eu-west-1", "pod"),
        Principal::session(OPEN.id, "portolan-job-developer", "step-0190"),
        Principal::session("999999999999", "portolan-portal", "pod"),
        Principal::user(PORTAL, "portolan-portal"),
    ] {
        for role in JOB_ROLES {
            assert!(
                !assumes(OPEN, &caller, role, |request| request),
                "{} became {role}",
                caller.arn
            );
        }
    }
}

#[test]
fn the_portal_itself_can_do_nothing_else() {
    let identity = [OPEN.policy("portal-identity")];
    for (action, resource) in [
        ("eks:DescribeCluster", CLUSTER),
        (
            "s3:GetObject",
            "arn:aws:s3:::portolan-audit-100000000001-eu-west-1/checkpoints/1",
        ),
        (
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:eu-west-1:100000000001:secret:portolan/owner-AbCdEf",
        ),
        (
            "sts:AssumeRole",
            "arn:aws:iam::{account}:role/administrator",
        ),
        (
            "sts:AssumeRole",
            "arn:aws:iam::999999999999:role/portolan-job-developer",
        ),
        ("iam:CreateRole", "arn:aws:iam::100000000001:role/x"),
    ] {
        let request = Request::new(portal(), action, &OPEN.fill(resource));
        let policies = Policies {
            identity: &identity,
            ..Policies::default()
        };
        assert!(
            !evaluate(&request, &policies).is_allowed(),
            "{action} on {resource}"
        );
    }
}
