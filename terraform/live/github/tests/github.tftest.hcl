mock_provider "github" {}

variables {
  organization         = "example"
  repositories         = { portolan = { team = "platform" }, cart = { team = "checkout" } }
  terraform_repository = { name = "platform", reviewers = [1] }
  portal_url           = "https://portolan.platform.example.com"
  hook_secret          = "0123456789abcdef0123456789abcdef"
  pushes_to            = { portolan = "100000000001" }
}

run "hooks_to_the_portal" {
  command = plan
  assert {
    condition     = output.hook_urls == { portolan = "https://portolan.platform.example.com/api/v1/hooks/github", cart = "https://portolan.platform.example.com/api/v1/hooks/github" }
    error_message = "every repository tells the portal"
  }
}

run "refuses_a_role_for_a_repository_that_is_not_ours" {
  command = plan
  variables { pushes_to = { fork = "100000000001" } }
  expect_failures = [var.pushes_to]
}
