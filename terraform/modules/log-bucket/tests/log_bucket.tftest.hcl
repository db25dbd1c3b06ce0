mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name       = "shop"
  account_id = "200000000002"
  region     = "eu-west-1"
}

run "private_and_written_by_services_alone" {
  command = apply
  assert {
    condition     = aws_s3_bucket.this.bucket == "shop-logs-200000000002-eu-west-1"
    error_message = "the name carries account and region"
  }
  assert {
    condition     = alltrue([aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy, aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets])
    error_message = "the bucket is private"
  }
  assert {
    condition = alltrue([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
    statement.Effect == "Deny" || (can(statement.Principal.Service) && contains(["s3:PutObject", "s3:GetBucketAcl"], statement.Action))])
    error_message = "services may put objects and ask whose bucket it is; nobody else is allowed anything here"
  }
  assert {
    condition = alltrue([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      try(statement.Condition.StringEquals["aws:SourceAccount"], "") == var.account_id || statement.Resource == "arn:aws:s3:::shop-logs-200000000002-eu-west-1/*/AWSLogs/200000000002/*"
    if statement.Effect == "Allow"])
    error_message = "each service writes for this account alone, told by its account or by the place it writes to"
  }
  assert {
    condition     = anytrue([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Effect == "Deny" && can(statement.Condition.Bool["aws:SecureTransport"])])
    error_message = "TLS only"
  }
}

run "refuses_short_memory" {
  command = plan
  variables { keep_days = 7 }
  expect_failures = [var.keep_days]
}
