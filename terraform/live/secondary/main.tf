# One side of one environment: modules/region, and what runs in its cluster.

locals {
  region   = var.region_pair[local.side].region
  peer     = var.region_pair[local.side == "primary" ? "secondary" : "primary"].region
  tags     = { "managed-by" = "terraform", "portolan:root" = local.side, "portolan:system" = var.system, "portolan:environment" = var.environment }
  global   = data.terraform_remote_state.global.outputs
  platform = var.platform == null ? {} : { this = var.platform }
  active   = var.region_pair[var.region_pair.active].region
  # secret => key it lies under in this region
  secrets = merge(
    { for name in ["portolan/application", "portolan/owner", "portolan/jenkins"] : name => var.platform.secrets_key_arn[local.side] if var.platform != null },
    { for name in ["${var.system}-${var.environment}/datadog"] : name => local.global.shared.keys[local.side].data if var.datadog },
  )
  # Made by the root `bootstrap`. Each side reads the copy in its own region: the other one may be gone.
  state_bucket = "terraform-state-${var.account_id}-${local.region}"
  passive      = var.region_pair[var.region_pair.active == "primary" ? "secondary" : "primary"].region
}

provider "aws" {
  region              = local.region
  allowed_account_ids = [var.account_id]
  default_tags { tags = local.tags }
}

provider "aws" {
  alias               = "peer"
  region              = local.peer
  allowed_account_ids = [var.account_id]
  default_tags { tags = local.tags }
}

provider "aws" {
  alias               = "us_east_1"
  region              = "us-east-1"
  allowed_account_ids = [var.account_id]
  default_tags { tags = local.tags }
}

provider "kubernetes" {
  host                   = module.region.cluster.endpoint
  cluster_ca_certificate = base64decode(module.region.cluster.certificate_authority)
  exec {
    api_version = "client.authentication.k8s.io/v1beta1"
    command     = "aws"
    args        = ["eks", "get-token", "--cluster-name", module.region.cluster.name, "--region", local.region]
  }
}

provider "helm" {
  kubernetes = {
    host                   = module.region.cluster.endpoint
    cluster_ca_certificate = base64decode(module.region.cluster.certificate_authority)
    exec = {
      api_version = "client.authentication.k8s.io/v1beta1"
      command     = "aws"
      args        = ["eks", "get-token", "--cluster-name", module.region.cluster.name, "--region", local.region]
    }
  }
}

data "terraform_remote_state" "global" {
  backend = "s3"
  config = {
    bucket = local.state_bucket
    region = local.region
    key    = "${var.environment}/global.tfstate"
  }
}

module "region" {
  source                 = "../../modules/region"
  region_pair            = var.region_pair
  side                   = local.side
  system                 = var.system
  environment            = var.environment
  account_id             = var.account_id
  size                   = var.size
  kubernetes_version     = var.kubernetes_version
  addon_versions         = var.addon_versions
  application_namespace  = var.application_namespace
  hosts                  = var.hosts
  public_endpoint_cidrs  = var.public_endpoint_cidrs
  cluster_administrators = var.cluster_administrators
  signed_path_prefix     = var.platform == null ? null : "/api/v1/hooks/"
  targets                = var.targets
  network_targets        = var.network_targets
  postgres_version       = var.postgres_version
  rpo_s                  = var.rpo_s
  creating_database      = var.creating_database
  master_password        = var.aurora_master_password
  email                  = var.email
  sms                    = var.sms
  portal_hook            = var.portal_hook
  shared                 = local.global.shared
  routing_control_arns   = local.global.routing_control_arns
  providers              = { aws = aws, aws.peer = aws.peer, aws.us_east_1 = aws.us_east_1 }
}

module "cluster_addons" {
  source                 = "../../modules/cluster-addons"
  cluster_name           = module.region.cluster.name
  account_id             = var.account_id
  region                 = local.region
  vpc_id                 = module.region.network.vpc_id
  kms_key_arn            = local.global.shared.keys[local.side].data
  node_role_arn          = module.region.cluster.node_role_arn
  autoscaler             = var.autoscaler
  application_namespaces = [var.application_namespace]
}

# Only where something in the cluster needs a secret.
module "external_secrets" {
  count        = length(local.secrets) > 0 ? 1 : 0
  source       = "../../modules/external-secrets"
  cluster_name = module.region.cluster.name
  account_id   = var.account_id
  region       = local.region
  secrets      = keys(local.secrets)
  kms_key_arns = distinct(values(local.secrets))
  depends_on   = [module.cluster_addons]
}

module "datadog_agent" {
  count        = var.datadog ? 1 : 0
  source       = "../../modules/datadog-agent"
  cluster_name = module.region.cluster.name
  region       = local.region
  secret       = "${var.system}-${var.environment}/datadog"
  depends_on   = [module.external_secrets]
}

# --- The platform environment only -------------------------------------------------------------------------

module "portolan" {
  for_each            = local.platform
  source              = "../../modules/portolan"
  cluster_name        = module.region.cluster.name
  region              = local.region
  image               = each.value.image[local.side]
  portal_role_arn     = "arn:aws:iam::${var.account_id}:role/portolan-portal"
  target_group_arn    = module.region.public_balancer.target_groups["portolan"].arn
  load_balancer_cidrs = [module.region.network.cidr]
  database_cidrs      = [var.region_pair.primary.cidr, var.region_pair.secondary.cidr]
  host                = var.hosts["portolan"].fqdn
  oidc                = each.value.oidc
  groups              = each.value.groups
  jenkins_url         = "https://${var.hosts["jenkins"].fqdn}/jenkins"
  region_pair         = { name = var.region_pair.name, active = local.active, passive = local.passive }
  environments        = each.value.environments
  depends_on          = [module.external_secrets]
}

module "jenkins" {
  for_each            = local.platform
  source              = "../../modules/jenkins"
  cluster_name        = module.region.cluster.name
  account_id          = var.account_id
  registry_account_id = each.value.jenkins.registry_account_id
  region              = local.region
  host                = var.hosts["jenkins"].fqdn
  portal_url          = "https://${var.hosts["portolan"].fqdn}"
  oidc                = { issuer = each.value.oidc.issuer, client_id = each.value.jenkins.client_id }
  organization        = each.value.jenkins.organization
  services            = each.value.jenkins.services
  system              = var.system
  tools               = each.value.jenkins.tools[local.side]
  library_repository  = each.value.jenkins.library_repository
  library_version     = each.value.jenkins.library_version
  groups              = each.value.groups
  target_group_arn    = module.region.public_balancer.target_groups["jenkins"].arn
  depends_on          = [module.external_secrets]
}
