output "role_arns" {
  description = "service account => role, for the access review."
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}

output "namespaces" {
  description = "Application namespaces that exist."
  value       = [for namespace in kubernetes_namespace_v1.application : namespace.metadata[0].name]
}
