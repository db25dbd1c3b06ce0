mock_provider "aws" {
  source = "../../mocks"
}

variables {
  account_id        = "300000000003"
  portal_account_id = "100000000001"
  regions           = { primary = "eu-west-1", secondary = "eu-central-1" }
  protected         = true
  system            = "shop"
}

run "six_roles_in_a_wall" {
  command = apply
  assert {
    condition     = toset([for role in aws_iam_role.job : role.name]) == toset([for name in ["developer", "manager", "auditor", "operator", "administrator"] : "portolan-job-${name}"]) && aws_iam_role.observer.name == "portolan-job-observer"
    error_message = "the names the portal is configured with"
  }
  assert {
    condition     = alltrue([for role in concat(values(aws_iam_role.job), [aws_iam_role.observer]) : role.permissions_boundary == aws_iam_policy.boundary.arn && role.max_session_duration == 3600])
    error_message = "each role stands inside the boundary and ends within an hour"
  }
  assert {
    condition     = alltrue([for name, role in aws_iam_role.job : jsondecode(role.assume_role_policy) == jsondecode(file("../policies/tests/golden/protected/trust-${name}.json"))])
    error_message = "trust is what the golden files say"
  }
  assert {
    condition     = alltrue([for name, policy in aws_iam_role_policy.this : jsondecode(policy.policy) == jsondecode(file("../policies/tests/golden/protected/identity-${name}.json"))])
    error_message = "rights are what the golden files say"
  }
  assert {
    condition     = jsondecode(aws_iam_policy.boundary.policy) == jsondecode(file("../policies/tests/golden/protected/boundary.json"))
    error_message = "the wall is what the golden file says"
  }
}
