# Once an account, before anything else: where state lives, who may come in, who watches. See terraform/README.md.

provider "aws" {
  alias               = "primary"
  region              = var.regions.primary
  allowed_account_ids = [var.account.id]
  default_tags { tags = local.tags }
}

provider "aws" {
  alias               = "secondary"
  region              = var.regions.secondary
  allowed_account_ids = [var.account.id]
  default_tags { tags = local.tags }
}

locals {
  tags     = { "managed-by" = "terraform", "portolan:root" = "bootstrap" }
  platform = var.platform == null ? {} : { this = var.platform }
  # What GitHub's workflows push here, and what comes from elsewhere.
  repositories = toset(concat(values(var.github.image_repositories), var.registry.repositories))
  # The portal comes from the platform account on purpose; every other outsider is a finding.
  expected = var.account.id == var.portal_account_id ? {} : { portal = ["arn:aws:iam::${var.portal_account_id}:role/portolan-portal"] }
}

module "account" {
  source    = "../../modules/account"
  alias     = var.account.alias
  providers = { aws = aws.primary }
}

module "keys" {
  source     = "../../modules/keys"
  name       = "account"
  account_id = var.account.id
  regions    = var.regions
  providers  = { aws.primary = aws.primary, aws.secondary = aws.secondary }
  depends_on = [module.account]
}

module "logs_primary" {
  source     = "../../modules/log-bucket"
  name       = "account"
  account_id = var.account.id
  region     = var.regions.primary
  providers  = { aws = aws.primary }
}

module "logs_secondary" {
  source     = "../../modules/log-bucket"
  name       = "account"
  account_id = var.account.id
  region     = var.regions.secondary
  providers  = { aws = aws.secondary }
}

# State is what a region is rebuilt from, so it must not be lost with one.
module "state" {
  source          = "../../modules/bucket-pair"
  name            = "terraform-state"
  account_id      = var.account.id
  regions         = var.regions
  kms_key_arns    = { primary = module.keys.arns.primary.data, secondary = module.keys.arns.secondary.data }
  log_buckets     = { primary = module.logs_primary.bucket, secondary = module.logs_secondary.bucket }
  noncurrent_days = 365
  providers       = { aws.primary = aws.primary, aws.secondary = aws.secondary }
}

module "trail" {
  count       = var.trail ? 1 : 0
  source      = "../../modules/trail"
  name        = "account"
  bucket      = module.logs_primary.bucket
  kms_key_arn = module.keys.arns.primary.logs
  providers   = { aws = aws.primary }
}

module "ci_trust" {
  source               = "../../modules/ci-trust"
  account_id           = var.account.id
  organization         = var.github.organization
  terraform_repository = var.github.terraform_repository
  image_repositories   = var.github.image_repositories
  regions              = var.regions
  providers            = { aws = aws.primary }
}

module "job_roles" {
  source            = "../../modules/job-roles"
  account_id        = var.account.id
  portal_account_id = var.portal_account_id
  regions           = var.regions
  protected         = var.account.protected
  system            = var.system
  providers         = { aws = aws.primary }
  depends_on        = [module.portal_role] # IAM refuses to trust a role that does not exist; other accounts come after the platform's
}

module "registry_primary" {
  source                 = "../../modules/registry"
  account_id             = var.account.id
  repositories           = local.repositories
  region                 = var.regions.primary
  peer_region            = var.regions.secondary
  kms_key_arn            = module.keys.arns.primary.data
  copy_to_account_ids    = var.registry.copy_to_account_ids
  copied_from_account_id = var.registry.copied_from_account_id
  pusher_arns            = var.registry.pusher_arns
  providers              = { aws = aws.primary }
}

module "registry_secondary" {
  source                 = "../../modules/registry"
  account_id             = var.account.id
  repositories           = local.repositories
  region                 = var.regions.secondary
  peer_region            = var.regions.primary
  kms_key_arn            = module.keys.arns.secondary.data
  copy_to_account_ids    = var.registry.copy_to_account_ids
  copied_from_account_id = var.registry.copied_from_account_id
  pusher_arns            = var.registry.pusher_arns
  providers              = { aws = aws.secondary }
}

module "access_analyzer_primary" {
  source            = "../../modules/access-analyzer"
  name              = "account"
  analyze_unused    = true
  expected_external = local.expected
  providers         = { aws = aws.primary }
}

module "access_analyzer_secondary" {
  source            = "../../modules/access-analyzer"
  name              = "account"
  analyze_unused    = false
  expected_external = local.expected
  providers         = { aws = aws.secondary }
}

module "threat_detection_primary" {
  count     = var.threat_detection ? 1 : 0
  source    = "../../modules/threat-detection"
  region    = var.regions.primary
  providers = { aws = aws.primary }
}

module "threat_detection_secondary" {
  count     = var.threat_detection ? 1 : 0
  source    = "../../modules/threat-detection"
  region    = var.regions.secondary
  providers = { aws = aws.secondary }
}

# --- The platform account only -----------------------------------------------------------------------------

module "portal_role" {
  for_each        = local.platform
  source          = "../../modules/portal-role"
  account_id      = var.account.id
  job_account_ids = each.value.job_account_ids
  regions         = var.regions
  system          = var.system
  providers       = { aws = aws.primary }
}

module "identity_center" {
  for_each  = local.platform
  source    = "../../modules/identity-center"
  accounts  = each.value.accounts
  groups    = each.value.groups
  providers = { aws = aws.primary }
}

# Signed checkpoints of the audit log, for ten years, beyond anybody's reach.
module "audit" {
  for_each         = local.platform
  source           = "../../modules/bucket-pair"
  name             = "portolan-audit"
  account_id       = var.account.id
  regions          = var.regions
  kms_key_arns     = { primary = module.keys.arns.primary.data, secondary = module.keys.arns.secondary.data }
  log_buckets      = { primary = module.logs_primary.bucket, secondary = module.logs_secondary.bucket }
  object_lock_days = 3650
  providers        = { aws.primary = aws.primary, aws.secondary = aws.secondary }
}

module "portal_secrets" {
  for_each = local.platform
  source   = "../../modules/secrets"
  secrets = {
    "portolan/application" = "PORTOLAN_* variables of serving pods and workers"
    "portolan/owner"       = "PORTOLAN_DATABASE__OWNER_URL, for migrations alone"
    "portolan/jenkins"     = "oidc-client-secret, portolan-api-token, github-token of Jenkins"
  }
  kms_key_arn = module.keys.arns.primary.data
  replica     = { region = var.regions.secondary, kms_key_arn = module.keys.arns.secondary.data }
  providers   = { aws = aws.primary }
}
