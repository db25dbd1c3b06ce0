# One web ACL: AWS's managed rules, and limits on how often one address may ask, stricter on the way in.

locals {
  managed = {
    AWSManagedRulesAmazonIpReputationList = 10
    AWSManagedRulesCommonRuleSet          = 20
    AWSManagedRulesKnownBadInputsRuleSet  = 30
    AWSManagedRulesSQLiRuleSet            = 40
  }
  # These read bodies, and the first refuses any above 8 KiB: inbound hooks are larger, and code and alarms look like attacks.
  reads_bodies = ["AWSManagedRulesCommonRuleSet", "AWSManagedRulesSQLiRuleSet"]
}

resource "aws_wafv2_web_acl" "this" {
  #checkov:skip=CKV_AWS_192:AWSManagedRulesKnownBadInputsRuleSet holds the Log4j rule; checkov does not see rules made by dynamic blocks, tests/waf.tftest.hcl does.
  name        = var.name
  scope       = var.scope
  description = "Managed rules and rate limits for ${var.name}"

  default_action {
    allow {}
  }

  dynamic "rule" {
    for_each = { for path in var.login_paths : path => index(var.login_paths, path) }
    content {
      name     = "login-${rule.value}"
      priority = 1 + rule.value
      action {
        block {
          custom_response { response_code = 429 }
        }
      }
      statement {
        rate_based_statement {
          limit                 = var.login_requests_per_5_minutes
          evaluation_window_sec = 300
          aggregate_key_type    = "IP"
          scope_down_statement {
            byte_match_statement {
              search_string         = rule.key
              positional_constraint = "STARTS_WITH"
              field_to_match {
                uri_path {}
              }
              text_transformation {
                priority = 0
                type     = "URL_DECODE"
              }
              text_transformation {
                priority = 1
                type     = "NORMALIZE_PATH"
              }
            }
          }
        }
      }
      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${var.name}-login-${rule.value}"
        sampled_requests_enabled   = true
      }
    }
  }

  dynamic "rule" {
    for_each = local.managed
    content {
      name     = rule.key
      priority = rule.value
      override_action {
        none {}
      }
      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.key

          dynamic "scope_down_statement" {
            for_each = var.signed_path_prefix != null && contains(local.reads_bodies, rule.key) ? [var.signed_path_prefix] : []
            content {
              not_statement {
                statement {
                  byte_match_statement {
                    search_string         = scope_down_statement.value
                    positional_constraint = "STARTS_WITH"
                    field_to_match {
                      uri_path {}
                    }
                    # As it stands, undecoded: what only looks like the path after decoding is not exempt.
                    text_transformation {
                      priority = 0
                      type     = "NONE"
                    }
                  }
                }
              }
            }
          }
        }
      }
      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = rule.key
        sampled_requests_enabled   = true
      }
    }
  }

  rule {
    name     = "rate"
    priority = 50
    action {
      block {
        custom_response { response_code = 429 }
      }
    }
    statement {
      rate_based_statement {
        limit                 = var.requests_per_5_minutes
        evaluation_window_sec = 300
        aggregate_key_type    = "IP"
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-rate"
      sampled_requests_enabled   = true
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = var.name
    sampled_requests_enabled   = true
  }

  lifecycle {
    precondition {
      condition     = var.scope == "REGIONAL" || length(var.resource_arns) == 0
      error_message = "A CLOUDFRONT web ACL is named by the distribution; resource_arns is for REGIONAL ones."
    }
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  for_each     = var.resource_arns
  resource_arn = each.value
  web_acl_arn  = aws_wafv2_web_acl.this.arn
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "aws-waf-logs-${var.name}" # WAF logs to groups of this prefix only
  retention_in_days = 365
  kms_key_id        = var.kms_key_arn
}

resource "aws_wafv2_web_acl_logging_configuration" "this" {
  resource_arn            = aws_wafv2_web_acl.this.arn
  log_destination_configs = [aws_cloudwatch_log_group.this.arn]

  redacted_fields {
    single_header { name = "authorization" }
  }
  redacted_fields {
    single_header { name = "cookie" }
  }
}
