# One bucket in each region, each replicating to the other. The two sides are written out in primary.tf and
# secondary.tf, line for line the same (a test compares them): a provider cannot be chosen by for_each.

locals {
  names = { for side, region in var.regions : side => "${var.name}-${var.account_id}-${region}" }
  arns  = { for side, name in local.names : side => "arn:aws:s3:::${name}" }

  # source => destination
  directions = { primary = "secondary", secondary = "primary" }

  replication_statements = {
    for source, destination in local.directions : source => concat(
      [
        {
          Sid      = "ReadSource"
          Effect   = "Allow"
          Action   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
          Resource = [local.arns[source]]
        },
        {
          Sid      = "ReadVersions"
          Effect   = "Allow"
          Action   = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging", "s3:GetObjectRetention", "s3:GetObjectLegalHold"]
          Resource = ["${local.arns[source]}/*"]
        },
        {
          Sid      = "WriteDestination"
          Effect   = "Allow"
          Action   = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]
          Resource = ["${local.arns[destination]}/*"]
        },
      ],
      var.kms_key_arns == null ? [] : [
        {
          Sid       = "DecryptSource"
          Effect    = "Allow"
          Action    = ["kms:Decrypt"]
          Resource  = [var.kms_key_arns[source]]
          Condition = { StringLike = { "kms:ViaService" = "s3.${var.regions[source]}.amazonaws.com" } }
        },
        {
          Sid       = "EncryptDestination"
          Effect    = "Allow"
          Action    = ["kms:Encrypt", "kms:GenerateDataKey"]
          Resource  = [var.kms_key_arns[destination]]
          Condition = { StringLike = { "kms:ViaService" = "s3.${var.regions[destination]}.amazonaws.com" } }
        },
      ],
    )
  }
}
