# One region's cluster of an Aurora Global Database, ready to be promoted: the same size, version and parameters
# as its peer. Who writes is the global database's business once the cluster exists.

locals {
  port   = 5432
  family = "aurora-postgresql${split(".", var.engine_version)[0]}"
}

resource "aws_security_group" "this" {
  name        = "${var.name}-aurora"
  description = "Clients of ${var.name}"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-aurora" }
}

resource "aws_vpc_security_group_ingress_rule" "group" {
  for_each                     = var.client_security_group_ids
  security_group_id            = aws_security_group.this.id
  description                  = "PostgreSQL from ${each.key}"
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
  referenced_security_group_id = each.value
}

resource "aws_vpc_security_group_ingress_rule" "cidr" {
  for_each          = toset(var.client_cidrs)
  security_group_id = aws_security_group.this.id
  description       = "PostgreSQL from ${each.key}"
  ip_protocol       = "tcp"
  from_port         = local.port
  to_port           = local.port
  cidr_ipv4         = each.key
}

resource "aws_rds_cluster_parameter_group" "this" {
  name_prefix = "${var.name}-"
  family      = local.family
  description = "Same on both sides of the pair"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
  parameter {
    name  = "rds.global_db_rpo"
    value = tostring(var.rpo_s)
  }
  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }
  parameter {
    name  = "log_statement"
    value = "ddl"
  }
  parameter {
    name  = "log_connections"
    value = "1"
  }
  parameter {
    name         = "shared_preload_libraries"
    value        = "pg_stat_statements,pgaudit"
    apply_method = "pending-reboot"
  }
  parameter {
    name  = "pgaudit.log"
    value = "ddl,role"
  }

  lifecycle { create_before_destroy = true }
}

resource "aws_cloudwatch_log_group" "postgresql" {
  name              = "/aws/rds/cluster/${var.name}/postgresql" # RDS writes to exactly this name
  retention_in_days = 365
  kms_key_id        = var.log_kms_key_arn
}

resource "aws_rds_cluster" "this" {
  #checkov:skip=CKV2_AWS_8:Aurora restores to any second of 35 days by itself, in both regions; a second copy by AWS Backup would add cost and no recovery point.
  #checkov:skip=CKV2_AWS_27:Statements are logged by the parameter group above (log_statement, log_min_duration_statement), which checkov does not follow through name_prefix.
  cluster_identifier        = var.name
  global_cluster_identifier = var.global_cluster_id
  engine                    = "aurora-postgresql"
  engine_version            = var.engine_version
  port                      = local.port

  # Read only when the cluster is created.
  master_username            = var.is_writer ? var.master_username : null
  master_password_wo         = var.creating && var.is_writer ? var.master_password : null
  master_password_wo_version = var.creating && var.is_writer ? 1 : null
  source_region              = var.is_writer ? null : var.peer_region

  db_subnet_group_name            = var.subnet_group
  vpc_security_group_ids          = [aws_security_group.this.id]
  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.this.name

  storage_encrypted                   = true
  kms_key_id                          = var.kms_key_arn
  iam_database_authentication_enabled = true
  enabled_cloudwatch_logs_exports     = ["postgresql"]

  # PostgreSQL has no backtrack; restoring to any second of the last weeks takes its place.
  backup_retention_period      = var.backup_days
  preferred_backup_window      = "01:00-02:00"
  preferred_maintenance_window = "sun:03:00-sun:04:00"
  copy_tags_to_snapshot        = true
  deletion_protection          = true
  skip_final_snapshot          = false
  final_snapshot_identifier    = "${var.name}-final"
  allow_major_version_upgrade  = false
  apply_immediately            = false

  # A failover exchanges all of these between the two sides. They are facts of the global database, not settings.
  lifecycle {
    ignore_changes = [replication_source_identifier, source_region, master_username, master_password_wo_version]
  }

  depends_on = [aws_cloudwatch_log_group.postgresql]
}

resource "aws_rds_cluster_instance" "this" {
  #checkov:skip=CKV_AWS_226:Both regions must run the same version to be promoted; they move together, by Terraform.
  for_each                        = toset([for number in range(var.instances) : tostring(number)])
  identifier                      = "${var.name}-${each.key}"
  cluster_identifier              = aws_rds_cluster.this.id
  engine                          = "aurora-postgresql"
  engine_version                  = var.engine_version
  instance_class                  = var.instance_class
  db_subnet_group_name            = var.subnet_group
  publicly_accessible             = false
  auto_minor_version_upgrade      = false # both regions move together, by Terraform
  promotion_tier                  = tonumber(each.key)
  performance_insights_enabled    = true
  performance_insights_kms_key_id = var.kms_key_arn
  monitoring_interval             = 30
  monitoring_role_arn             = aws_iam_role.monitoring.arn
  copy_tags_to_snapshot           = true

  lifecycle { create_before_destroy = true }
}

resource "aws_iam_role" "monitoring" {
  name = "${var.name}-monitoring"
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
