output "global_cluster_id" {
  description = "What each side's cluster joins."
  value       = aws_rds_global_cluster.this.global_cluster_identifier
}

output "endpoint" {
  description = "Writer endpoint that follows a failover; what applications use."
  value       = aws_rds_global_cluster.this.endpoint
}

output "administrator_secret" {
  description = "Name of the administrator's secret, the same in both regions."
  value       = module.secret.names[0]
}
