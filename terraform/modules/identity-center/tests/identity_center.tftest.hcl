mock_provider "aws" {
  source = "../../mocks"
}

variables {
  accounts = {
    non-production = { id = "200000000002", protected = false }
    production     = { id = "300000000003", protected = true }
  }
  groups = { for role in ["developer", "manager", "auditor", "operator", "administrator"] : role => "portolan-${role}s" }
}

run "who_gets_where" {
  command = apply
  assert {
    condition     = output.assignments == tolist(["non-production/administrator", "non-production/auditor", "non-production/developer", "non-production/manager", "non-production/operator", "production/administrator", "production/auditor", "production/operator"])
    error_message = "developers and managers reach protected accounts by the portal only"
  }
  assert {
    condition     = aws_ssoadmin_permission_set.this["administrator"].session_duration == "PT1H"
    error_message = "the way around the portal closes after an hour"
  }
  assert {
    condition     = [for key, attachment in aws_ssoadmin_managed_policy_attachment.this : key if endswith(attachment.managed_policy_arn, "/AdministratorAccess")] == ["administrator/AdministratorAccess"]
    error_message = "administrator rights are the administrator's alone"
  }
  assert {
    condition     = toset(keys(aws_ssoadmin_permission_set_inline_policy.wall)) == toset(["developer", "manager", "auditor", "operator"]) && alltrue([for wall in aws_ssoadmin_permission_set_inline_policy.wall : contains(jsondecode(wall.inline_policy).Statement[0].Action, "sts:AssumeRole") && jsondecode(wall.inline_policy).Statement[0].Effect == "Deny"])
    error_message = "nobody else becomes a job role behind the portal's back"
  }
  assert {
    condition     = alltrue([for assignment in aws_ssoadmin_account_assignment.this : assignment.principal_type == "GROUP"])
    error_message = "rights are given to groups, never to a person"
  }
}

run "refuses_a_missing_role" {
  command = plan
  variables { groups = { developer = "portolan-developers" } }
  expect_failures = [var.groups]
}

run "refuses_an_account_that_sees_no_identity_center" {
  command = plan
  override_data {
    target = data.aws_ssoadmin_instances.this
    values = { arns = [], identity_store_ids = [] }
  }
  expect_failures = [data.aws_identitystore_group.this]
}
