output "cannot_serve_alarm" {
  description = "For modules/failover: the region's own word that it cannot serve."
  value       = aws_cloudwatch_metric_alarm.this["cannot-serve"].alarm_name
}

output "alarm_names" {
  description = "All alarms, for the portal's CloudWatch probe."
  value       = sort([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name])
}

output "log_groups" {
  description = "name => log group."
  value       = { for name, group in aws_cloudwatch_log_group.this : name => group.name }
}
