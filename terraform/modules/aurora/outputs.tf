output "cluster_id" {
  description = "Identifier of this region's cluster."
  value       = aws_rds_cluster.this.cluster_identifier
}

output "arn" {
  description = "ARN of this region's cluster, the target of a promotion."
  value       = aws_rds_cluster.this.arn
}

output "endpoint" {
  description = "Writer endpoint while this side writes. Applications use the global writer endpoint, which follows a failover."
  value       = aws_rds_cluster.this.endpoint
}

output "reader_endpoint" {
  description = "Readers of this region, always."
  value       = aws_rds_cluster.this.reader_endpoint
}

output "resource_id" {
  description = "For rds-db:connect in IAM policies."
  value       = aws_rds_cluster.this.cluster_resource_id
}
