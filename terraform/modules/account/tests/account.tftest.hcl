mock_provider "aws" {
  source = "../../mocks"
}

variables {
  alias = "shop-production"
}

run "closed" {
  command = plan
  assert {
    condition     = alltrue([aws_s3_account_public_access_block.this.block_public_acls, aws_s3_account_public_access_block.this.block_public_policy, aws_s3_account_public_access_block.this.ignore_public_acls, aws_s3_account_public_access_block.this.restrict_public_buckets])
    error_message = "no bucket of the account can be public"
  }
  assert {
    condition     = aws_iam_service_linked_role.autoscaling.aws_service_name == "autoscaling.amazonaws.com" && aws_iam_service_linked_role.table_replication.aws_service_name == "replication.dynamodb.amazonaws.com" && aws_iam_account_password_policy.this.minimum_password_length >= 14
    error_message = "node groups need their service-linked role; passwords are long"
  }
}

run "refuses_a_bad_alias" {
  command = plan
  variables { alias = "Shop Production" }
  expect_failures = [var.alias]
}
