# The global database as such, without a cluster: each region's root adds its own side (modules/aurora). It is made first and
# belongs to neither region, so that either can be rebuilt while the other writes.

resource "aws_rds_global_cluster" "this" {
  global_cluster_identifier = var.name
  engine                    = "aurora-postgresql"
  engine_version            = var.engine_version
  database_name             = var.database
  storage_encrypted         = true
  deletion_protection       = true
  tags                      = { "portolan:environment" = var.environment }

  lifecycle {
    # A minor upgrade moves through the clusters; the global database reports it when all are done.
    ignore_changes = [engine_version]
  }
}

# Made here, once, and written straight into the secret: in no state, plan or log. Raising the version makes a new one.
ephemeral "random_password" "administrator" {
  length  = 40
  special = false
}

module "secret" {
  source      = "../secrets"
  secrets     = { "${var.name}/aurora-administrator" = "Administrator of the global database ${var.name}" }
  kms_key_arn = var.kms_key_arn
  replica     = var.replica
}

resource "aws_secretsmanager_secret_version" "administrator" {
  secret_id                = module.secret.arns["${var.name}/aurora-administrator"]
  secret_string_wo         = ephemeral.random_password.administrator.result
  secret_string_wo_version = 1
}
