output "names" {
  description = "Secrets that exist, the same in both regions."
  value       = sort([for secret in aws_secretsmanager_secret.this : secret.name])
}
