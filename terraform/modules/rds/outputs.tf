output "identifier" {
  description = "Identifier of the instance."
  value       = aws_db_instance.this.identifier
}

output "address" {
  description = "Host name; it follows a failover between zones."
  value       = aws_db_instance.this.address
}

output "secret_arn" {
  description = "The administrator's secret, kept by RDS."
  value       = try(aws_db_instance.this.master_user_secret[0].secret_arn, null)
}

output "copied_backups_arn" {
  description = "The backups in the peer region."
  value       = aws_db_instance_automated_backups_replication.peer.id
}
