# Where a region's load balancers, buckets and CloudFront write their access logs.

locals {
  bucket = "${var.name}-logs-${var.account_id}-${var.region}"
  arn    = "arn:aws:s3:::${local.bucket}"

  # Each log service writes for sources of this account only (confused deputy). Load balancers write under the number of their own
  # account, so theirs is told by the place.
  writers = {
    LoadBalancers = { service = "logdelivery.elasticloadbalancing.amazonaws.com", condition = {}, place = "*/AWSLogs/${var.account_id}/*" }
    Buckets       = { service = "logging.s3.amazonaws.com", condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }, place = "*" }
    Trail         = { service = "cloudtrail.amazonaws.com", condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }, place = "*" }
    LogDelivery   = { service = "delivery.logs.amazonaws.com", condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }, place = "*" }
  }
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV2_AWS_62:Nothing reacts to single log files.
  #checkov:skip=CKV_AWS_144:Logs of a region say what happened there; evidence that must outlive a region is in modules/bucket-pair.
  #checkov:skip=CKV_AWS_145:Load balancers cannot write where a customer key is used.
  #checkov:skip=CKV_AWS_18:This is where access logs go; logging it into itself never ends.
  bucket = local.bucket
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id
  rule { object_ownership = "BucketOwnerEnforced" }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id
  versioning_configuration { status = "Enabled" }
}

# Load balancers cannot write to a bucket that uses a KMS key of ours; S3's own key it is.
resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id
  rule {
    apply_server_side_encryption_by_default { sse_algorithm = "AES256" }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id
  rule {
    id     = "expire"
    status = "Enabled"
    filter {}
    expiration { days = var.keep_days }
    noncurrent_version_expiration { noncurrent_days = 30 }
    abort_incomplete_multipart_upload { days_after_initiation = 7 }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local.arn, "${local.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      # Before they write, log delivery (network load balancers, CloudFront) and CloudTrail ask whose bucket it is.
      [{
        Sid       = "AskWhoseBucket"
        Effect    = "Allow"
        Principal = { Service = [local.writers.LogDelivery.service, local.writers.Trail.service] }
        Action    = "s3:GetBucketAcl"
        Resource  = local.arn
        Condition = local.writers.LogDelivery.condition
      }],
      [for name, writer in local.writers : merge({
        Sid       = "WriteLogsOf${name}"
        Effect    = "Allow"
        Principal = { Service = writer.service }
        Action    = "s3:PutObject"
        Resource  = "${local.arn}/${writer.place}"
      }, length(writer.condition) > 0 ? { Condition = writer.condition } : {})],
    )
  })
  depends_on = [aws_s3_bucket_public_access_block.this]
}
