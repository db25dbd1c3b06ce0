mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name                      = "shop-production-eu-west-1"
  global_cluster_id         = "shop-production"
  is_writer                 = true
  peer_region               = "eu-central-1"
  creating                  = true
  master_password           = "not-a-real-password-0000"
  engine_version            = "16.8"
  kms_key_arn               = "arn:aws:kms:eu-west-1:200000000002:key/mrk-1"
  log_kms_key_arn           = "arn:aws:kms:eu-west-1:200000000002:key/mrk-2"
  vpc_id                    = "vpc-0123456789abcdef0"
  subnet_group              = "shop-database"
  client_security_group_ids = { cluster = "sg-0000000000000pods" }
  client_cidrs              = ["10.20.0.0/16"]
}

run "writer" {
  command = apply
  assert {
    condition     = aws_rds_cluster.this.global_cluster_identifier == "shop-production" && aws_rds_cluster.this.master_username == "administrator" && aws_rds_cluster.this.source_region == null
    error_message = "the writer joins the global database with an administrator"
  }
  assert {
    condition     = aws_rds_cluster.this.storage_encrypted && aws_rds_cluster.this.kms_key_id == var.kms_key_arn && aws_rds_cluster.this.iam_database_authentication_enabled && aws_rds_cluster.this.deletion_protection
    error_message = "encrypted with this region's key, IAM sign-in, protected"
  }
  assert {
    condition     = length(aws_rds_cluster_instance.this) == 2 && alltrue([for instance in aws_rds_cluster_instance.this : !instance.publicly_accessible && !instance.auto_minor_version_upgrade])
    error_message = "two private instances that change version only together with the peer's"
  }
  assert {
    condition     = one([for parameter in aws_rds_cluster_parameter_group.this.parameter : parameter.value if parameter.name == "rds.global_db_rpo"]) == "60" && one([for parameter in aws_rds_cluster_parameter_group.this.parameter : parameter.value if parameter.name == "rds.force_ssl"]) == "1"
    error_message = "RPO is enforced by Aurora, TLS by the server"
  }
  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.cidr : rule.cidr_ipv4 != "0.0.0.0/0" && rule.from_port == 5432 && rule.to_port == 5432]) && aws_vpc_security_group_ingress_rule.group["cluster"].referenced_security_group_id == "sg-0000000000000pods"
    error_message = "PostgreSQL from named groups and private networks only"
  }
  assert {
    condition     = aws_rds_cluster.this.backup_retention_period == 35 && aws_cloudwatch_log_group.postgresql.name == "/aws/rds/cluster/shop-production-eu-west-1/postgresql"
    error_message = "backups for 35 days, logs in the group RDS writes to"
  }
}

run "reader_is_created_as_a_copy" {
  command   = plan
  state_key = "reader"
  variables {
    creating        = false
    is_writer       = false
    peer_region     = "eu-west-1"
    master_password = null
  }
  assert {
    condition     = aws_rds_cluster.this.source_region == "eu-west-1"
    error_message = "the reader copies the peer"
  }
  assert {
    condition     = length(aws_rds_cluster_instance.this) == 2
    error_message = "a reader has the same number of instances, or it is not ready"
  }
}

run "after_a_failover_nothing_changes" {
  command = plan
  # The state of run "writer", now told that the other side writes.
  variables {
    creating        = false
    is_writer       = false
    master_password = null
  }
  assert {
    condition     = aws_rds_cluster.this.master_username == "administrator" && aws_rds_cluster.this.source_region == null && aws_rds_cluster.this.arn == run.writer.arn
    error_message = "Terraform must not argue with the global database about who writes"
  }
}

run "later_applies_need_no_password" {
  command = plan
  variables {
    creating        = false
    master_password = null
  }
  assert {
    condition     = aws_rds_cluster.this.master_username == "administrator" && aws_rds_cluster.this.arn == run.writer.arn
    error_message = "the password is handed in once"
  }
}

run "refuses_an_rpo_aurora_cannot_keep" {
  command = plan
  variables { rpo_s = 5 }
  expect_failures = [var.rpo_s]
}

run "refuses_the_world" {
  command = plan
  variables { client_cidrs = ["0.0.0.0/0"] }
  expect_failures = [var.client_cidrs]
}

run "refuses_public_networks" {
  command = plan
  variables { client_cidrs = ["192.0.2.0/24"] }
  expect_failures = [var.client_cidrs]
}

run "refuses_burstable" {
  command = plan
  variables { instance_class = "db.t4g.medium" }
  expect_failures = [var.instance_class]
}

run "refuses_one_instance" {
  command = plan
  variables { instances = 1 }
  expect_failures = [var.instances]
}

run "refuses_to_create_on_the_passive_side" {
  command = plan
  variables { is_writer = false }
  expect_failures = [var.creating]
}
