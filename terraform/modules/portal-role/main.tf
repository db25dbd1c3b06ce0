# The portal's own role, which may only become others, and the custodian it becomes to publish audit checkpoints.

module "policies" {
  source            = "../policies"
  account_id        = var.account_id
  portal_account_id = var.account_id
  job_account_ids   = distinct(concat([var.account_id], var.job_account_ids))
  regions           = var.regions
  protected         = false
  system            = var.system
}

locals {
  documents = module.policies.documents
}

resource "aws_iam_role" "portal" {
  name                 = "portolan-portal"
  description          = "Portolan itself: may assume job roles and nothing else"
  assume_role_policy   = local.documents["portal-trust"]
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "portal" {
  name   = "become-job-roles"
  role   = aws_iam_role.portal.id
  policy = local.documents["portal-identity"]
}

resource "aws_iam_role" "custodian" {
  name                 = "portolan-job-custodian"
  description          = "Publishes audit checkpoints into a bucket it cannot unlock"
  assume_role_policy   = local.documents["custodian-trust"]
  max_session_duration = 3600
  depends_on           = [aws_iam_role.portal] # IAM refuses a principal that does not exist yet
}

resource "aws_iam_role_policy" "custodian" {
  name   = "publish-checkpoints"
  role   = aws_iam_role.custodian.id
  policy = local.documents["custodian-identity"]
}
