# EventBridge -> SNS -> people and the portal, in one region. Two topics: page wakes somebody, inform can wait.

locals {
  topics     = toset(["page", "inform"])
  topic_arns = [for topic in sort(local.topics) : "arn:aws:sns:${var.region}:${var.account_id}:${var.name}-${topic}"]

  rules = {
    alarms          = { topic = "page", pattern = { source = ["aws.cloudwatch"], detail-type = ["CloudWatch Alarm State Change"], detail = { state = { value = ["ALARM"] } } } }
    alarms-cleared  = { topic = "inform", pattern = { source = ["aws.cloudwatch"], detail-type = ["CloudWatch Alarm State Change"], detail = { state = { value = ["OK"] }, previousState = { value = ["ALARM"] } } } }
    rds             = { topic = "inform", pattern = { source = ["aws.rds"], detail-type = ["RDS DB Instance Event", "RDS DB Cluster Event"], detail = { EventCategories = ["failover", "failure", "global-failover", "low storage", "recovery", "notification"] } } }
    eks             = { topic = "inform", pattern = { source = ["aws.eks"], detail-type = [{ prefix = "EKS " }] } }
    eks-calls       = { topic = "inform", pattern = { source = ["aws.eks"], detail-type = ["AWS API Call via CloudTrail"], detail = { eventName = ["UpdateClusterVersion", "UpdateNodegroupConfig", "DeleteNodegroup", "DeleteCluster", "CreateAccessEntry", "AssociateAccessPolicy"] } } }
    health          = { topic = "page", pattern = { source = ["aws.health"], detail-type = ["AWS Health Event"] } }
    access-analyzer = { topic = "inform", pattern = { source = ["aws.access-analyzer"], detail = { status = ["ACTIVE"] } } }
    guardduty       = { topic = "page", pattern = { source = ["aws.guardduty"], detail = { severity = [{ numeric = [">=", 7] }] } } }
    # Ways around the portal: the administrator's permission set, and the root user.
    administrator = { topic = "page", pattern = { detail-type = ["AWS Console Sign In via CloudTrail", "AWS API Call via CloudTrail"], detail = { eventName = ["ConsoleLogin", "GetRoleCredentials"], userIdentity = { arn = [{ wildcard = "*AWSReservedSSO_portolan-administrator*" }] } } } }
    root          = { topic = "page", pattern = { detail-type = ["AWS Console Sign In via CloudTrail"], detail = { userIdentity = { type = ["Root"] } } } }
  }

  subscriptions = merge(
    { for address in var.email.page : "page/email/${address}" => { topic = "page", protocol = "email", endpoint = address } },
    { for address in var.email.inform : "inform/email/${address}" => { topic = "inform", protocol = "email", endpoint = address } },
    { for phone in var.sms : "page/sms/${phone}" => { topic = "page", protocol = "sms", endpoint = phone } },
    { for topic in local.topics : "${topic}/portal-queue" => { topic = topic, protocol = "sqs", endpoint = aws_sqs_queue.portal.arn } },
    { for topic in local.topics : "${topic}/portal-hook" => { topic = topic, protocol = "https", endpoint = var.portal_hook } if var.portal_hook != null },
  )
}

resource "aws_sns_topic" "this" {
  for_each          = local.topics
  name              = "${var.name}-${each.key}"
  kms_master_key_id = var.kms_key_arn
  signature_version = 2 # SHA-256; the portal accepts no other

  delivery_policy = jsonencode({
    http = {
      defaultHealthyRetryPolicy    = { minDelayTarget = 5, maxDelayTarget = 300, numRetries = 20, numMaxDelayRetries = 10, backoffFunction = "exponential" }
      disableSubscriptionOverrides = false
    }
  })
}

resource "aws_sns_topic_policy" "this" {
  for_each = local.topics
  arn      = aws_sns_topic.this[each.key].arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # No condition: EventBridge tells SNS neither account nor rule, so one could never be met, and every event would be lost.
      {
        Sid       = "Events"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.this[each.key].arn
      },
      {
        Sid       = "AlarmsOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.this[each.key].arn
        Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.this[each.key].arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "this" {
  for_each               = local.subscriptions
  topic_arn              = aws_sns_topic.this[each.value.topic].arn
  protocol               = each.value.protocol
  endpoint               = each.value.endpoint
  raw_message_delivery   = false # a raw message carries no signature
  endpoint_auto_confirms = each.value.protocol == "https"
  redrive_policy         = contains(["https", "sqs"], each.value.protocol) ? jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn }) : null
}

# --- The portal's inbox where it has no public address, and what could not be delivered --------------------

resource "aws_sqs_queue" "portal" {
  name                      = "${var.name}-portal"
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = 1209600
  redrive_policy            = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 5 })
}

resource "aws_sqs_queue" "dead" {
  name                      = "${var.name}-dead"
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue_policy" "this" {
  for_each = {
    portal = { queue = aws_sqs_queue.portal, sources = { sns = local.topic_arns } }
    dead   = { queue = aws_sqs_queue.dead, sources = { sns = local.topic_arns, events = ["arn:aws:events:${var.region}:${var.account_id}:rule/${var.name}-*"] } }
  }
  queue_url = each.value.queue.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for service, arns in each.value.sources : {
      Effect    = "Allow"
      Principal = { Service = "${service}.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = each.value.queue.arn
      Condition = { ArnLike = { "aws:SourceArn" = arns } } # the key that both services send to queues
    }]
  })
}

resource "aws_cloudwatch_metric_alarm" "dead" {
  alarm_name          = "${var.name}-notifications-undelivered"
  alarm_description   = "Notifications could not be delivered; read them in ${aws_sqs_queue.dead.name}."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
}

# --- Rules -------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_event_rule" "this" {
  for_each      = local.rules
  name          = "${var.name}-${each.key}"
  event_pattern = jsonencode(each.value.pattern)
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local.rules
  rule     = aws_cloudwatch_event_rule.this[each.key].name
  arn      = aws_sns_topic.this[each.value.topic].arn
  dead_letter_config { arn = aws_sqs_queue.dead.arn }
  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 20
  }
}
