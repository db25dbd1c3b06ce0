mock_provider "aws" {
  alias  = "here"
  source = "../../../mocks"
}
mock_provider "aws" {
  alias  = "peer"
  source = "../../../mocks"
}

variables {
  name                      = "shop-reports-eu-west-1"
  engine_version            = "16.8"
  kms_key_arn               = "arn:aws:kms:eu-west-1:200000000002:key/mrk-1"
  peer_kms_key_arn          = "arn:aws:kms:eu-central-1:200000000002:key/mrk-1"
  log_kms_key_arn           = "arn:aws:kms:eu-west-1:200000000002:key/mrk-2"
  vpc_id                    = "vpc-0123456789abcdef0"
  subnet_group              = "shop-database"
  client_security_group_ids = { cluster = "sg-0000000000000pods" }
}

run "multi_az_with_backups_elsewhere" {
  command = apply
  module { source = "../" }
  providers = { aws = aws.here, aws.peer = aws.peer }

  assert {
    condition     = aws_db_instance.this.multi_az && !aws_db_instance.this.publicly_accessible && aws_db_instance.this.storage_encrypted && aws_db_instance.this.deletion_protection
    error_message = "standby in another zone, private, encrypted, protected"
  }
  assert {
    condition     = aws_db_instance.this.manage_master_user_password && aws_db_instance.this.password == null
    error_message = "RDS keeps the password; Terraform never has one"
  }
  assert {
    condition     = aws_db_instance_automated_backups_replication.peer.source_db_instance_arn == aws_db_instance.this.arn && aws_db_instance_automated_backups_replication.peer.kms_key_id == var.peer_kms_key_arn
    error_message = "backups are copied to the peer region under its key"
  }
  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.client : rule.cidr_ipv4 == null && rule.from_port == 5432])
    error_message = "only named groups connect; no network does"
  }
  assert {
    condition     = aws_db_instance.this.iam_database_authentication_enabled && contains(aws_db_instance.this.enabled_cloudwatch_logs_exports, "postgresql")
    error_message = "IAM sign-in and logs"
  }
  assert {
    condition     = aws_db_instance.this.engine_version == var.engine_version && !aws_db_instance.this.auto_minor_version_upgrade
    error_message = "an exact version moves by Terraform alone; else RDS moves on and every later apply fails"
  }
  assert {
    condition     = toset(keys(aws_cloudwatch_log_group.logs)) == aws_db_instance.this.enabled_cloudwatch_logs_exports && alltrue([for group in aws_cloudwatch_log_group.logs : group.retention_in_days == 365])
    error_message = "what it logs, it logs into groups with an end"
  }
}

run "refuses_a_disk_that_cannot_grow" {
  command = plan
  module { source = "../" }
  providers = { aws = aws.here, aws.peer = aws.peer }
  variables { storage_gib = { initial = 100, max = 100 } }
  expect_failures = [var.storage_gib]
}
