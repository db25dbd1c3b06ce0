mock_provider "aws" {
  source = "../../mocks"
}

variables {
  account_id      = "100000000001"
  job_account_ids = ["200000000002", "300000000003"]
  regions         = { primary = "eu-west-1", secondary = "eu-central-1" }
  system          = "shop"
}

run "may_only_become_others" {
  command = apply
  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.portal.policy).Statement : alltrue([for action in statement.Action : startswith(action, "sts:")])])
    error_message = "the portal's role does nothing but STS"
  }
  assert {
    condition     = alltrue([for resource in jsondecode(aws_iam_role_policy.portal.policy).Statement[0].Resource : can(regex("^arn:aws:iam::[0-9]{12}:role/portolan-job-\\*$", resource))])
    error_message = "and only towards job roles of named accounts"
  }
  assert {
    condition     = jsondecode(aws_iam_role.portal.assume_role_policy).Statement[0].Principal == { Service = "pods.eks.amazonaws.com" } && jsondecode(aws_iam_role.portal.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "100000000001"
    error_message = "only pods of the platform account get it"
  }
  assert {
    condition     = toset(jsondecode(aws_iam_role_policy.custodian.policy).Statement[0].Action) == toset(["s3:GetObject", "s3:PutObject"])
    error_message = "the custodian writes and reads checkpoints; it deletes nothing"
  }
}
