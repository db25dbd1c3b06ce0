output "buckets" {
  description = "side => bucket; content is uploaded to the active side's and replicated."
  value       = module.buckets.names
}

output "distribution" {
  description = "The distribution: id and ARN."
  value       = { id = aws_cloudfront_distribution.this.id, arn = aws_cloudfront_distribution.this.arn }
}

output "host" {
  description = "Host name; also the control host of modules/failover."
  value       = var.host
}

output "origins" {
  description = "side => origin, as the portal's CloudFront probe should find the group."
  value       = module.buckets.domain_names
}
