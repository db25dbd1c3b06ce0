mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name          = "europe-primary"
  health_checks = { "endpoint/shop" = "1", alarm = "2", control = "3", side = "4" }
}

run "each_check_but_the_switch" {
  command = plan
  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.this)) == toset(["endpoint/shop", "alarm", "side"])
    error_message = "taking a side out is a decision and alarms nobody"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["side"].dimensions["HealthCheckId"] == "4" && aws_cloudwatch_metric_alarm.this["side"].treat_missing_data == "breaching"
    error_message = "silence of a health check is a failure"
  }
}
