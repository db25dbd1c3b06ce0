mock_provider "aws" {
  source = "../../mocks"
}
mock_provider "datadog" {
  mock_resource "datadog_integration_aws_account" {
    defaults = { auth_config = { aws_auth_config_role = { external_id = "external-id-of-datadog" } } }
  }
}

variables {
  account_id = "200000000002"
  regions    = { primary = "eu-west-1", secondary = "eu-central-1" }
  services   = { cart = { team = "checkout" }, search = { team = "catalog", slo_percent = 99.5 } }
  notify     = "@webhook-portolan"
}

run "both_regions" {
  command = apply
  assert {
    condition     = toset(keys(datadog_monitor.errors)) == toset(["cart/eu-west-1", "cart/eu-central-1", "search/eu-west-1", "search/eu-central-1"]) && strcontains(datadog_monitor.errors["cart/eu-central-1"].query, "region:eu-central-1")
    error_message = "each service is watched in each region"
  }
  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.StringEquals["sts:ExternalId"] == "external-id-of-datadog" && jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal.AWS == "arn:aws:iam::464622532012:root"
    error_message = "Datadog, and only with our ExternalId"
  }
  assert {
    condition     = alltrue([for action in jsondecode(aws_iam_role_policy.this.policy).Statement[0].Action : can(regex(":(Describe|Get|List)", action)) && !contains(["s3:GetObject", "secretsmanager:GetSecretValue"], action)])
    error_message = "Datadog reads metrics and no content"
  }
  assert {
    condition     = one(datadog_service_level_objective.availability["search"].thresholds).target == 99.5
    error_message = "each service has its objective"
  }
  assert {
    condition     = length(jsondecode(datadog_dashboard_json.pair.dashboard).widgets) == 4
    error_message = "the regions stand side by side"
  }
}

run "refuses_perfection" {
  command = plan
  variables { services = { cart = { team = "checkout", slo_percent = 100 } } }
  expect_failures = [var.services]
}
