mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name           = "shop-production"
  environment    = "production"
  engine_version = "16.8"
  kms_key_arn    = "arn:aws:kms:eu-west-1:300000000003:key/mrk-1"
  replica        = { region = "eu-central-1", kms_key_arn = "arn:aws:kms:eu-central-1:300000000003:key/mrk-1" }
}

run "belongs_to_neither_region" {
  command = apply
  assert {
    condition     = aws_rds_global_cluster.this.storage_encrypted && aws_rds_global_cluster.this.engine == "aurora-postgresql"
    error_message = "encrypted from its first day; it cannot be later"
  }
  assert {
    condition     = aws_rds_global_cluster.this.deletion_protection && aws_rds_global_cluster.this.tags["portolan:environment"] == "production"
    error_message = "protected, and tied to its environment"
  }
  assert {
    condition     = aws_secretsmanager_secret_version.administrator.secret_string_wo == null
    error_message = "the password is not in the state"
  }
  assert {
    condition     = output.administrator_secret == "shop-production/aurora-administrator"
    error_message = "the secret's name is known to the sequence in README.md"
  }
}
