# One side of one environment, whole: what the roots primary and secondary both call, so that the two regions are alike by
# construction and differ only in what modules/region-pair says.

module "pair" {
  source      = "../region-pair"
  region_pair = var.region_pair
  side        = var.side
}

locals {
  name   = "${var.system}-${var.environment}"
  region = module.pair.region
  keys   = var.shared.keys[var.side]
  full   = var.size == "full"

  # Passive max equals active max: a standby grows to full size by its autoscaler, without Terraform.
  node_groups = local.full ? {
    general = { instance_types = ["m7i.xlarge", "m7a.xlarge"], active = { min = 6, max = 30 }, passive = { min = 3, max = 30 } }
    } : {
    general = { instance_types = ["m7i.large", "m7a.large"], active = { min = 3, max = 8 }, passive = { min = 2, max = 8 } }
  }

  job_role = { for role in ["developer", "operator", "administrator", "auditor", "observer"] : role => "arn:aws:iam::${var.account_id}:role/portolan-job-${role}" }
}

module "network" {
  source      = "../network"
  name        = local.name
  region      = local.region
  cidr        = module.pair.cidr
  zones       = module.pair.zones
  nat         = local.full ? "per_zone" : "single"
  kms_key_arn = local.keys.logs
}

module "cluster" {
  source                = "../eks"
  name                  = local.name
  region                = local.region
  kubernetes_version    = var.kubernetes_version
  vpc_id                = module.network.vpc_id
  private_subnet_ids    = module.network.private_subnet_ids
  api_client_cidrs      = [module.pair.peer_cidr]
  public_endpoint_cidrs = var.public_endpoint_cidrs
  kms_key_arn           = local.keys.data
  log_kms_key_arn       = local.keys.logs
  is_active             = module.pair.is_active
  node_groups           = local.node_groups
  fargate_namespaces    = [var.application_namespace]
  addon_versions        = var.addon_versions

  # Job roles by groups that modules/cluster-addons binds. Administrator of the cluster is Terraform's own role (modules/ci-trust)
  # and no person: without it nothing could be installed, since the creator gets no rights by creating.
  access = merge(
    { for role, arn in local.job_role : role => { principal_arn = arn, kubernetes_groups = ["portolan:${role}"] } },
    {
      terraform      = { principal_arn = "arn:aws:iam::${var.account_id}:role/portolan-ci-terraform-apply", policies = { AmazonEKSClusterAdminPolicy = [] } }
      terraform-plan = { principal_arn = "arn:aws:iam::${var.account_id}:role/portolan-ci-terraform-plan", policies = { AmazonEKSAdminViewPolicy = [] } }
    },
    { for name, arn in var.cluster_administrators : name => { principal_arn = arn, policies = { AmazonEKSClusterAdminPolicy = [] } } },
  )
}

module "certificate" {
  source  = "../certificate"
  domain  = values(var.hosts)[0].fqdn
  also    = [for name in setunion([for host in var.hosts : host.fqdn], [for host in var.hosts : "${var.side}.${host.fqdn}"]) : name if name != values(var.hosts)[0].fqdn]
  zone_id = var.shared.zone_id
}

module "public_balancer" {
  source                 = "../load-balancer"
  name                   = local.name
  kind                   = "application"
  internal               = false
  vpc_id                 = module.network.vpc_id
  subnet_ids             = module.network.public_subnet_ids
  client_cidrs           = ["0.0.0.0/0"]
  cluster_name           = module.cluster.name
  pods_security_group_id = module.cluster.security_group_id
  certificate_arn        = module.certificate.arn
  log_bucket             = var.shared.log_buckets[var.side]
  # A side is also asked by its own names (modules/failover): the target that serves a host serves those too, or its check would
  # forever hear the default target's answer.
  targets = { for name, target in var.targets : name => merge(target, { hosts = flatten([for host in target.hosts : [host, "${var.side}.${host}"]]) }) }
}

module "private_balancer" {
  source                 = "../load-balancer"
  name                   = "${local.name}-l4"
  kind                   = "network"
  internal               = true
  vpc_id                 = module.network.vpc_id
  subnet_ids             = module.network.private_subnet_ids
  client_cidrs           = [module.pair.cidr, module.pair.peer_cidr]
  cluster_name           = module.cluster.name
  pods_security_group_id = module.cluster.security_group_id
  certificate_arn        = module.certificate.arn
  log_bucket             = var.shared.log_buckets[var.side]
  targets                = var.network_targets
}

module "waf" {
  source             = "../waf"
  name               = local.name
  scope              = "REGIONAL"
  resource_arns      = { public = module.public_balancer.arn }
  signed_path_prefix = var.signed_path_prefix
  kms_key_arn        = local.keys.logs
}
