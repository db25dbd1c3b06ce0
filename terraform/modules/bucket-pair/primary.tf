# --- primary: the bucket in the primary region ---------------------------------------------------------------------

resource "aws_s3_bucket" "primary" {
  #checkov:skip=CKV2_AWS_62:Nothing reacts to single objects; replication has its own metrics and alarm.
  provider            = aws.primary
  bucket              = local.names.primary
  object_lock_enabled = var.object_lock_days > 0
}

resource "aws_s3_bucket_public_access_block" "primary" {
  provider                = aws.primary
  bucket                  = aws_s3_bucket.primary.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "primary" {
  provider = aws.primary
  bucket   = aws_s3_bucket.primary.id
  rule { object_ownership = "BucketOwnerEnforced" }
}

resource "aws_s3_bucket_versioning" "primary" {
  provider = aws.primary
  bucket   = aws_s3_bucket.primary.id
  versioning_configuration { status = "Enabled" }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "primary" {
  provider = aws.primary
  bucket   = aws_s3_bucket.primary.id
  rule {
    bucket_key_enabled = var.kms_key_arns != null
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arns == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arns == null ? null : var.kms_key_arns.primary
    }
  }
}

resource "aws_s3_bucket_object_lock_configuration" "primary" {
  count    = var.object_lock_days > 0 ? 1 : 0
  provider = aws.primary
  bucket   = aws_s3_bucket.primary.id
  rule {
    default_retention {
      mode = "COMPLIANCE"
      days = var.object_lock_days
    }
  }
  depends_on = [aws_s3_bucket_versioning.primary]
}

resource "aws_s3_bucket_logging" "primary" {
  provider      = aws.primary
  bucket        = aws_s3_bucket.primary.id
  target_bucket = var.log_buckets.primary
  target_prefix = "${var.name}/"
}

resource "aws_s3_bucket_lifecycle_configuration" "primary" {
  provider = aws.primary
  bucket   = aws_s3_bucket.primary.id
  rule {
    id     = "old-versions"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration { noncurrent_days = max(var.noncurrent_days, var.object_lock_days) }
    abort_incomplete_multipart_upload { days_after_initiation = 7 }
  }
  dynamic "rule" {
    for_each = var.archive_after_days > 0 ? [var.archive_after_days] : []
    content {
      id     = "archive"
      status = "Enabled"
      filter {}
      transition {
        days          = rule.value
        storage_class = "GLACIER_IR"
      }
      abort_incomplete_multipart_upload { days_after_initiation = 7 }
    }
  }
  depends_on = [aws_s3_bucket_versioning.primary]
}

resource "aws_s3_bucket_policy" "primary" {
  provider = aws.primary
  bucket   = aws_s3_bucket.primary.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.arns.primary, "${local.arns.primary}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }], var.policy_statements.primary)
  })
  depends_on = [aws_s3_bucket_public_access_block.primary]
}
