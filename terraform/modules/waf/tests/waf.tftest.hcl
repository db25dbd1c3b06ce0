mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name          = "shop"
  scope         = "REGIONAL"
  resource_arns = { shop = "arn:aws:elasticloadbalancing:eu-west-1:200000000002:loadbalancer/app/shop/0123456789abcdef" }
  kms_key_arn   = "arn:aws:kms:eu-west-1:200000000002:key/mrk-1"
}

run "rules" {
  command = plan
  assert {
    condition     = length(setsubtract(["AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet", "rate", "login-0"], [for rule in aws_wafv2_web_acl.this.rule : rule.name])) == 0
    error_message = "managed rules, a rate limit, a stricter one for the login path"
  }
  assert {
    condition     = length(distinct([for rule in aws_wafv2_web_acl.this.rule : rule.priority])) == length(aws_wafv2_web_acl.this.rule)
    error_message = "every rule has a place of its own"
  }
  assert {
    condition     = one([for rule in aws_wafv2_web_acl.this.rule : rule.statement[0].rate_based_statement[0].limit if rule.name == "login-0"]) == 50 && one([for rule in aws_wafv2_web_acl.this.rule : rule.statement[0].rate_based_statement[0].scope_down_statement[0].byte_match_statement[0].search_string if rule.name == "login-0"]) == "/auth/"
    error_message = "the login path allows fewer tries"
  }
  assert {
    condition     = aws_wafv2_web_acl_association.this["shop"].resource_arn == var.resource_arns["shop"] && length(aws_wafv2_web_acl_logging_configuration.this.redacted_fields) == 2
    error_message = "it guards the balancer, and its log holds no credentials"
  }
}

run "refuses_to_slow_everything" {
  command = plan
  variables { login_paths = ["/"] }
  expect_failures = [var.login_paths]
}

run "refuses_balancers_for_cloudfront" {
  command = plan
  variables { scope = "CLOUDFRONT" }
  expect_failures = [aws_wafv2_web_acl.this]
}

run "hooks_may_have_bodies" {
  command = plan
  variables { signed_path_prefix = "/api/v1/hooks/" }
  assert {
    condition = toset([for rule in aws_wafv2_web_acl.this.rule : rule.name if length(try(rule.statement[0].managed_rule_group_statement[0].scope_down_statement, [])) > 0]) == toset([
    "AWSManagedRulesCommonRuleSet", "AWSManagedRulesSQLiRuleSet"])
    error_message = "rules that read bodies leave signed hooks alone; the others, and the rate limit, do not"
  }
  assert {
    condition = one([for rule in aws_wafv2_web_acl.this.rule : rule.statement[0].managed_rule_group_statement[0].scope_down_statement[0].not_statement[0].statement[0].byte_match_statement[0].search_string
    if rule.name == "AWSManagedRulesCommonRuleSet"]) == "/api/v1/hooks/"
    error_message = "only under this path"
  }
}

run "refuses_to_exempt_everything" {
  command = plan
  variables { signed_path_prefix = "/" }
  expect_failures = [var.signed_path_prefix]
}
