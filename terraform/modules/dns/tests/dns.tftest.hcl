mock_provider "aws" {
  source = "../../mocks"
}

variables {
  domain              = "shop.example.com"
  query_log_group_arn = "arn:aws:logs:us-east-1:200000000002:log-group:/aws/route53/shop"
}

run "zone" {
  command = plan
  assert {
    condition     = contains(aws_route53_record.caa.records, "0 issue \"amazon.com\"") && contains(aws_route53_record.caa.records, "0 issuewild \";\"")
    error_message = "Amazon may issue; nobody issues wildcards"
  }
  assert {
    condition     = aws_route53_query_log.this.cloudwatch_log_group_arn == var.query_log_group_arn
    error_message = "queries are logged"
  }
}

run "refuses_a_log_group_elsewhere" {
  command = plan
  variables { query_log_group_arn = "arn:aws:logs:eu-west-1:200000000002:log-group:/aws/route53/shop" }
  expect_failures = [var.query_log_group_arn]
}
