# A PostgreSQL for one region: a synchronous standby in another zone, backups copied to the peer region.

locals {
  port = 5432
}

resource "aws_security_group" "this" {
  name        = "${var.name}-rds"
  description = "Clients of ${var.name}"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-rds" }
}

resource "aws_vpc_security_group_ingress_rule" "client" {
  for_each                     = var.client_security_group_ids
  security_group_id            = aws_security_group.this.id
  description                  = "PostgreSQL from ${each.key}"
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
  referenced_security_group_id = each.value
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${var.name}-"
  family      = "postgres${split(".", var.engine_version)[0]}"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }

  lifecycle { create_before_destroy = true }
}

resource "aws_cloudwatch_log_group" "logs" {
  for_each          = toset(["postgresql", "upgrade"])
  name              = "/aws/rds/instance/${var.name}/${each.key}" # RDS writes to exactly this name, and would make it without an end
  retention_in_days = 365
  kms_key_id        = var.log_kms_key_arn
}

resource "aws_db_instance" "this" {
  #checkov:skip=CKV_AWS_226:The version is pinned in one place for Aurora and RDS of both regions, and moves there.
  identifier     = var.name
  engine         = "postgres"
  engine_version = var.engine_version
  instance_class = var.instance_class
  port           = local.port

  multi_az               = true
  db_subnet_group_name   = var.subnet_group
  vpc_security_group_ids = [aws_security_group.this.id]
  publicly_accessible    = false
  parameter_group_name   = aws_db_parameter_group.this.name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  storage_type          = "gp3"
  allocated_storage     = var.storage_gib.initial
  max_allocated_storage = var.storage_gib.max
  storage_encrypted     = true
  kms_key_id            = var.kms_key_arn

  # RDS makes and rotates the administrator's password; nobody, Terraform included, sees it.
  username                            = "administrator"
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = var.kms_key_arn
  iam_database_authentication_enabled = true

  backup_retention_period    = var.backup_days
  backup_window              = "01:00-02:00"
  maintenance_window         = "sun:03:00-sun:04:00"
  copy_tags_to_snapshot      = true
  delete_automated_backups   = false
  deletion_protection        = true
  skip_final_snapshot        = false
  final_snapshot_identifier  = "${var.name}-final"
  auto_minor_version_upgrade = false # the version is exact: an upgrade by RDS would be a downgrade in the next plan, which RDS refuses

  performance_insights_enabled    = true
  performance_insights_kms_key_id = var.kms_key_arn
  monitoring_interval             = 30
  monitoring_role_arn             = aws_iam_role.monitoring.arn
  enabled_cloudwatch_logs_exports = keys(aws_cloudwatch_log_group.logs)
}

# Lives in the peer region: what is left of this database when its region is gone.
resource "aws_db_instance_automated_backups_replication" "peer" {
  provider               = aws.peer
  source_db_instance_arn = aws_db_instance.this.arn
  kms_key_id             = var.peer_kms_key_arn
  retention_period       = var.backup_days
}

resource "aws_iam_role" "monitoring" {
  name = "${var.name}-rds-monitoring"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "monitoring.rds.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}
