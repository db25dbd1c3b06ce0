mock_provider "aws" {
  alias  = "primary"
  source = "../../../mocks"
}
mock_provider "aws" {
  alias  = "secondary"
  source = "../../../mocks"
}

variables {
  name       = "shop"
  account_id = "200000000002"
  regions    = { primary = "eu-west-1", secondary = "eu-central-1" }
}

run "keys_span_the_pair" {
  command = apply
  module { source = "../" }
  providers = { aws.primary = aws.primary, aws.secondary = aws.secondary }

  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.multi_region && key.enable_key_rotation && key.deletion_window_in_days == 30])
    error_message = "keys are multi-region, rotate, and cannot be deleted in a hurry"
  }
  assert {
    condition     = alltrue([for purpose, replica in aws_kms_replica_key.this : replica.primary_key_arn == aws_kms_key.this[purpose].arn])
    error_message = "each key has its replica"
  }
  assert {
    condition     = alltrue([for purpose, alias in aws_kms_alias.primary : alias.name == aws_kms_alias.secondary[purpose].name])
    error_message = "the alias is the same in both regions"
  }
  assert {
    condition     = alltrue([for purpose, key in aws_kms_key.this : key.policy == aws_kms_replica_key.this[purpose].policy])
    error_message = "a replica has its own policy; it must be the same"
  }
  assert {
    condition = alltrue(flatten([for key in aws_kms_key.this : [
      for statement in jsondecode(key.policy).Statement : !contains(flatten([statement.Action]), "kms:*") && statement.Principal != "*"
    ]]))
    error_message = "no statement gives kms:* and none is for everybody"
  }
  assert {
    condition     = anytrue([for statement in jsondecode(aws_kms_key.this["data"].policy).Statement : can(regex("AWSServiceRoleForAutoScaling$", statement.Principal.AWS))])
    error_message = "without this, node groups never start: their volumes are encrypted"
  }
  assert {
    condition = alltrue([for statement in jsondecode(aws_kms_key.this["messages"].policy).Statement :
    can(statement.Principal.Service) ? alltrue([for arn in values(statement.Condition.ArnLike) : strcontains(arn, ":${var.account_id}:")]) : true])
    error_message = "a service may use the key only for sources and topics in this account (confused deputy)"
  }
  assert {
    condition = one([for statement in jsondecode(aws_kms_key.this["messages"].policy).Statement : keys(statement.Condition.ArnLike)
    if statement.Sid == "UseByEventsForTopics"]) == ["kms:EncryptionContext:aws:sns:topicArn"]
    error_message = "EventBridge names no source when it writes to an encrypted topic; with aws:SourceArn every event would be lost"
  }
}

run "refuses_one_region_twice" {
  command = plan
  module { source = "../" }
  providers = { aws.primary = aws.primary, aws.secondary = aws.secondary }
  variables { regions = { primary = "eu-west-1", secondary = "eu-west-1" } }
  expect_failures = [var.regions]
}
