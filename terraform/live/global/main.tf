# What an environment has that belongs to neither region: keys, zone, content, the global databases. Made before the regions,
# and changed without either of them.

provider "aws" {
  alias               = "primary"
  region              = var.region_pair.primary.region
  allowed_account_ids = [var.account_id]
  default_tags { tags = local.tags }
}

provider "aws" {
  alias               = "secondary"
  region              = var.region_pair.secondary.region
  allowed_account_ids = [var.account_id]
  default_tags { tags = local.tags }
}

# Where AWS keeps CloudFront's certificates and WAF, and Route 53's logs and metrics.
provider "aws" {
  alias               = "us_east_1"
  region              = "us-east-1"
  allowed_account_ids = [var.account_id]
  default_tags { tags = local.tags }
}

# Where AWS keeps ARC's control plane.
provider "aws" {
  alias               = "us_west_2"
  region              = "us-west-2"
  allowed_account_ids = [var.account_id]
  default_tags { tags = local.tags }
}

# DD_API_KEY and DD_APP_KEY come from the environment; without Datadog the provider is not asked.
provider "datadog" {
  validate = false
}

module "pair" {
  source      = "../../modules/region-pair"
  region_pair = var.region_pair
  side        = "primary"
}

locals {
  name    = "${var.system}-${var.environment}"
  regions = { primary = var.region_pair.primary.region, secondary = var.region_pair.secondary.region }
  tags    = { "managed-by" = "terraform", "portolan:root" = "global", "portolan:system" = var.system, "portolan:environment" = var.environment }
  static  = "static.${var.domain}"
}

module "keys" {
  source     = "../../modules/keys"
  name       = local.name
  account_id = var.account_id
  regions    = local.regions
  providers  = { aws.primary = aws.primary, aws.secondary = aws.secondary }
}

module "logs_primary" {
  source     = "../../modules/log-bucket"
  name       = local.name
  account_id = var.account_id
  region     = local.regions.primary
  providers  = { aws = aws.primary }
}

module "logs_secondary" {
  source     = "../../modules/log-bucket"
  name       = local.name
  account_id = var.account_id
  region     = local.regions.secondary
  providers  = { aws = aws.secondary }
}

# --- Names and content -------------------------------------------------------------------------------------

module "dns" {
  source     = "../../modules/dns"
  domain     = var.domain
  account_id = var.account_id
  providers  = { aws = aws.us_east_1 }
}

module "static_certificate" {
  source    = "../../modules/certificate"
  domain    = local.static
  zone_id   = module.dns.zone_id
  providers = { aws = aws.us_east_1 }
}

# us-east-1 has no replica of our keys; AWS's own key for logs there.
module "edge_waf" {
  source      = "../../modules/waf"
  name        = "${local.name}-edge"
  scope       = "CLOUDFRONT"
  login_paths = []
  kms_key_arn = null
  providers   = { aws = aws.us_east_1 }
}

module "static" {
  source          = "../../modules/static-content"
  name            = local.name
  account_id      = var.account_id
  regions         = local.regions
  log_buckets     = { primary = module.logs_primary.bucket, secondary = module.logs_secondary.bucket }
  host            = local.static
  zone_id         = module.dns.zone_id
  certificate_arn = module.static_certificate.arn
  web_acl_arn     = module.edge_waf.arn
  providers       = { aws.primary = aws.primary, aws.secondary = aws.secondary, aws.us_east_1 = aws.us_east_1 }
}

module "backups" {
  source             = "../../modules/bucket-pair"
  name               = "${local.name}-backups"
  account_id         = var.account_id
  regions            = local.regions
  kms_key_arns       = { primary = module.keys.arns.primary.data, secondary = module.keys.arns.secondary.data }
  log_buckets        = { primary = module.logs_primary.bucket, secondary = module.logs_secondary.bucket }
  object_lock_days   = 35
  archive_after_days = 90
  providers          = { aws.primary = aws.primary, aws.secondary = aws.secondary }
}

# --- Data --------------------------------------------------------------------------------------------------

module "aurora_global" {
  source         = "../../modules/aurora-global"
  name           = local.name
  environment    = var.environment
  engine_version = var.postgres_version
  kms_key_arn    = module.keys.arns.primary.data
  replica        = { region = local.regions.secondary, kms_key_arn = module.keys.arns.secondary.data }
  providers      = { aws = aws.primary, random = random }
}

module "tables" {
  for_each     = var.tables
  source       = "../../modules/dynamodb"
  name         = "${local.name}-${each.key}"
  regions      = local.regions
  kms_key_arns = { primary = module.keys.arns.primary.data, secondary = module.keys.arns.secondary.data }
  hash_key     = each.value.hash_key
  range_key    = each.value.range_key
  expires_by   = each.value.expires_by
  rpo_s        = max(2, min(var.rpo_s, 60))
  providers    = { aws = aws.primary }
}

# --- What is heard only in us-east-1, and what is optional -------------------------------------------------

module "events_us_east_1" {
  source      = "../../modules/events"
  name        = "${local.name}-global"
  account_id  = var.account_id
  region      = "us-east-1"
  kms_key_arn = module.key_us_east_1.arn
  email       = var.email
  providers   = { aws = aws.us_east_1 }
}

module "key_us_east_1" {
  source     = "../../modules/message-key"
  name       = "${local.name}-messages"
  account_id = var.account_id
  providers  = { aws = aws.us_east_1 }
}

module "routing_control" {
  count     = var.routing_control ? 1 : 0
  source    = "../../modules/routing-control"
  name      = "${var.region_pair.name}-${var.environment}"
  providers = { aws = aws.us_west_2 }
}

module "shield" {
  for_each           = var.shield == null ? {} : { this = var.shield }
  source             = "../../modules/shield"
  emergency_contacts = each.value.emergency_contacts
  protections        = merge({ static = { resource_arn = module.static.distribution.arn } }, each.value.load_balancers)
  providers          = { aws = aws.us_east_1 }
}

# The agents' API key (JSON key api-key); the clusters' External Secrets read it, see modules/datadog-agent.
module "datadog_secret" {
  for_each    = var.datadog == null ? {} : { this = var.datadog }
  source      = "../../modules/secrets"
  secrets     = { "${local.name}/datadog" = "API key of the Datadog agents, as api-key" }
  kms_key_arn = module.keys.arns.primary.data
  replica     = { region = local.regions.secondary, kms_key_arn = module.keys.arns.secondary.data }
  providers   = { aws = aws.primary }
}

module "datadog" {
  for_each   = var.datadog == null ? {} : { this = var.datadog }
  source     = "../../modules/datadog"
  account_id = var.account_id
  regions    = local.regions
  services   = each.value.services
  notify     = each.value.notify
  providers  = { aws = aws.primary, datadog = datadog }
}
