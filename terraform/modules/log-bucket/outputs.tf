output "bucket" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.this.id
  # A load balancer refuses a log bucket it may not yet write to.
  depends_on = [aws_s3_bucket_policy.this]
}

output "arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
  depends_on  = [aws_s3_bucket_policy.this]
}
