# A global table: one name, both regions, writable in both.

locals {
  keys = [for key in [var.hash_key, var.range_key] : key if key != null]
}

resource "aws_dynamodb_table" "this" {
  name             = var.name
  billing_mode     = "PAY_PER_REQUEST" # a passive region then costs nothing until it serves, and never throttles when it starts to
  hash_key         = var.hash_key.name
  range_key        = var.range_key == null ? null : var.range_key.name
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES" # what replication needs

  deletion_protection_enabled = true

  dynamic "attribute" {
    for_each = local.keys
    content {
      name = attribute.value.name
      type = attribute.value.type
    }
  }

  point_in_time_recovery { enabled = true }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arns.primary
  }

  replica {
    region_name            = var.regions.secondary
    kms_key_arn            = var.kms_key_arns.secondary
    point_in_time_recovery = true
    propagate_tags         = true
  }

  dynamic "ttl" {
    for_each = var.expires_by == null ? [] : [var.expires_by]
    content {
      attribute_name = ttl.value
      enabled        = true
    }
  }

  tags = { "portolan:rpo-seconds" = tostring(var.rpo_s) }
}

# The lag the portal's probe reads, as an alarm where the table is written.
resource "aws_cloudwatch_metric_alarm" "lag" {
  alarm_name          = "${var.name}-replication-lag-to-${var.regions.secondary}"
  alarm_description   = "Writes take longer to reach ${var.regions.secondary} than the RPO of ${var.rpo_s} s allows."
  namespace           = "AWS/DynamoDB"
  metric_name         = "ReplicationLatency"
  dimensions          = { TableName = aws_dynamodb_table.this.name, ReceivingRegion = var.regions.secondary }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  threshold           = var.rpo_s * 1000
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # a table nobody writes to has no lag
}
