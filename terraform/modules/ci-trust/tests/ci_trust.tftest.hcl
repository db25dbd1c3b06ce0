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

run "plans_read_state_and_write_none" {
  command = apply
  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.terraform_plan.policy).Statement : statement.Action])) == toset(["s3:GetObject", "s3:ListBucket", "kms:Decrypt"]) && alltrue([
    for arn in jsondecode(aws_iam_role_policy.terraform_plan.policy).Statement[0].Resource : startswith(arn, "arn:aws:s3:::terraform-state-${var.account_id}-")])
    error_message = "a pull request's plan reads this account's state and changes nothing"
  }
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
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.push["cart"].policy).Statement : statement.Action == "ecr:GetAuthorizationToken" ? true : toset(statement.Resource) == toset(["arn:aws:ecr:eu-west-1:200000000002:repository/shop/cart", "arn:aws:ecr:eu-central-1:200000000002:repository/shop/cart"])])
    error_message = "cart pushes cart, in whichever region is left"
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
