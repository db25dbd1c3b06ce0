output "name" {
  description = "Name of the table in both regions."
  value       = aws_dynamodb_table.this.name
}

output "arns" {
  description = "side => ARN, made from the name."
  value = {
    primary   = aws_dynamodb_table.this.arn
    secondary = replace(aws_dynamodb_table.this.arn, ":${var.regions.primary}:", ":${var.regions.secondary}:")
  }
}

output "rpo_s" {
  description = "RPO the lag is watched against, in seconds."
  value       = var.rpo_s
}
