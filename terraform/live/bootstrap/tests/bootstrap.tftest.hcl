mock_provider "aws" {
  alias  = "primary"
  source = "../../mocks"
}
mock_provider "aws" {
  alias  = "secondary"
  source = "../../mocks"
}

variables {
  account           = { id = "300000000003", alias = "shop-production", protected = true }
  portal_account_id = "100000000001"
  regions           = { primary = "eu-west-1", secondary = "eu-central-1" }
  system            = "shop"
  github            = { organization = "example", terraform_repository = "platform", image_repositories = { cart = "shop/cart" } }
}

run "workload_account" {
  command = plan
  assert {
    condition     = length(module.portal_role) == 0 && length(module.identity_center) == 0
    error_message = "a workload account has no portal and no Identity Center"
  }
  assert {
    condition     = toset(keys(output.job_role_arns)) == toset(["administrator", "auditor", "developer", "manager", "observer", "operator"])
    error_message = "every job role has its role in the account"
  }
}

run "platform_account" {
  command = plan
  variables {
    account = { id = "100000000001", alias = "shop-platform", protected = true }
    platform = {
      job_account_ids = ["200000000002", "300000000003"]
      accounts        = { production = { id = "300000000003", protected = true } }
      groups          = { developer = "portolan-developers", manager = "portolan-managers", auditor = "portolan-auditors", operator = "portolan-operators", administrator = "portolan-administrators" }
    }
  }
  assert {
    condition     = length(module.portal_role) == 1 && length(module.audit) == 1 && module.portal_secrets["this"].names == tolist(["portolan/application", "portolan/jenkins", "portolan/owner"])
    error_message = "the platform account has the portal's role, its audit bucket and its secrets"
  }
}

run "refuses_a_short_account_number" {
  command = plan
  variables { account = { id = "3", alias = "shop-production", protected = true } }
  expect_failures = [var.account]
}

run "refuses_one_region_twice" {
  command = plan
  variables { regions = { primary = "eu-west-1", secondary = "eu-west-1" } }
  expect_failures = [var.regions]
}

run "refuses_a_second_portal" {
  command = plan
  variables {
    platform = { job_account_ids = ["200000000002"], accounts = {}, groups = { developer = "a", manager = "b", auditor = "c", operator = "d", administrator = "e" } }
  }
  expect_failures = [var.platform]
}
