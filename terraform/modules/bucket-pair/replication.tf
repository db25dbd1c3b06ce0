# Replication both ways, each direction with a role of its own that can read one bucket and write the other.

resource "aws_iam_role" "replication" {
  for_each = local.directions
  provider = aws.primary
  name     = "${var.name}-replicate-from-${each.key}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Action = "sts:AssumeRole"
      # As AWS documents it, without aws:SourceArn: nothing says that replication sends one, and a condition that is not met would
      # stop all copies in silence. Only iam:PassRole of this account can give the role to a bucket.
      Principal = { Service = "s3.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "replication" {
  for_each = local.directions
  provider = aws.primary
  name     = "replicate"
  role     = aws_iam_role.replication[each.key].id
  policy   = jsonencode({ Version = "2012-10-17", Statement = local.replication_statements[each.key] })
}

# primary to secondary
resource "aws_s3_bucket_replication_configuration" "primary" {
  provider = aws.primary
  bucket   = aws_s3_bucket.primary.id
  role     = aws_iam_role.replication["primary"].arn

  rule {
    id       = "to-secondary"
    status   = "Enabled"
    priority = 1
    filter {}

    # A deletion travels too, so both sides list the same objects; the old versions stay on both.
    delete_marker_replication { status = "Enabled" }

    dynamic "source_selection_criteria" {
      for_each = var.kms_key_arns == null ? [] : [1]
      content {
        replica_modifications { status = "Enabled" }
        sse_kms_encrypted_objects { status = "Enabled" }
      }
    }

    destination {
      bucket        = aws_s3_bucket.secondary.arn
      storage_class = "STANDARD"

      replication_time {
        status = "Enabled"
        time { minutes = 15 }
      }
      metrics {
        status = "Enabled"
        event_threshold { minutes = 15 }
      }
      dynamic "encryption_configuration" {
        for_each = var.kms_key_arns == null ? [] : [var.kms_key_arns.secondary]
        content {
          replica_kms_key_id = encryption_configuration.value
        }
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.primary, aws_s3_bucket_versioning.secondary]
}

# secondary to primary
resource "aws_s3_bucket_replication_configuration" "secondary" {
  provider = aws.secondary
  bucket   = aws_s3_bucket.secondary.id
  role     = aws_iam_role.replication["secondary"].arn

  rule {
    id       = "to-primary"
    status   = "Enabled"
    priority = 1
    filter {}

    # A deletion travels too, so both sides list the same objects; the old versions stay on both.
    delete_marker_replication { status = "Enabled" }

    dynamic "source_selection_criteria" {
      for_each = var.kms_key_arns == null ? [] : [1]
      content {
        replica_modifications { status = "Enabled" }
        sse_kms_encrypted_objects { status = "Enabled" }
      }
    }

    destination {
      bucket        = aws_s3_bucket.primary.arn
      storage_class = "STANDARD"

      replication_time {
        status = "Enabled"
        time { minutes = 15 }
      }
      metrics {
        status = "Enabled"
        event_threshold { minutes = 15 }
      }
      dynamic "encryption_configuration" {
        for_each = var.kms_key_arns == null ? [] : [var.kms_key_arns.primary]
        content {
          replica_kms_key_id = encryption_configuration.value
        }
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.primary, aws_s3_bucket_versioning.secondary]
}
