mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name               = "europe-primary"
  region             = "eu-west-1"
  peer_region        = "eu-central-1"
  kms_key_arn        = "arn:aws:kms:eu-west-1:200000000002:key/mrk-1"
  log_groups         = { shop = 90 }
  load_balancer      = { arn_suffix = "app/shop/1", target_groups = { frontend = "targetgroup/shop-frontend/1" }, serving_target = "frontend" }
  node_groups        = { general = { autoscaling_group = "eks-general", min = 3 } }
  aurora             = { cluster_id = "shop-production-eu-west-1", rpo_s = 60 }
  databases          = ["shop-reports-eu-west-1"]
  replicated_buckets = { shop-static-1 = { destination = "shop-static-2", rule = "to-secondary" } }
}

run "what_is_watched" {
  command = plan
  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.this)) == toset(["cannot-serve", "errors", "slow", "aurora-rpo", "aurora-connections", "unhealthy-frontend", "nodes-general", "storage-shop-reports-eu-west-1", "replication-shop-static-1"])
    error_message = "serving, errors, lag, nodes, storage, replication"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["cannot-serve"].treat_missing_data == "ignore" && aws_cloudwatch_metric_alarm.this["cannot-serve"].metric_name == "HealthyHostCount"
    error_message = "the alarm Route 53 follows is a plain metric and does not fire on silence"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["cannot-serve"].datapoints_to_alarm == null && aws_cloudwatch_metric_alarm.this["errors"].datapoints_to_alarm == 3
    error_message = "the alarm Route 53 follows is not of the kind M out of N, which it does not take"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["aurora-rpo"].threshold == 60000
    error_message = "RPO lag is in milliseconds"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["nodes-general"].threshold == 3 && aws_cloudwatch_metric_alarm.this["nodes-general"].treat_missing_data == "breaching"
    error_message = "missing nodes are missing also when nobody counts them"
  }
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == length(aws_cloudwatch_metric_alarm.this)
    error_message = "every alarm has its graph"
  }
  assert {
    condition     = aws_cloudwatch_log_group.this["shop"].retention_in_days == 90 && aws_cloudwatch_log_group.this["shop"].kms_key_id == var.kms_key_arn
    error_message = "logs end and are encrypted"
  }
}

run "refuses_odd_retention" {
  command = plan
  variables { log_groups = { shop = 42 } }
  expect_failures = [var.log_groups]
}
