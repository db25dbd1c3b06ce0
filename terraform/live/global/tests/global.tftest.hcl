mock_provider "aws" {
  alias  = "primary"
  source = "../../mocks"
}
mock_provider "aws" {
  alias  = "secondary"
  source = "../../mocks"
}
mock_provider "aws" {
  alias  = "us_east_1"
  source = "../../mocks"
  override_resource {
    target = module.edge_waf.aws_wafv2_web_acl.this
    values = { arn = "arn:aws:wafv2:us-east-1:300000000003:global/webacl/edge/0123" }
  }
  override_resource {
    target = module.static_certificate.aws_acm_certificate.this
    values = {
      arn                       = "arn:aws:acm:us-east-1:300000000003:certificate/00000000-0000-4000-8000-000000000000"
      domain_validation_options = [{ domain_name = "static.shop.example.com", resource_record_name = "_a.static.shop.example.com", resource_record_type = "CNAME", resource_record_value = "_b.acm-validations.aws" }]
    }
  }
  override_resource {
    target = module.static_certificate.aws_acm_certificate_validation.this
    values = { certificate_arn = "arn:aws:acm:us-east-1:300000000003:certificate/00000000-0000-4000-8000-000000000000" }
  }
}
mock_provider "aws" {
  alias  = "us_west_2"
  source = "../../mocks"
}
mock_provider "datadog" {}

variables {
  account_id  = "300000000003"
  system      = "shop"
  environment = "production"
  region_pair = {
    name      = "europe"
    active    = "primary"
    primary   = { region = "eu-west-1", cidr = "10.10.0.0/16" }
    secondary = { region = "eu-central-1", cidr = "10.20.0.0/16" }
  }
  domain           = "shop.example.com"
  postgres_version = "16.8"
  rpo_s            = 60
  tables           = { carts = { hash_key = { name = "cart", type = "S" }, expires_by = "expires_at" } }
  email            = { page = ["oncall@example.com"] }
}

run "one_environment" {
  command = apply
  assert {
    condition     = output.shared.global_cluster_id == "shop-production" && output.shared.control_host == "static.shop.example.com"
    error_message = "the regions find the global database and the failover switch"
  }
  assert {
    condition     = toset(keys(output.shared.keys.secondary)) == toset(["data", "logs", "messages"]) && output.shared.keys.primary.data != output.shared.keys.secondary.data
    error_message = "each region gets its own replica of each key"
  }
  assert {
    condition     = toset(keys(output.shared.replicated_buckets)) == toset(["static", "backups"])
    error_message = "content and backups are in both regions"
  }
  assert {
    condition     = output.routing_control_arns == {} && length(module.shield) == 0 && length(module.datadog) == 0
    error_message = "what costs much is only there when asked for"
  }
}

run "refuses_a_name_the_regions_cannot_carry" {
  command = plan
  variables { environment = "pre-production-2" }
  expect_failures = [var.environment]
}

run "refuses_an_rpo_aurora_cannot_hold" {
  command = plan
  variables { rpo_s = 5 }
  expect_failures = [var.rpo_s]
}
