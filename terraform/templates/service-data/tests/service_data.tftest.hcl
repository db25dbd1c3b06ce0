mock_provider "aws" {
  source = "../../mocks"
}

variables {
  service      = "cart"
  environment  = "production"
  account_id   = "300000000003"
  cluster      = "shop-production"
  namespace    = "shop"
  regions      = { primary = "eu-west-1", secondary = "eu-central-1" }
  kms_key_arns = { primary = "arn:aws:kms:eu-west-1:300000000003:key/mrk-1", secondary = "arn:aws:kms:eu-central-1:300000000003:key/mrk-1" }
  hash_key     = { name = "cart", type = "S" }
  change       = "01900000-0000-7000-8000-000000000000"
}

run "own_table_own_role" {
  command = apply
  assert {
    condition     = aws_iam_role.service.path == "/portolan/environment/" && aws_iam_role.service.permissions_boundary == "arn:aws:iam::300000000003:policy/portolan-environment-boundary"
    error_message = "the role stands where administrators may make roles, inside the boundary"
  }
  assert {
    condition     = toset(jsondecode(aws_iam_role_policy.service.policy).Statement[0].Resource) == toset(["arn:aws:dynamodb:eu-west-1:300000000003:table/production-cart", "arn:aws:dynamodb:eu-central-1:300000000003:table/production-cart"])
    error_message = "its own table, in both regions, and no other"
  }
  assert {
    condition     = jsondecode(aws_iam_role.service.assume_role_policy).Statement[0].Condition.StringEquals["aws:RequestTag/kubernetes-service-account"] == "cart"
    error_message = "only the service's own pods"
  }
  assert {
    # What the role may do must lie within what the boundary lets environments do.
    condition     = length(setsubtract(flatten([for statement in jsondecode(aws_iam_role_policy.service.policy).Statement : statement.Action]), jsondecode(file("../../modules/policies/tests/golden/protected/environment-boundary.json")).Statement[0].Action)) == 0
    error_message = "the boundary would cut off what the service needs"
  }
}

run "refuses_one_region" {
  command = plan
  variables { regions = { primary = "eu-west-1", secondary = "eu-west-1" } }
  expect_failures = [var.regions]
}
