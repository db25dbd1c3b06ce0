# Datadog over one AWS account: the role it reads with, and monitors, SLOs and a dashboard for both regions. Pods, logs and
# traces come from the agent (modules/datadog-agent).

locals {
  # Metrics and the tags that give them meaning; no content: no s3:GetObject, no logs:Get*, no secrets.
  reads = [
    "autoscaling:Describe*", "cloudfront:GetDistributionConfig", "cloudfront:ListDistributions", "cloudwatch:Describe*", "cloudwatch:Get*", "cloudwatch:List*",
    "dynamodb:DescribeTable", "dynamodb:ListTables", "dynamodb:ListTagsOfResource", "ec2:Describe*", "eks:DescribeCluster", "eks:ListClusters", "elasticloadbalancing:Describe*",
    "health:DescribeAffectedEntities", "health:DescribeEventDetails", "health:DescribeEvents", "rds:Describe*", "rds:ListTagsForResource", "route53:ListHealthChecks", "route53:ListTagsForResources",
    "s3:GetBucketLocation", "s3:GetBucketTagging", "s3:ListAllMyBuckets", "sns:ListTopics", "sqs:ListQueues", "tag:GetResources", "tag:GetTagKeys", "tag:GetTagValues",
  ]
  role_name = "portolan-datadog"

  # service and region => what is watched
  watched = merge([for service, settings in var.services : {
    for side, region in var.regions : "${service}/${region}" => { service = service, region = region, team = settings.team }
  }]...)
}

resource "datadog_integration_aws_account" "this" {
  aws_account_id = var.account_id
  aws_partition  = "aws"

  aws_regions { include_only = [for region in concat(values(var.regions), ["us-east-1"]) : region] }

  auth_config {
    aws_auth_config_role { role_name = local.role_name }
  }
  logs_config {
    lambda_forwarder {}
  }
  metrics_config {
    automute_enabled          = true
    collect_cloudwatch_alarms = true
    collect_custom_metrics    = false
    enabled                   = true
    namespace_filters {
      include_only = ["AWS/ApplicationELB", "AWS/NetworkELB", "AWS/RDS", "AWS/DynamoDB", "AWS/S3", "AWS/Route53", "AWS/CloudFront", "AWS/AutoScaling", "AWS/SNS", "AWS/SQS"]
    }
  }
  resources_config {
    cloud_security_posture_management_collection = false
    extended_collection                          = true
  }
  traces_config {
    xray_services {}
  }
}

resource "aws_iam_role" "this" {
  #checkov:skip=CKV_AWS_61:The principal is one account with an ExternalId; checkov does not know the value of it.
  name = local.role_name
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = "arn:aws:iam::${var.datadog_account_id}:root" }
      Condition = { StringEquals = { "sts:ExternalId" = datadog_integration_aws_account.this.auth_config.aws_auth_config_role.external_id } }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  #checkov:skip=CKV_AWS_355:Reads of metrics and descriptions, which AWS ties to no resource; a test holds it to Describe, Get and List.
  name   = "read-metrics"
  role   = aws_iam_role.this.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "ReadMetrics", Effect = "Allow", Action = local.reads, Resource = "*" }] })
}

# --- Monitors: for each service in each region -------------------------------------------------------------

resource "datadog_monitor" "errors" {
  for_each            = local.watched
  name                = "${each.value.service} answers with errors in ${each.value.region}"
  type                = "query alert"
  query               = "sum(last_5m):100 * sum:trace.http.request.errors{service:${each.value.service},region:${each.value.region}}.as_count() / sum:trace.http.request.hits{service:${each.value.service},region:${each.value.region}}.as_count() > 5"
  message             = "More than 5 % of requests fail. Team ${each.value.team}. ${var.notify}"
  require_full_window = false
  on_missing_data     = "default" # a passive region has no requests, and that is no fault
  tags                = ["service:${each.value.service}", "team:${each.value.team}", "region:${each.value.region}", "managed-by:terraform"]

  monitor_thresholds {
    critical = 5
    warning  = 2
  }
}

resource "datadog_monitor" "latency" {
  for_each            = local.watched
  name                = "${each.value.service} is slow in ${each.value.region}"
  type                = "query alert"
  query               = "percentile(last_5m):p95:trace.http.request{service:${each.value.service},region:${each.value.region}} > 1"
  message             = "One request in twenty takes longer than a second. Team ${each.value.team}. ${var.notify}"
  require_full_window = false
  on_missing_data     = "default"
  tags                = ["service:${each.value.service}", "team:${each.value.team}", "region:${each.value.region}", "managed-by:terraform"]

  monitor_thresholds {
    critical = 1
    warning  = 0.5
  }
}

# The service as a user sees it: whichever region answers.
resource "datadog_service_level_objective" "availability" {
  for_each    = var.services
  name        = "${each.key} answers"
  type        = "metric"
  description = "Share of requests that do not fail, over both regions."
  tags        = ["service:${each.key}", "team:${each.value.team}", "managed-by:terraform"]

  query {
    numerator   = "sum:trace.http.request.hits{service:${each.key}}.as_count() - sum:trace.http.request.errors{service:${each.key}}.as_count()"
    denominator = "sum:trace.http.request.hits{service:${each.key}}.as_count()"
  }
  thresholds {
    timeframe = "30d"
    target    = each.value.slo_percent
  }
}

resource "datadog_dashboard_json" "pair" {
  dashboard = jsonencode({
    title       = "${var.regions.primary} and ${var.regions.secondary}"
    description = "Made by Terraform. Each row a service, left the one region, right the other."
    layout_type = "ordered"
    reflow_type = "fixed"
    widgets = flatten([for index, service in sort(keys(var.services)) : [for column, region in [var.regions.primary, var.regions.secondary] : {
      definition = {
        type     = "timeseries"
        title    = "${service} · ${region}"
        requests = [for measure in ["hits", "errors"] : { q = "sum:trace.http.request.${measure}{service:${service},region:${region}}.as_count()", display_type = "line" }]
      }
      layout = { x = column * 6, y = index * 3, width = 6, height = 3 }
    }]])
  })
}
