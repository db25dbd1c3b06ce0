mock_provider "aws" {
  alias  = "primary"
  source = "../../../mocks"
}
mock_provider "aws" {
  alias  = "secondary"
  source = "../../../mocks"
  override_resource {
    target = aws_s3_bucket.secondary
    values = { arn = "arn:aws:s3:::shop-backup-200000000002-eu-central-1" }
  }
}

variables {
  name         = "shop-backup"
  account_id   = "200000000002"
  regions      = { primary = "eu-west-1", secondary = "eu-central-1" }
  kms_key_arns = { primary = "arn:aws:kms:eu-west-1:200000000002:key/mrk-1", secondary = "arn:aws:kms:eu-central-1:200000000002:key/mrk-1" }
  log_buckets  = { primary = "logs-1", secondary = "logs-2" }
}

run "both_ways" {
  command = apply
  module { source = "../" }
  providers = { aws.primary = aws.primary, aws.secondary = aws.secondary }

  assert {
    condition     = one(aws_s3_bucket_replication_configuration.primary.rule).destination[0].bucket == aws_s3_bucket.secondary.arn && one(aws_s3_bucket_replication_configuration.secondary.rule).destination[0].bucket == aws_s3_bucket.primary.arn
    error_message = "each bucket replicates to the other"
  }
  assert {
    condition = alltrue([for configuration in [aws_s3_bucket_replication_configuration.primary, aws_s3_bucket_replication_configuration.secondary] :
      one(configuration.rule).status == "Enabled" && one(configuration.rule).destination[0].replication_time[0].status == "Enabled"
    && one(configuration.rule).destination[0].metrics[0].status == "Enabled" && one(configuration.rule).delete_marker_replication[0].status == "Enabled"])
    error_message = "with time control, metrics, and deletions"
  }
  assert {
    condition = alltrue([for side, role in aws_iam_role.replication :
      length(jsondecode(role.assume_role_policy).Statement) == 1 && jsondecode(role.assume_role_policy).Statement[0].Principal == { Service = "s3.amazonaws.com" }
    && !can(jsondecode(role.assume_role_policy).Statement[0].Condition)]) && aws_s3_bucket_replication_configuration.primary.role == aws_iam_role.replication["primary"].arn && aws_s3_bucket_replication_configuration.secondary.role == aws_iam_role.replication["secondary"].arn
    error_message = "trust: S3 alone, without a condition it is not documented to meet; each bucket copies as the role of its direction"
  }
  assert {
    condition = alltrue([for side, policy in aws_iam_role_policy.replication : alltrue([
      for statement in jsondecode(policy.policy).Statement : statement.Sid != "WriteDestination" ||
      statement.Resource == ["arn:aws:s3:::shop-backup-200000000002-${side == "primary" ? "eu-central-1" : "eu-west-1"}/*"]
    ])])
    error_message = "rights: write the other bucket and no third one"
  }
  assert {
    condition = alltrue([for block in [aws_s3_bucket_public_access_block.primary, aws_s3_bucket_public_access_block.secondary] :
    block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets])
    error_message = "both buckets are private"
  }
  assert {
    condition = alltrue([
      one(aws_s3_bucket_server_side_encryption_configuration.primary.rule).apply_server_side_encryption_by_default[0].kms_master_key_id == var.kms_key_arns.primary,
      one(aws_s3_bucket_server_side_encryption_configuration.secondary.rule).apply_server_side_encryption_by_default[0].kms_master_key_id == var.kms_key_arns.secondary,
      one(aws_s3_bucket_replication_configuration.primary.rule).destination[0].encryption_configuration[0].replica_kms_key_id == var.kms_key_arns.secondary,
    ])
    error_message = "each region uses its own replica of the key"
  }
  assert {
    condition     = length(var.name) > 0 && replace(file("../primary.tf"), "primary", "SIDE") == replace(file("../secondary.tf"), "secondary", "SIDE")
    error_message = "primary.tf and secondary.tf must stay the same but for the side's name"
  }
}

run "locked" {
  command = plan
  module { source = "../" }
  providers = { aws.primary = aws.primary, aws.secondary = aws.secondary }
  variables { object_lock_days = 400 }
  assert {
    condition     = alltrue([for lock in [aws_s3_bucket_object_lock_configuration.primary[0], aws_s3_bucket_object_lock_configuration.secondary[0]] : lock.rule[0].default_retention[0].mode == "COMPLIANCE" && lock.rule[0].default_retention[0].days == 400])
    error_message = "both copies are locked, beyond root's reach"
  }
  assert {
    condition     = aws_s3_bucket.primary.object_lock_enabled && aws_s3_bucket.secondary.object_lock_enabled
    error_message = "lock needs to be on from the bucket's first day"
  }
  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.primary.rule : rule.noncurrent_version_expiration[0].noncurrent_days if rule.id == "old-versions"]) == 400
    error_message = "lifecycle must not fight the lock"
  }
}

run "refuses_an_rpo_s3_cannot_keep" {
  command = plan
  module { source = "../" }
  providers = { aws.primary = aws.primary, aws.secondary = aws.secondary }
  variables { rpo_minutes = 5 }
  expect_failures = [var.rpo_minutes]
}

run "refuses_one_region_twice" {
  command = plan
  module { source = "../" }
  providers = { aws.primary = aws.primary, aws.secondary = aws.secondary }
  variables { regions = { primary = "eu-west-1", secondary = "eu-west-1" } }
  expect_failures = [var.regions]
}
