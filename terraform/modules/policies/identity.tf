# What each job role can do at the very most. The portal narrows every session further, to the one approved thing.
# The resource "*" stands only beside reads that AWS cannot tie to a resource.

locals {
  identity = {
    developer = [
      {
        Sid      = "FindTheCluster"
        Effect   = "Allow"
        Action   = ["eks:DescribeCluster"]
        Resource = [for region in local.regional : "arn:aws:eks:${region}:${local.here}:cluster/${var.system}-*"]
      },
      {
        Sid      = "CheckTheImage"
        Effect   = "Allow"
        Action   = ["ecr:DescribeImages", "ecr:BatchGetImage"]
        Resource = [for region in local.regional : "arn:aws:ecr:${region}:${local.here}:repository/${var.system}/*"]
      },
      local.read_balancers,
      # What decides whether a canary goes on. Metrics have no ARN; the portal narrows each session to one region.
      { Sid = "ReadTheCanarysMetrics", Effect = "Allow", Action = ["cloudwatch:GetMetricData"], Resource = "*" },
    ]

    manager = [
      {
        Sid      = "SeeTheCluster"
        Effect   = "Allow"
        Action   = ["eks:DescribeCluster"]
        Resource = [for region in local.regional : "arn:aws:eks:${region}:${local.here}:cluster/${var.system}-*"]
      },
    ]

    auditor = [
      {
        Sid      = "ReadClusters"
        Effect   = "Allow"
        Action   = ["eks:Describe*", "eks:List*"]
        Resource = [for region in local.regional : "arn:aws:eks:${region}:${local.here}:*"]
      },
      {
        Sid    = "ReviewAccess"
        Effect = "Allow"
        Action = [
          "iam:GetRole", "iam:GetRolePolicy", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListRoles", "iam:ListPolicies", "iam:ListRolePolicies",
          "iam:ListAttachedRolePolicies", "access-analyzer:List*", "access-analyzer:Get*", "cloudtrail:LookupEvents", "cloudtrail:DescribeTrails",
          "cloudtrail:GetTrailStatus",
        ]
        Resource = "*"
      },
    ]

    operator = [
      {
        Sid      = "ReadClustersAndImages"
        Effect   = "Allow"
        Action   = ["eks:DescribeCluster", "eks:DescribeNodegroup", "eks:ListNodegroups", "eks:DescribeUpdate", "eks:DescribeFargateProfile", "eks:ListFargateProfiles", "eks:ListClusters", "ecr:DescribeImages", "ecr:BatchGetImage"]
        Resource = flatten([for region in local.regional : ["arn:aws:eks:${region}:${local.here}:*", "arn:aws:ecr:${region}:${local.here}:repository/${var.system}/*"]])
      },
      {
        Sid       = "ScaleNodeGroups"
        Effect    = "Allow"
        Action    = ["eks:UpdateNodegroupConfig"]
        Resource  = [for region in local.regional : "arn:aws:eks:${region}:${local.here}:nodegroup/${var.system}-*/*/*"]
        Condition = local.same_environment
      },
      {
        Sid       = "MoveTheDatabase"
        Effect    = "Allow"
        Action    = ["rds:SwitchoverGlobalCluster", "rds:FailoverGlobalCluster"]
        Resource  = concat(["arn:aws:rds::${local.here}:global-cluster:${var.system}-*"], [for region in local.regional : "arn:aws:rds:${region}:${local.here}:cluster:${var.system}-*"])
        Condition = local.same_environment
      },
      {
        Sid      = "MoveTraffic"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
        Resource = [for region in local.regional : "arn:aws:s3:::${var.system}-*-static-${local.here}-${region}/control/*"]
      },
      {
        Sid      = "SwitchRoutingControls"
        Effect   = "Allow"
        Action   = ["route53-recovery-cluster:GetRoutingControlState", "route53-recovery-cluster:UpdateRoutingControlState", "route53-recovery-cluster:UpdateRoutingControlStates"]
        Resource = ["arn:aws:route53-recovery-control::${local.here}:controlpanel/*/routingcontrol/*"]
      },
      local.read_balancers,
      {
        Sid    = "LookAround"
        Effect = "Allow"
        Action = [
          "autoscaling:Describe*", "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudfront:GetDistribution", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
          "health:DescribeEvents", "rds:DescribeDBClusters", "rds:DescribeDBInstances", "rds:DescribeGlobalClusters", "route53:GetHealthCheck",
          "route53:GetHealthCheckStatus", "route53:GetHostedZone", "route53:ListHealthChecks", "route53:ListResourceRecordSets", "s3:ListAllMyBuckets",
        ]
        Resource = "*"
      },
    ]

    # Provisions environments from templates: the services templates use, in this account's two regions, under the boundary.
    administrator = [
      {
        Sid    = "ProvisionEnvironments"
        Effect = "Allow"
        Action = ["dynamodb:*", "ecr:*", "eks:*", "elasticloadbalancing:*", "rds:*", "sns:*", "sqs:*", "secretsmanager:*", "logs:*"]
        Resource = flatten([for region in local.regional : [
          for service in ["dynamodb", "ecr", "eks", "elasticloadbalancing", "rds", "sns", "sqs", "secretsmanager", "logs"] : "arn:aws:${service}:${region}:${local.here}:*"
        ]])
      },
      # What templates/service-data makes besides the table: the alarm on its lag, and DynamoDB's own use of the environment's key.
      {
        Sid      = "LagAlarmsOfTables"
        Effect   = "Allow"
        Action   = ["cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource", "cloudwatch:TagResource"]
        Resource = [for region in local.regional : "arn:aws:cloudwatch:${region}:${local.here}:alarm:*-replication-lag-to-*"]
      },
      {
        Sid       = "KeysOfTables"
        Effect    = "Allow"
        Action    = local.key_use
        Resource  = [for region in local.regional : "arn:aws:kms:${region}:${local.here}:key/*"]
        Condition = { StringEquals = { "kms:ViaService" = [for region in local.regional : "dynamodb.${region}.amazonaws.com"] } }
      },
      {
        Sid      = "EnvironmentBuckets"
        Effect   = "Allow"
        Action   = ["s3:CreateBucket", "s3:DeleteBucket", "s3:Get*", "s3:List*", "s3:Put*"]
        Resource = ["arn:aws:s3:::${var.system}-env-*"]
      },
      {
        Sid       = "EnvironmentRolesWithinTheBoundary"
        Effect    = "Allow"
        Action    = ["iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:AttachRolePolicy", "iam:DetachRolePolicy"]
        Resource  = ["arn:aws:iam::${local.here}:role/portolan/environment/*"]
        Condition = { StringEquals = { "iam:PermissionsBoundary" = "arn:aws:iam::${local.here}:policy/portolan-environment-boundary" } }
      },
      {
        Sid      = "EnvironmentRolesReadAndRemove"
        Effect   = "Allow"
        Action   = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:DeleteRole", "iam:TagRole", "iam:PassRole"]
        Resource = ["arn:aws:iam::${local.here}:role/portolan/environment/*"]
      },
      {
        Sid      = "LookAround"
        Effect   = "Allow"
        Action   = ["ec2:Describe*", "eks:ListClusters", "elasticloadbalancing:Describe*", "rds:Describe*", "kms:ListAliases", "s3:ListAllMyBuckets"]
        Resource = "*"
      },
    ]
  }

  # What AWS asks of whoever makes a table under a key; the boundary allows no other use of keys.
  key_use = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]

  read_balancers = {
    Sid      = "ReadBalancers"
    Effect   = "Allow"
    Action   = ["elasticloadbalancing:Describe*"]
    Resource = "*"
  }

  # The dashboards' eyes: one list, read by the portal's probes, changing nothing and reading no content.
  observer = [
    {
      Sid    = "Probe"
      Effect = "Allow"
      Action = [
        "access-analyzer:ListAnalyzers", "access-analyzer:ListFindingsV2", "autoscaling:DescribeAutoScalingGroups", "cloudfront:GetDistribution", "cloudfront:ListDistributions",
        "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "dynamodb:DescribeTable", "ec2:DescribeNatGateways", "ec2:DescribeSubnets", "ec2:DescribeVpcs", "ecr:DescribeImages",
        "eks:DescribeCluster", "eks:DescribeFargateProfile", "eks:DescribeNodegroup", "eks:ListClusters", "eks:ListFargateProfiles", "eks:ListNodegroups",
        "elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth", "events:DescribeRule", "events:ListRules",
        "events:ListTargetsByRule", "identitystore:ListGroups", "rds:DescribeDBClusters", "rds:DescribeDBInstances", "rds:DescribeGlobalClusters", "route53:GetHealthCheckStatus",
        "route53:ListHealthChecks", "route53:ListResourceRecordSets", "s3:GetBucketVersioning", "s3:GetReplicationConfiguration", "shield:DescribeProtection", "shield:ListProtections",
        "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:ListTopics", "sso:ListAccountAssignments", "sso:ListInstances", "sso:ListPermissionSets", "wafv2:GetWebACL",
        "wafv2:GetWebACLForResource", "wafv2:ListWebACLs",
      ]
      Resource = "*"
    },
  ]

  # Publishes the audit log's signed checkpoints, into a bucket whose lock even the custodian cannot lift.
  custodian_identity = [
    {
      Sid      = "PublishCheckpoints"
      Effect   = "Allow"
      Action   = ["s3:PutObject", "s3:GetObject"]
      Resource = [for region in local.regional : "arn:aws:s3:::portolan-audit-${local.here}-${region}/checkpoints/*"]
    },
    {
      # The bucket encrypts with the account's key, which S3 uses in the caller's name.
      Sid       = "EncryptThem"
      Effect    = "Allow"
      Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
      Resource  = [for region in local.regional : "arn:aws:kms:${region}:${local.here}:key/*"]
      Condition = { StringEquals = { "kms:ViaService" = [for region in local.regional : "s3.${region}.amazonaws.com"] } }
    },
  ]
}
