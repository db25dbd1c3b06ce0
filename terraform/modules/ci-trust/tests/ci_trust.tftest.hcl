mock_provider "aws" {
  source = "../../mocks"
}

variables {
  account_id           = "200000000002"
  organization         = "example"
  terraform_repository = "platform"
  image_repositories   = { cart = "shop/cart" }
  regions              = { primary = "eu-west-1", secondary = "eu-central-1" }
}

run "exact_subjects" {
  command = apply
  assert {
    condition = alltrue([for role in concat([aws_iam_role.terraform_plan, aws_iam_role.terraform_apply], values(aws_iam_role.push)) : alltrue([for statement in jsondecode(role.assume_role_policy).Statement :
      keys(statement.Condition) == ["StringEquals"] && statement.Condition.StringEquals["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
    && !strcontains(statement.Condition.StringEquals["token.actions.githubusercontent.com:sub"], "*")])])
    error_message = "each role is for one exact subject and audience"
  }
  assert {
    condition     = jsondecode(aws_iam_role.terraform_apply.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:example/platform:environment:terraform"
    error_message = "only the protected environment applies"
  }
  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.push["cart"].policy).Statement : statement.Action == "ecr:GetAuthorizationToken" || statement.Resource == "arn:aws:ecr:eu-west-1:200000000002:repository/shop/cart"])
    error_message = "cart pushes cart"
  }
  assert {
    condition     = !can(regex("eks:|sts:AssumeRole\"", aws_iam_role_policy.push["cart"].policy))
    error_message = "pushing is not deploying"
  }
}

run "refuses_a_wildcard" {
  command = plan
  variables { terraform_repository = "*" }
  expect_failures = [var.terraform_repository]
}
