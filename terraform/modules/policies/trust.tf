# Who may become whom. Three statements, because the condition keys of sts:AssumeRole (ExternalId, session name) are
# not in the request context of sts:TagSession and sts:SetSourceIdentity, which AWS judges separately.

locals {
  # AWS puts aws:MultiFactorAuthPresent into sessions of IAM users only, never into one that a role hands on. So the
  # portal, which has verified auth_time and acr itself, says it in a tag, and the trust policy demands the tag.
  mfa = { "aws:RequestTag/portolan:mfa" = "true" }

  trust = {
    for role in local.job_roles : role => [
      {
        Sid       = "AssumeForAPerson"
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { AWS = local.portal_role }
        Condition = {
          StringEquals = merge({ "sts:ExternalId" = "portolan-${local.here}" }, var.protected && contains(local.changing, role) ? local.mfa : {})
          StringLike = {
            "sts:SourceIdentity"                  = "?*"
            "sts:RoleSessionName"                 = "step-?*"
            "aws:RequestTag/portolan:environment" = "?*"
            "aws:RequestTag/portolan:change"      = "?*"
          }
        }
      },
      {
        Sid       = "TagTheSession"
        Effect    = "Allow"
        Action    = "sts:TagSession"
        Principal = { AWS = local.portal_role }
        Condition = {
          StringLike                = { "aws:RequestTag/portolan:environment" = "?*", "aws:RequestTag/portolan:change" = "?*" }
          "ForAllValues:StringLike" = { "aws:TagKeys" = ["portolan:*"] }
        }
      },
      {
        Sid       = "NameThePerson"
        Effect    = "Allow"
        Action    = "sts:SetSourceIdentity"
        Principal = { AWS = local.portal_role }
        Condition = { StringLike = { "sts:SourceIdentity" = "?*" } }
      },
    ]
  }

  # Two roles are the portal's own errands, not a person's; the fixed source identity says so in CloudTrail.
  errand_trust = {
    for errand in ["observer", "custodian"] : errand => [
      {
        Sid       = "AssumeForThePortal"
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { AWS = local.portal_role }
        Condition = { StringEquals = { "sts:ExternalId" = "portolan-${local.here}", "sts:SourceIdentity" = "portolan-${errand}" } }
      },
      {
        Sid       = "NameThePortal"
        Effect    = "Allow"
        Action    = "sts:SetSourceIdentity"
        Principal = { AWS = local.portal_role }
        Condition = { StringEquals = { "sts:SourceIdentity" = "portolan-${errand}" } }
      },
    ]
  }
  observer_trust  = local.errand_trust["observer"]
  custodian_trust = local.errand_trust["custodian"]

  # The portal itself: pods of its own clusters, by Pod Identity. Which pods is said by the association (modules/portolan).
  # Its only right is to become somebody who was asked for.
  portal_trust = [{
    Sid       = "PodsOfThePortal"
    Effect    = "Allow"
    Action    = ["sts:AssumeRole", "sts:TagSession"]
    Principal = { Service = "pods.eks.amazonaws.com" }
    Condition = {
      StringEquals = {
        "aws:SourceAccount" = var.portal_account_id
      }
      ArnLike = { "aws:SourceArn" = [for region in local.regional : "arn:aws:eks:${region}:${var.portal_account_id}:cluster/*"] }
    }
  }]

  portal_identity = [{
    Sid      = "BecomeAJobRoleAndNothingElse"
    Effect   = "Allow"
    Action   = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    Resource = [for account in var.job_account_ids : "arn:aws:iam::${account}:role/portolan-job-*"]
  }]
}
