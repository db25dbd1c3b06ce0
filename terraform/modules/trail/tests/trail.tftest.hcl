mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name        = "account"
  bucket      = "account-logs-200000000002-eu-west-1"
  kms_key_arn = "arn:aws:kms:eu-west-1:200000000002:key/mrk-1"
}

run "everything_everywhere" {
  command = plan
  assert {
    condition     = aws_cloudtrail.this.is_multi_region_trail && aws_cloudtrail.this.include_global_service_events && aws_cloudtrail.this.enable_log_file_validation
    error_message = "all regions, global services, and files whose change is seen"
  }
  assert {
    condition     = aws_cloudtrail.this.kms_key_id == var.kms_key_arn && one(aws_cloudtrail.this.event_selector).read_write_type == "All" && one(aws_cloudtrail.this.event_selector).include_management_events
    error_message = "reads and writes, encrypted with our key"
  }
}

run "refuses_a_name_aws_refuses" {
  command = plan
  variables { name = "1" }
  expect_failures = [var.name]
}
