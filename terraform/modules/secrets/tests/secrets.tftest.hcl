mock_provider "aws" {
  source = "../../mocks"
}

variables {
  secrets     = { "portolan/application" = "PORTOLAN_* of the serving pods" }
  kms_key_arn = "arn:aws:kms:eu-west-1:100000000001:key/mrk-1"
  replica     = { region = "eu-central-1", kms_key_arn = "arn:aws:kms:eu-central-1:100000000001:key/mrk-1" }
}

run "in_both_regions" {
  command = apply
  assert {
    condition     = one(aws_secretsmanager_secret.this["portolan/application"].replica).region == "eu-central-1" && one(aws_secretsmanager_secret.this["portolan/application"].replica).kms_key_id == var.replica.kms_key_arn
    error_message = "each region has its own copy under its own key"
  }
  assert {
    condition     = aws_secretsmanager_secret_policy.this["portolan/application"].block_public_policy
    error_message = "no secret is public"
  }
}

run "refuses_odd_names" {
  command = plan
  variables { secrets = { "Portolan Application" = "" } }
  expect_failures = [var.secrets]
}
