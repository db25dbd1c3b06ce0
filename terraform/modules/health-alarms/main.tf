# Route 53 has no events of its own: a health check is heard of by an alarm on its metric, which exists in us-east-1 only.

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each            = { for name, id in var.health_checks : name => id if name != "control" }
  alarm_name          = "${var.name}-${replace(each.key, "/", "-")}-unhealthy"
  alarm_description   = "Route 53 health check ${each.key} (${each.value}) fails."
  namespace           = "AWS/Route53"
  metric_name         = "HealthCheckStatus"
  dimensions          = { HealthCheckId = each.value }
  statistic           = "Minimum"
  period              = 60
  evaluation_periods  = 2
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
}
