mock_provider "aws" {
  alias  = "primary"
  source = "../../../mocks"
}
mock_provider "aws" {
  alias  = "secondary"
  source = "../../../mocks"
}
mock_provider "aws" {
  alias  = "us_east_1"
  source = "../../../mocks"
}

variables {
  name            = "shop"
  account_id      = "200000000002"
  regions         = { primary = "eu-west-1", secondary = "eu-central-1" }
  log_buckets     = { primary = "logs-1", secondary = "logs-2" }
  host            = "static.example.com"
  zone_id         = "ZMOCK"
  certificate_arn = "arn:aws:acm:us-east-1:200000000002:certificate/00000000-0000-4000-8000-000000000000"
  web_acl_arn     = "arn:aws:wafv2:us-east-1:200000000002:global/webacl/edge/0123"
}

run "two_regions_behind_one_name" {
  command = apply
  module { source = "../" }
  providers = { aws.primary = aws.primary, aws.secondary = aws.secondary, aws.us_east_1 = aws.us_east_1 }

  assert {
    condition     = [for member in one(aws_cloudfront_distribution.this.origin_group).member : member.origin_id] == ["primary", "secondary"]
    error_message = "the origin group has both regions, primary first"
  }
  assert {
    condition     = aws_cloudfront_distribution.this.default_cache_behavior[0].target_origin_id == "pair" && contains(one(one(aws_cloudfront_distribution.this.origin_group).failover_criteria).status_codes, 503)
    error_message = "readers are served by the group, which turns on 503"
  }
  assert {
    condition     = alltrue([for origin in aws_cloudfront_distribution.this.origin : origin.origin_access_control_id == aws_cloudfront_origin_access_control.this.id])
    error_message = "every origin is asked with a signature"
  }
  assert {
    condition = alltrue(flatten([for side, statements in local.read_by_cloudfront : [for statement in statements :
    statement.Condition.StringEquals["aws:SourceArn"] == aws_cloudfront_distribution.this.arn && statement.Action == ["s3:GetObject"]]]))
    error_message = "the buckets let this distribution read, and only read"
  }
  assert {
    condition     = aws_cloudfront_distribution.this.ordered_cache_behavior[0].path_pattern == "/control/*" && aws_cloudfront_distribution.this.ordered_cache_behavior[0].cache_policy_id == local.caching_disabled && aws_cloudfront_distribution.this.ordered_cache_behavior[0].target_origin_id == "pair"
    error_message = "the failover switch is never cached and comes from either region"
  }
  assert {
    condition     = alltrue([for response in aws_cloudfront_distribution.this.custom_error_response : response.error_caching_min_ttl == 0])
    error_message = "an absent switch must not be remembered as absent"
  }
  assert {
    condition     = aws_cloudfront_distribution.this.web_acl_id == var.web_acl_arn && aws_cloudfront_distribution.this.viewer_certificate[0].minimum_protocol_version == "TLSv1.2_2021"
    error_message = "WAF in front, TLS 1.2"
  }
  assert {
    condition     = aws_cloudwatch_log_delivery_source.this.log_type == "ACCESS_LOGS"
    error_message = "access is logged"
  }
}

run "refuses_a_regional_certificate" {
  command = plan
  module { source = "../" }
  providers = { aws.primary = aws.primary, aws.secondary = aws.secondary, aws.us_east_1 = aws.us_east_1 }
  variables { certificate_arn = "arn:aws:acm:eu-west-1:200000000002:certificate/00000000-0000-4000-8000-000000000000" }
  expect_failures = [var.certificate_arn]
}

run "refuses_a_regional_web_acl" {
  command = plan
  module { source = "../" }
  providers = { aws.primary = aws.primary, aws.secondary = aws.secondary, aws.us_east_1 = aws.us_east_1 }
  variables { web_acl_arn = "arn:aws:wafv2:eu-west-1:200000000002:regional/webacl/edge/0123" }
  expect_failures = [var.web_acl_arn]
}
