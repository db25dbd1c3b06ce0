output "role_arns" {
  description = "job role (and observer) => ARN; for EKS access entries and the portal's configuration."
  value       = merge({ for name, role in aws_iam_role.job : name => role.arn }, { observer = aws_iam_role.observer.arn })
}

output "environment_boundary_arn" {
  description = "Boundary that every role of an ordered environment must carry."
  value       = aws_iam_policy.environment_boundary.arn
}
