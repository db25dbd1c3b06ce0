# The job roles of one account. What they may do and who may become them is modules/policies' to say.

module "policies" {
  source            = "../policies"
  account_id        = var.account_id
  portal_account_id = var.portal_account_id
  job_account_ids   = [var.account_id]
  regions           = var.regions
  protected         = var.protected
  system            = var.system
}

locals {
  documents = module.policies.documents
  roles     = concat(module.policies.job_roles, ["observer"])
}

resource "aws_iam_policy" "boundary" {
  name        = "portolan-job-boundary"
  description = "The wall around every job role"
  policy      = local.documents["boundary"]
}

resource "aws_iam_policy" "environment_boundary" {
  name        = "portolan-environment-boundary"
  description = "The wall around roles of workloads in ordered environments"
  policy      = local.documents["environment-boundary"]
}

resource "aws_iam_role" "job" {
  for_each             = toset(module.policies.job_roles)
  name                 = "portolan-job-${each.key}"
  description          = "What a person in the job role ${each.key} can do at most, by the portal alone"
  assume_role_policy   = local.documents["trust-${each.key}"]
  permissions_boundary = aws_iam_policy.boundary.arn
  max_session_duration = 3600
}

resource "aws_iam_role" "observer" {
  name                 = "portolan-job-observer"
  description          = "The dashboards' reads"
  assume_role_policy   = local.documents["trust-observer"]
  permissions_boundary = aws_iam_policy.boundary.arn
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "this" {
  for_each = toset(local.roles)
  name     = "job"
  role     = each.key == "observer" ? aws_iam_role.observer.id : aws_iam_role.job[each.key].id
  policy   = local.documents["identity-${each.key}"]
}
