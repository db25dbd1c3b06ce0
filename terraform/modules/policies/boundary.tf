# The wall around every job role, whatever its policy says today or is changed to tomorrow.

locals {
  boundary = [
    {
      Sid    = "ServicesOfThePlatform"
      Effect = "Allow"
      Action = [
        "access-analyzer:*", "autoscaling:*", "cloudfront:Get*", "cloudfront:List*", "cloudtrail:Describe*", "cloudtrail:Get*", "cloudtrail:LookupEvents", "cloudwatch:*", "dynamodb:*",
        "ec2:Describe*", "ecr:*", "eks:*", "elasticloadbalancing:*", "events:*", "health:Describe*", "iam:*", "identitystore:List*", "kms:ListAliases", "logs:*", "rds:*",
        "route53-recovery-cluster:*", "route53:Get*", "route53:List*", "s3:*", "secretsmanager:*", "shield:Describe*", "shield:List*", "sns:*", "sqs:*", "sso:List*", "wafv2:Get*", "wafv2:List*",
      ]
      Resource = "*"
    },
    {
      Sid       = "KeysForTables"
      Effect    = "Allow"
      Action    = local.key_use
      Resource  = "*"
      Condition = { StringEquals = { "kms:ViaService" = [for region in local.regional : "dynamodb.${region}.amazonaws.com"] } }
    },
    {
      Sid    = "NoOtherRegion"
      Effect = "Deny"
      NotAction = [
        "cloudfront:*", "health:*", "iam:*", "identitystore:*", "rds:DescribeGlobalClusters", "rds:FailoverGlobalCluster", "rds:SwitchoverGlobalCluster",
        "route53:*", "route53-recovery-cluster:*", "s3:ListAllMyBuckets", "shield:*", "sso:*", "wafv2:*", "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "sns:ListTopics",
      ]
      Resource  = "*"
      Condition = { StringNotEquals = { "aws:RequestedRegion" = local.regional } }
    },
    {
      Sid       = "NobodyWithoutAName"
      Effect    = "Deny"
      Action    = "*"
      Resource  = "*"
      Condition = { Null = { "aws:SourceIdentity" = "true" } }
    },
    {
      Sid      = "NotTheFoundations"
      Effect   = "Deny"
      Action   = ["iam:*User*", "iam:*AccessKey*", "iam:*LoginProfile*", "iam:CreateServiceLinkedRole", "iam:*OpenIDConnectProvider*", "iam:*SAMLProvider*", "iam:DeleteRolePermissionsBoundary", "sts:AssumeRole*", "organizations:*", "account:*"]
      Resource = "*"
    },
    {
      Sid       = "NotTheRolesThemselves"
      Effect    = "Deny"
      NotAction = ["iam:Get*", "iam:List*"]
      Resource  = ["arn:aws:iam::*:role/portolan-*", "arn:aws:iam::*:policy/portolan-*"]
    },
    {
      Sid      = "NotTheEvidence"
      Effect   = "Deny"
      Action   = ["s3:Delete*", "s3:PutBucket*", "s3:PutObjectRetention", "s3:PutObjectLegalHold", "s3:BypassGovernanceRetention", "s3:PutLifecycleConfiguration", "s3:PutReplicationConfiguration"]
      Resource = ["arn:aws:s3:::portolan-audit-*", "arn:aws:s3:::*-logs-*"]
    },
    {
      # What opens the portal's own database, Jenkins and the administrators' way into Aurora and RDS.
      Sid    = "NotTheSecrets"
      Effect = "Deny"
      Action = ["secretsmanager:*"]
      Resource = flatten([for region in local.regional : [
        for name in ["portolan/*", "${var.system}-*/aurora-administrator-*", "${var.system}-*/datadog-*", "rds!*"] : "arn:aws:secretsmanager:${region}:*:secret:${name}"
      ]])
    },
    {
      Sid      = "NotTheAnalyzer"
      Effect   = "Deny"
      Action   = ["access-analyzer:Delete*", "access-analyzer:Update*", "access-analyzer:CreateArchiveRule"]
      Resource = "*"
    },
    {
      Sid      = "NotTheBackups"
      Effect   = "Deny"
      Action   = ["rds:DeleteDBClusterSnapshot", "rds:DeleteDBSnapshot", "rds:DeleteDBClusterAutomatedBackup", "rds:DeleteDBInstanceAutomatedBackup", "rds:DeleteGlobalCluster", "rds:RemoveFromGlobalCluster", "dynamodb:DeleteBackup"]
      Resource = "*"
    },
  ]

  # The wall around roles of workloads in ordered environments. They have no person behind them, so the one above does not fit.
  environment_boundary = [
    {
      Sid    = "DataOfTheEnvironment"
      Effect = "Allow"
      Action = [
        "cloudwatch:PutMetricData", "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:DescribeTable", "dynamodb:GetItem",
        "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem", "kms:Decrypt", "kms:GenerateDataKey", "logs:CreateLogStream", "logs:PutLogEvents", "rds-db:connect",
        "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject", "secretsmanager:GetSecretValue", "sns:Publish", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage",
        "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage",
      ]
      Resource  = "*"
      Condition = { StringEquals = { "aws:RequestedRegion" = local.regional } }
    },
    {
      Sid      = "NotThePlatformsOwn"
      Effect   = "Deny"
      Action   = ["s3:*", "secretsmanager:*", "dynamodb:*"]
      Resource = concat(["arn:aws:s3:::portolan-*"], flatten([for region in local.regional : ["arn:aws:secretsmanager:${region}:*:secret:portolan/*", "arn:aws:dynamodb:${region}:*:table/portolan-*"]]))
    },
  ]
}
