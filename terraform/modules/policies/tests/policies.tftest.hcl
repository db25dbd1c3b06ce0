variables {
  account_id        = "200000000002"
  portal_account_id = "100000000001"
  job_account_ids   = ["200000000002", "300000000003"]
  regions           = { primary = "eu-west-1", secondary = "eu-central-1" }
  protected         = false
  system            = "shop"
}

run "open_account" {
  command = apply
  assert {
    condition = alltrue(flatten([for name, text in output.documents : [for statement in jsondecode(text).Statement :
    !(statement.Effect == "Allow" && contains(flatten([try(statement.Action, "*")]), "*") && contains(flatten([try(statement.Resource, "")]), "*"))]]))
    error_message = "no statement allows * on *"
  }
  assert {
    condition = alltrue(flatten([for name, text in output.documents : [for statement in jsondecode(text).Statement :
      statement.Effect == "Deny" || !contains(flatten([try(statement.Resource, "")]), "*") || alltrue([for action in flatten([statement.Action]) :
    can(regex(":(Describe|Get|List|Lookup)", action))])] if startswith(name, "identity-")]))
    error_message = "in identity policies the resource * stands beside reads only"
  }
  assert {
    condition = alltrue(flatten([for role in output.job_roles : [for statement in jsondecode(output.documents["trust-${role}"]).Statement :
    statement.Principal == { AWS = "arn:aws:iam::100000000001:role/portolan-portal" }]]))
    error_message = "only the portal's role assumes a job role"
  }
  assert {
    condition = alltrue([for role in output.job_roles : alltrue([for statement in [jsondecode(output.documents["trust-${role}"]).Statement[0]] :
      statement.Action == "sts:AssumeRole" && statement.Condition.StringEquals["sts:ExternalId"] == "portolan-200000000002"
    && statement.Condition.StringLike["sts:SourceIdentity"] == "?*" && can(statement.Condition.StringLike["aws:RequestTag/portolan:environment"])])])
    error_message = "ExternalId, a person and tags are demanded"
  }
  assert {
    condition     = length([for statement in jsondecode(output.documents["portal-identity"]).Statement : statement]) == 1 && toset(jsondecode(output.documents["portal-identity"]).Statement[0].Action) == toset(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"])
    error_message = "the portal may become a job role and nothing else"
  }
  assert {
    condition     = jsondecode(output.documents["portal-identity"]).Statement[0].Resource == ["arn:aws:iam::200000000002:role/portolan-job-*", "arn:aws:iam::300000000003:role/portolan-job-*"]
    error_message = "in the named accounts only"
  }
  assert {
    condition     = alltrue([for name, text in output.documents : length(text) <= (startswith(name, "trust") || endswith(name, "trust") ? 2048 : 6144)])
    error_message = "AWS takes 2,048 characters of trust and 6,144 of managed policy"
  }
  assert {
    condition     = alltrue([for name, text in output.documents : jsondecode(text) == jsondecode(file("tests/golden/open/${name}.json"))]) && length(fileset("tests/golden/open", "*.json")) == length(output.documents)
    error_message = "policies differ from tests/golden/open; run ./golden.sh and read the diff"
  }
}

run "protected_account" {
  command = apply
  variables {
    account_id = "300000000003"
    protected  = true
  }
  assert {
    condition = alltrue([for role in ["developer", "operator", "administrator"] : anytrue([for statement in jsondecode(output.documents["trust-${role}"]).Statement :
    try(statement.Condition.StringEquals["aws:RequestTag/portolan:mfa"], "") == "true" && statement.Action == "sts:AssumeRole"])])
    error_message = "roles that change things demand MFA in a protected account"
  }
  assert {
    condition     = alltrue([for name, text in output.documents : jsondecode(text) == jsondecode(file("tests/golden/protected/${name}.json"))]) && length(fileset("tests/golden/protected", "*.json")) == length(output.documents)
    error_message = "policies differ from tests/golden/protected; run ./golden.sh and read the diff"
  }
}

run "refuses_an_account_number_that_lost_its_zeros" {
  command = plan
  variables { account_id = "12345" }
  expect_failures = [var.account_id]
}
