output "names" {
  description = "Secrets that exist, the same in both regions."
  value       = sort([for secret in aws_secretsmanager_secret.this : secret.name])
}

output "arns" {
  description = "name => ARN in the provider's region."
  value       = { for name, secret in aws_secretsmanager_secret.this : name => secret.arn }
}
