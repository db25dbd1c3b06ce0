output "monitor_ids" {
  description = "service/region => error monitor, for the portal's Datadog probe."
  value       = { for key, monitor in datadog_monitor.errors : key => monitor.id }
}

output "role_arn" {
  description = "The role Datadog reads with."
  value       = aws_iam_role.this.arn
}
