mock_provider "aws" {
  source = "../../mocks"
}

variables {
  region = "eu-west-1"
}

run "watches_what_the_platform_is_made_of" {
  command = apply
  assert {
    condition     = alltrue([for name in ["EKS_AUDIT_LOGS", "RDS_LOGIN_EVENTS", "S3_DATA_EVENTS"] : aws_guardduty_detector_feature.this[name].status == "ENABLED"])
    error_message = "clusters, databases and buckets are watched"
  }
  assert {
    condition     = aws_securityhub_standards_subscription.this["aws-foundational-security-best-practices/v/1.0.0"].standards_arn == "arn:aws:securityhub:eu-west-1::standards/aws-foundational-security-best-practices/v/1.0.0"
    error_message = "the standard is the region's own"
  }
}
