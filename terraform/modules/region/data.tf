# Databases of this side.

module "aurora" {
  source                    = "../aurora"
  name                      = "${local.name}-${local.region}"
  global_cluster_id         = var.shared.global_cluster_id
  is_writer                 = module.pair.is_active
  peer_region               = module.pair.peer_region
  creating                  = var.creating_database
  master_password           = var.master_password
  engine_version            = var.postgres_version
  instance_class            = local.full ? "db.r7g.xlarge" : "db.r7g.large"
  rpo_s                     = var.rpo_s
  kms_key_arn               = local.keys.data
  log_kms_key_arn           = local.keys.logs
  vpc_id                    = module.network.vpc_id
  subnet_group              = module.network.database_subnet_group
  client_security_group_ids = { cluster = module.cluster.security_group_id }
  client_cidrs              = [module.pair.peer_cidr]
}

module "reports" {
  source                    = "../rds"
  name                      = "${local.name}-reports-${local.region}" # its IAM role is global
  engine_version            = var.postgres_version
  instance_class            = local.full ? "db.m7g.large" : "db.t4g.medium"
  kms_key_arn               = local.keys.data
  peer_kms_key_arn          = var.shared.keys[module.pair.peer_side].data
  log_kms_key_arn           = local.keys.logs
  vpc_id                    = module.network.vpc_id
  subnet_group              = module.network.database_subnet_group
  client_security_group_ids = { cluster = module.cluster.security_group_id }
  providers                 = { aws = aws, aws.peer = aws.peer }
}
