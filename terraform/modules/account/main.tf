# What every account needs once, before anything else.

resource "aws_iam_account_alias" "this" {
  account_alias = var.alias
}

# There are no IAM users; should one appear, its password is at least a good one.
resource "aws_iam_account_password_policy" "this" {
  minimum_password_length        = 20
  require_lowercase_characters   = true
  require_uppercase_characters   = true
  require_numbers                = true
  require_symbols                = true
  allow_users_to_change_password = true
  password_reuse_prevention      = 24
  max_password_age               = 90
}

# Belt to the braces of every bucket's own block.
resource "aws_s3_account_public_access_block" "this" {
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# Named by the key policy of modules/keys, so it must exist first.
resource "aws_iam_service_linked_role" "autoscaling" {
  aws_service_name = "autoscaling.amazonaws.com"
}

# DynamoDB copies global tables by it. Whoever orders the first table (templates/service-data) may make no roles of services.
resource "aws_iam_service_linked_role" "table_replication" {
  aws_service_name = "replication.dynamodb.amazonaws.com"
}
