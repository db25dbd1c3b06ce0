//! What each job role has to be able to do.

use super::{CLUSTER, Call, GLOBAL_DATABASE, IMAGE, KEY, NODES, SWITCH, TAGGED, call};

/// The job's calls of each role, from both regions where that matters.
pub(super) fn job(role: &str) -> Vec<Call<'static>> {
    let see_cluster = call("eks:DescribeCluster", CLUSTER);
    match role {
        "developer" => vec![
            see_cluster,
            Call {
                region: "eu-central-1",
                ..call(
                    "eks:DescribeCluster",
                    "arn:aws:eks:eu-central-1:{account}:cluster/shop-{environment}",
                )
            },
            call("ecr:DescribeImages", IMAGE),
            call("ecr:BatchGetImage", IMAGE),
            call("elasticloadbalancing:DescribeTargetHealth", "*"),
            call("cloudwatch:GetMetricData", "*"),
        ],
        "manager" => vec![see_cluster],
        "auditor" => vec![
            see_cluster,
            call(
                "eks:ListClusters",
                "arn:aws:eks:eu-west-1:{account}:cluster/any",
            ),
            call(
                "iam:GetRole",
                "arn:aws:iam::{account}:role/portolan-job-developer",
            ),
            call("cloudtrail:LookupEvents", "*"),
            call("access-analyzer:ListFindingsV2", "*"),
        ],
        "operator" => vec![
            see_cluster,
            call("ecr:DescribeImages", IMAGE),
            call("eks:DescribeNodegroup", NODES),
            Call {
                context: TAGGED,
                ..call("eks:UpdateNodegroupConfig", NODES)
            },
            Call {
                context: TAGGED,
                ..call("rds:SwitchoverGlobalCluster", GLOBAL_DATABASE)
            },
            Call {
                context: TAGGED,
                ..call("rds:FailoverGlobalCluster", GLOBAL_DATABASE)
            },
            call("s3:PutObject", SWITCH),
            call("s3:DeleteObject", SWITCH),
            call("rds:DescribeGlobalClusters", "*"),
            Call {
                region: "us-east-1",
                ..call("route53:GetHealthCheckStatus", "*")
            },
        ],
        "administrator" => vec![
            call(
                "dynamodb:CreateTable",
                "arn:aws:dynamodb:eu-west-1:{account}:table/preview",
            ),
            // The rest of templates/service-data.
            call(
                "cloudwatch:PutMetricAlarm",
                "arn:aws:cloudwatch:eu-west-1:{account}:alarm:preview-cart-replication-lag-to-eu-central-1",
            ),
            Call {
                context: &[("kms:ViaService", "dynamodb.eu-west-1.amazonaws.com")],
                ..call("kms:CreateGrant", KEY)
            },
            Call {
                context: &[(
                    "iam:PermissionsBoundary",
                    "arn:aws:iam::{account}:policy/portolan-environment-boundary",
                )],
                ..call(
                    "iam:CreateRole",
                    "arn:aws:iam::{account}:role/portolan/environment/preview",
                )
            },
        ],
        other => panic!("{other} is no job role"),
    }
}
