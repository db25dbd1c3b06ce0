# Multi-region KMS keys, one a purpose. Data encrypted in one region can be read in the other with the replica,
# so a failover never waits for a key, and neither region calls the other's KMS.

locals {
  # purpose => services that use the key directly, without an IAM principal of ours in front.
  purposes = {
    data     = []
    logs     = ["logs.${var.regions.primary}.amazonaws.com", "logs.${var.regions.secondary}.amazonaws.com", "cloudtrail.amazonaws.com"]
    messages = ["cloudwatch.amazonaws.com", "sns.amazonaws.com"] # and EventBridge, below
  }

  use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]

  # In a key policy the resource "*" means this key alone.
  policies = {
    for purpose, services in local.purposes : purpose => jsonencode({
      Version = "2012-10-17"
      Statement = concat([
        {
          Sid       = "Administer"
          Effect    = "Allow"
          Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
          Action = [
            "kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*", "kms:Revoke*", "kms:Disable*", "kms:Get*",
            "kms:Delete*", "kms:ReplicateKey", "kms:TagResource", "kms:UntagResource", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion",
          ]
          Resource = "*"
        },
        {
          Sid       = "UseByIamOfThisAccount"
          Effect    = "Allow"
          Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
          Action    = concat(local.use, ["kms:CreateGrant"])
          Resource  = "*"
        }],
        purpose == "data" ? [{
          # Auto Scaling starts nodes whose volumes this key encrypts, as its service-linked role, which no IAM policy of ours can reach.
          Sid       = "StartNodesWithEncryptedVolumes"
          Effect    = "Allow"
          Principal = { AWS = "arn:aws:iam::${var.account_id}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling" }
          Action    = concat(local.use, ["kms:CreateGrant"])
          Resource  = "*"
        }] : [],
        # EventBridge puts no source into what it asks KMS for an SNS topic: with aws:SourceArn here every event would be lost in silence.
        # The topic's own ARN, which SNS binds into the encryption context, limits it instead. For a queue the source is there.
        purpose == "messages" ? [
          {
            Sid       = "UseByEventsForTopics"
            Effect    = "Allow"
            Principal = { Service = "events.amazonaws.com" }
            Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
            Resource  = "*"
            Condition = { ArnLike = { "kms:EncryptionContext:aws:sns:topicArn" = "arn:aws:sns:*:${var.account_id}:*" } }
          },
          {
            Sid       = "UseByEventsForQueues"
            Effect    = "Allow"
            Principal = { Service = "events.amazonaws.com" }
            Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
            Resource  = "*"
            Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:events:*:${var.account_id}:rule/*" } }
          },
        ] : [],
        [for service in services : {
          Sid       = "UseBy${replace(title(replace(split(".amazonaws", service)[0], "/[.-]/", " ")), " ", "")}"
          Effect    = "Allow"
          Principal = { Service = service }
          Action    = local.use
          Resource  = "*"
          # CloudWatch Logs names its log group in the encryption context; the others name their account.
          Condition = startswith(service, "logs.") ? {
            ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:${split(".", service)[1]}:${var.account_id}:*" }
            } : {
            ArnLike = { "aws:SourceArn" = "arn:aws:*:*:${var.account_id}:*" }
          }
      }])
    })
  }
}

resource "aws_kms_key" "this" {
  for_each                = local.purposes
  provider                = aws.primary
  description             = "${var.name} ${each.key}, both regions"
  multi_region            = true
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = local.policies[each.key]
}

resource "aws_kms_alias" "primary" {
  for_each      = local.purposes
  provider      = aws.primary
  name          = "alias/${var.name}-${each.key}"
  target_key_id = aws_kms_key.this[each.key].key_id
}

resource "aws_kms_replica_key" "this" {
  for_each                = local.purposes
  provider                = aws.secondary
  description             = "${var.name} ${each.key}, replica"
  primary_key_arn         = aws_kms_key.this[each.key].arn
  deletion_window_in_days = 30
  policy                  = local.policies[each.key]
}

resource "aws_kms_alias" "secondary" {
  for_each      = local.purposes
  provider      = aws.secondary
  name          = "alias/${var.name}-${each.key}"
  target_key_id = aws_kms_replica_key.this[each.key].key_id
}
