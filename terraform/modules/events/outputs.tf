output "topic_arns" {
  description = "page and inform; the portal's allow-list of topics."
  value       = { for name, topic in aws_sns_topic.this : name => topic.arn }
}

output "portal_queue" {
  description = "The portal's inbox."
  value       = { arn = aws_sqs_queue.portal.arn, url = aws_sqs_queue.portal.url }
}

output "rules" {
  description = "Names of the rules, for the portal's EventBridge probe."
  value       = sort([for rule in aws_cloudwatch_event_rule.this : rule.name])
}
