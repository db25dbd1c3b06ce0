output "url" {
  description = "Address of Jenkins, for the portal's configuration."
  value       = "https://${var.host}/jenkins"
}

output "agent_role_arn" {
  description = "The agents' role, for the access review."
  value       = aws_iam_role.agent.arn
}
