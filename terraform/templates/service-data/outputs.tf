output "table" {
  description = "Name of the table in both regions."
  value       = module.table.name
}

output "role_arn" {
  description = "Role of the service's pods."
  value       = aws_iam_role.service.arn
}
