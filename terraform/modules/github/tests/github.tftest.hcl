mock_provider "github" {}

variables {
  repositories         = { cart = { team = "checkout", checks = ["test", "scan"] } }
  terraform_repository = { name = "platform", reviewers = [1] }
  portal_url           = "https://portolan.example.com"
  hook_secret          = "0123456789abcdef0123456789abcdef"
  role_arns            = { cart = "arn:aws:iam::200000000002:role/portolan-ci-push-cart" }
}

run "protected" {
  command = plan
  assert {
    condition     = github_repository_ruleset.main["cart"].rules[0].pull_request[0].require_last_push_approval && github_repository_ruleset.main["cart"].rules[0].pull_request[0].required_approving_review_count == 1
    error_message = "nobody merges alone"
  }
  assert {
    condition     = toset([for check in github_repository_ruleset.main["cart"].rules[0].required_status_checks[0].required_check : check.context]) == toset(["test", "scan"])
    error_message = "checks are required"
  }
  assert {
    condition     = github_repository_ruleset.tags["cart"].rules[0].update && github_repository_ruleset.tags["cart"].rules[0].deletion
    error_message = "release tags do not move"
  }
  assert {
    condition     = github_repository_webhook.portal["cart"].configuration[0].url == "https://portolan.example.com/api/v1/hooks/github" && !github_repository_webhook.portal["cart"].configuration[0].insecure_ssl
    error_message = "the hook is signed and checked"
  }
  assert {
    condition     = github_repository_environment.terraform.prevent_self_review && !github_repository_environment.terraform.can_admins_bypass && github_repository_environment.terraform.deployment_branch_policy[0].protected_branches
    error_message = "only reviewed code from a protected branch is applied"
  }
}

run "refuses_a_short_secret" {
  command = plan
  variables { hook_secret = "short" }
  expect_failures = [var.hook_secret]
}

run "refuses_nobody_to_review" {
  command = plan
  variables { terraform_repository = { name = "platform", reviewers = [] } }
  expect_failures = [var.terraform_repository]
}
