# Every IAM policy of people and portal, as data: no provider, so tests and golden files see exactly what AWS gets.
# Written with jsonencode, not aws_iam_policy_document, because a mocked data source would hide them from tests.

locals {
  job_roles = ["developer", "manager", "auditor", "operator", "administrator"]
  # Those that can change something; in a protected account they need a fresh MFA.
  changing = ["developer", "operator", "administrator"]

  portal_role = "arn:aws:iam::${var.portal_account_id}:role/portolan-portal"
  here        = var.account_id
  regional    = [for region in values(var.regions) : region]

  # Things of the environment the session was made for, and of no other: the session's tags come from the approved change.
  same_environment = { StringEquals = { "aws:ResourceTag/portolan:environment" = "$${aws:PrincipalTag/portolan:environment}" } }

  documents = merge(
    { for role, statements in local.identity : "identity-${role}" => statements },
    { for role in local.job_roles : "trust-${role}" => local.trust[role] },
    {
      trust-observer       = local.observer_trust
      identity-observer    = local.observer
      boundary             = local.boundary
      environment-boundary = local.environment_boundary
      portal-identity      = local.portal_identity
      portal-trust         = local.portal_trust
      custodian-trust      = local.custodian_trust
      custodian-identity   = local.custodian_identity
    },
  )
}
