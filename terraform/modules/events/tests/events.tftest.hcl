mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name        = "shop"
  account_id  = "200000000002"
  region      = "eu-west-1"
  kms_key_arn = "arn:aws:kms:eu-west-1:200000000002:key/mrk-1"
  email       = { page = ["oncall@example.com"], inform = ["team@example.com"] }
  sms         = ["+4930123456"]
  portal_hook = "https://portolan.example.com/api/v1/hooks/sns"
}

run "signed_encrypted_delivered" {
  command = apply
  assert {
    condition     = alltrue([for topic in aws_sns_topic.this : topic.signature_version == 2 && topic.kms_master_key_id == var.kms_key_arn])
    error_message = "topics sign with SHA-256 and are encrypted"
  }
  assert {
    condition = alltrue([for policy in aws_sns_topic_policy.this : toset([for statement in jsondecode(policy.policy).Statement : "${statement.Principal.Service} ${jsonencode(try(statement.Condition, {}))}" if statement.Effect == "Allow"])
    == toset(["events.amazonaws.com {}", "cloudwatch.amazonaws.com {\"StringEquals\":{\"aws:SourceAccount\":\"${var.account_id}\"}}"])])
    error_message = "alarms of this account publish, and EventBridge without a condition, which it could never meet"
  }
  assert {
    condition = jsondecode(aws_sqs_queue_policy.this["dead"].policy).Statement[*].Condition.ArnLike["aws:SourceArn"] == [
    ["arn:aws:events:eu-west-1:200000000002:rule/shop-*"], ["arn:aws:sns:eu-west-1:200000000002:shop-inform", "arn:aws:sns:eu-west-1:200000000002:shop-page"]]
    error_message = "queues take from our rules and topics, told by the key EventBridge sends"
  }
  assert {
    condition     = toset([for topic in aws_sns_topic.this : "arn:aws:sns:${var.region}:${var.account_id}:${topic.name}"]) == toset(local.topic_arns) && alltrue([for rule in aws_cloudwatch_event_rule.this : startswith(rule.name, "${var.name}-")])
    error_message = "the names in the queues' policies are those of the topics and rules"
  }
  assert {
    condition     = toset([for subscription in aws_sns_topic_subscription.this : subscription.protocol]) == toset(["email", "sms", "https", "sqs"]) && alltrue([for subscription in aws_sns_topic_subscription.this : !subscription.raw_message_delivery])
    error_message = "four ways, none raw"
  }
  assert {
    condition     = alltrue([for subscription in aws_sns_topic_subscription.this : subscription.redrive_policy != null if contains(["https", "sqs"], subscription.protocol)]) && alltrue([for target in aws_cloudwatch_event_target.this : target.dead_letter_config[0].arn == aws_sqs_queue.dead.arn])
    error_message = "nothing is lost without a trace"
  }
  assert {
    condition     = length(setsubtract(["alarms", "rds", "eks", "health", "access-analyzer", "administrator"], keys(aws_cloudwatch_event_rule.this))) == 0 && local.rules["health"].topic == "page"
    error_message = "alarms, RDS, EKS, Health, Access Analyzer and the way around the portal are heard"
  }
}

run "internal_portal_reads_its_queue" {
  command = plan
  variables { portal_hook = null }
  assert {
    condition     = !contains([for subscription in aws_sns_topic_subscription.this : subscription.protocol], "https") && length([for key in keys(aws_sns_topic_subscription.this) : key if endswith(key, "portal-queue")]) == 2
    error_message = "the queue is always there"
  }
}

run "refuses_plain_http" {
  command = plan
  variables { portal_hook = "http://portolan.example.com/api/v1/hooks/sns" }
  expect_failures = [var.portal_hook]
}

run "refuses_a_local_phone" {
  command = plan
  variables { sms = ["030123456"] }
  expect_failures = [var.sms]
}
