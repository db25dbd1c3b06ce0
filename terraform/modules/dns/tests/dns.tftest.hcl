mock_provider "aws" {
  source = "../../mocks"
}

variables {
  domain     = "shop.example.com"
  account_id = "200000000002"
}

run "zone" {
  command = apply
  assert {
    condition     = contains(aws_route53_record.caa.records, "0 issue \"amazon.com\"") && contains(aws_route53_record.caa.records, "0 issuewild \";\"")
    error_message = "Amazon may issue; nobody issues wildcards"
  }
  assert {
    condition     = aws_route53_query_log.this.cloudwatch_log_group_arn == aws_cloudwatch_log_group.queries.arn && startswith(aws_cloudwatch_log_group.queries.name, "/aws/route53/") && can(jsondecode(aws_cloudwatch_log_resource_policy.queries.policy_document).Statement[0].Condition.StringEquals["aws:SourceAccount"])
    error_message = "queries are logged"
  }
}

run "refuses_an_address" {
  command = plan
  variables { domain = "https://shop.example.com/" }
  expect_failures = [var.domain]
}
