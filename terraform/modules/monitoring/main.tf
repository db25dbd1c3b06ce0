# One region's alarms, dashboard and log groups. Alarms have no actions of their own: EventBridge carries every change of
# state to people and to the portal (modules/events), so an alarm cannot be forgotten by its topic.

locals {
  alarms = merge(
    {
      # Route 53 takes the side out on this one (modules/failover): a plain metric, since it accepts neither maths nor composites.
      cannot-serve = {
        description = "No healthy target of ${var.load_balancer.serving_target} in ${var.region}: the side is taken out by Route 53."
        namespace   = "AWS/ApplicationELB", metric = "HealthyHostCount", statistic = "Maximum", period = 60, times = 2, of = 2
        comparison  = "LessThanThreshold", threshold = 1, missing = "ignore"
        dimensions  = { LoadBalancer = var.load_balancer.arn_suffix, TargetGroup = var.load_balancer.target_groups[var.load_balancer.serving_target] }
      }
      errors = {
        description = "The load balancer's targets answer with errors in ${var.region}."
        namespace   = "AWS/ApplicationELB", metric = "HTTPCode_Target_5XX_Count", statistic = "Sum", period = 60, times = 3, of = 5
        comparison  = "GreaterThanThreshold", threshold = 25, missing = "notBreaching"
        dimensions  = { LoadBalancer = var.load_balancer.arn_suffix }
      }
      slow = {
        description = "Answers take longer than a second on average in ${var.region}."
        namespace   = "AWS/ApplicationELB", metric = "TargetResponseTime", statistic = "Average", period = 60, times = 3, of = 5
        comparison  = "GreaterThanThreshold", threshold = 1, missing = "notBreaching"
        dimensions  = { LoadBalancer = var.load_balancer.arn_suffix }
      }
      aurora-rpo = {
        description = "The other region is further behind than the RPO of ${var.aurora.rpo_s} s; Aurora will block commits."
        namespace   = "AWS/RDS", metric = "AuroraGlobalDBRPOLag", statistic = "Maximum", period = 60, times = 3, of = 5
        comparison  = "GreaterThanThreshold", threshold = var.aurora.rpo_s * 1000, missing = "notBreaching"
        dimensions  = { DBClusterIdentifier = var.aurora.cluster_id }
      }
      aurora-connections = {
        description = "The database in ${var.region} runs out of connections."
        namespace   = "AWS/RDS", metric = "DatabaseConnections", statistic = "Maximum", period = 60, times = 3, of = 5
        comparison  = "GreaterThanThreshold", threshold = 800, missing = "notBreaching"
        dimensions  = { DBClusterIdentifier = var.aurora.cluster_id }
      }
    },
    { for name, suffix in var.load_balancer.target_groups : "unhealthy-${name}" => {
      description = "Some targets of ${name} fail their health check in ${var.region}."
      namespace   = "AWS/ApplicationELB", metric = "UnHealthyHostCount", statistic = "Minimum", period = 60, times = 5, of = 5
      comparison  = "GreaterThanThreshold", threshold = 0, missing = "notBreaching"
      dimensions  = { LoadBalancer = var.load_balancer.arn_suffix, TargetGroup = suffix }
    } },
    { for name, group in var.node_groups : "nodes-${name}" => {
      description = "Node group ${name} has fewer than ${group.min} nodes in service in ${var.region}."
      namespace   = "AWS/AutoScaling", metric = "GroupInServiceInstances", statistic = "Minimum", period = 60, times = 10, of = 10
      comparison  = "LessThanThreshold", threshold = group.min, missing = "breaching"
      dimensions  = { AutoScalingGroupName = group.autoscaling_group }
    } },
    { for name in var.databases : "storage-${name}" => {
      description = "Database ${name} has less than 10 GiB left."
      namespace   = "AWS/RDS", metric = "FreeStorageSpace", statistic = "Minimum", period = 300, times = 3, of = 3
      comparison  = "LessThanThreshold", threshold = 10737418240, missing = "breaching"
      dimensions  = { DBInstanceIdentifier = name }
    } },
    { for name, rpo_s in var.tables : "table-lag-${name}" => {
      description = "Writes to ${name} in ${var.region} take longer to reach ${var.peer_region} than the RPO of ${rpo_s} s allows."
      namespace   = "AWS/DynamoDB", metric = "ReplicationLatency", statistic = "Maximum", period = 60, times = 3, of = 5
      comparison  = "GreaterThanThreshold", threshold = rpo_s * 1000, missing = "notBreaching"
      dimensions  = { TableName = name, ReceivingRegion = var.peer_region }
    } },
    { for bucket, replication in var.replicated_buckets : "replication-${bucket}" => {
      description = "Objects of ${bucket} reach ${var.peer_region} later than the 15 minutes S3 promises."
      namespace   = "AWS/S3", metric = "ReplicationLatency", statistic = "Maximum", period = 300, times = 2, of = 3
      comparison  = "GreaterThanThreshold", threshold = 900, missing = "notBreaching"
      dimensions  = { SourceBucket = bucket, DestinationBucket = replication.destination, RuleId = replication.rule }
    } },
  )

  widgets = [for index, name in sort(keys(local.alarms)) : {
    type   = "metric"
    x      = (index % 3) * 8
    y      = floor(index / 3) * 6
    width  = 8
    height = 6
    properties = {
      title       = name
      region      = var.region
      stat        = local.alarms[name].statistic
      period      = local.alarms[name].period
      metrics     = [concat([local.alarms[name].namespace, local.alarms[name].metric], flatten([for key, value in local.alarms[name].dimensions : [key, value]]))]
      annotations = { horizontal = [{ label = "alarm", value = local.alarms[name].threshold }] }
    }
  }]
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each           = local.alarms
  alarm_name         = "${var.name}-${each.key}"
  alarm_description  = each.value.description
  namespace          = each.value.namespace
  metric_name        = each.value.metric
  dimensions         = each.value.dimensions
  statistic          = each.value.statistic
  period             = each.value.period
  evaluation_periods = each.value.of
  # Route 53 takes no alarm of the kind M out of N, so what needs all says nothing.
  datapoints_to_alarm = each.value.times < each.value.of ? each.value.times : null
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({ widgets = local.widgets })
}

resource "aws_cloudwatch_log_group" "this" {
  for_each          = var.log_groups
  name              = "/portolan/${var.name}/${each.key}"
  retention_in_days = each.value
  kms_key_id        = var.kms_key_arn
}
