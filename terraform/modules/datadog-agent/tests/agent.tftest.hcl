mock_provider "helm" {}
mock_provider "kubernetes" {}

variables {
  cluster_name = "shop-production"
  region       = "eu-central-1"
  secret       = "shop-production/datadog"
}

run "says_where_it_is" {
  command = plan
  assert {
    condition     = contains(yamldecode(helm_release.agent.values[0]).datadog.tags, "region:eu-central-1") && yamldecode(helm_release.agent.values[0]).datadog.clusterName == "shop-production"
    error_message = "everything sent carries the region"
  }
  assert {
    condition     = !strcontains(helm_release.agent.values[0], "apiKey:") && yamldecode(helm_release.agent.values[0]).datadog.apiKeyExistingSecret == one(keys(yamldecode(helm_release.secret.values[0]).secrets)) && yamldecode(helm_release.secret.values[0]).secrets["datadog-external"] == "shop-production/datadog"
    error_message = "the API key comes from Secrets Manager and does not pass through Terraform"
  }
  assert {
    condition     = can(regex(jsondecode(yamldecode(helm_release.agent.values[0]).datadog.env[0].value)[0].pattern, "ptl_person_abc123"))
    error_message = "the portal's tokens are masked"
  }
}

run "refuses_an_unknown_site" {
  command = plan
  variables { site = "datadog.example" }
  expect_failures = [var.site]
}
