mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name         = "shop-carts"
  regions      = { primary = "eu-west-1", secondary = "eu-central-1" }
  kms_key_arns = { primary = "arn:aws:kms:eu-west-1:200000000002:key/mrk-1", secondary = "arn:aws:kms:eu-central-1:200000000002:key/mrk-1" }
  hash_key     = { name = "cart", type = "S" }
  expires_by   = "expires_at"
}

run "global_table" {
  command = apply
  assert {
    condition     = one(aws_dynamodb_table.this.replica).region_name == "eu-central-1" && one(aws_dynamodb_table.this.replica).kms_key_arn == var.kms_key_arns.secondary
    error_message = "the replica lies in the other region, under that region's key"
  }
  assert {
    condition     = aws_dynamodb_table.this.point_in_time_recovery[0].enabled && one(aws_dynamodb_table.this.replica).point_in_time_recovery
    error_message = "both sides can be restored to any second"
  }
  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled && aws_dynamodb_table.this.stream_enabled && aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST"
    error_message = "protected, streaming, and ready for full load"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.lag.threshold == 5000 && aws_cloudwatch_metric_alarm.lag.dimensions["ReceivingRegion"] == "eu-central-1"
    error_message = "lag is watched against the RPO, in milliseconds"
  }
  assert {
    condition     = output.arns.secondary == "arn:aws:dynamodb:eu-central-1:200000000002:table/mock"
    error_message = "the replica's ARN"
  }
}

run "refuses_an_rpo_nobody_can_measure" {
  command = plan
  variables { rpo_s = 0 }
  expect_failures = [var.rpo_s]
}

run "refuses_the_same_region" {
  command = plan
  variables { regions = { primary = "eu-west-1", secondary = "eu-west-1" } }
  expect_failures = [var.regions]
}

run "refuses_an_unknown_type" {
  command = plan
  variables { hash_key = { name = "cart", type = "string" } }
  expect_failures = [var.hash_key]
}
