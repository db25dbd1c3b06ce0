output "role_arn" {
  description = "The role that reads the secrets, for the access review."
  value       = aws_iam_role.this.arn
}

output "version" {
  description = "Chart version in use; the same in both regions."
  value       = helm_release.this.version
}
