output "names" {
  description = "side => bucket."
  value       = { primary = aws_s3_bucket.primary.id, secondary = aws_s3_bucket.secondary.id }
}

output "arns" {
  description = "side => ARN, made from the name and so known before the buckets are."
  value       = local.arns
}

output "domain_names" {
  description = "side => regional domain name, for CloudFront."
  value = {
    primary   = aws_s3_bucket.primary.bucket_regional_domain_name
    secondary = aws_s3_bucket.secondary.bucket_regional_domain_name
  }
}

output "replication_rules" {
  description = "side => rule id, with which CloudWatch names the replication metrics (AWS/S3 ReplicationLatency)."
  value       = { primary = "to-secondary", secondary = "to-primary" }
}
