# Secrets as empty boxes, in both regions. Terraform makes the box and never sees what is in it.

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:Each value is rotated by its maker (IdP, Jenkins, database); a rotation function here would hold every right to all of them.
  for_each                = var.secrets
  name                    = each.key
  description             = each.value
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = 30

  replica {
    region     = var.replica.region
    kms_key_id = var.replica.kms_key_arn
  }
}

resource "aws_secretsmanager_secret_policy" "this" {
  for_each            = aws_secretsmanager_secret.this
  secret_arn          = each.value.arn
  block_public_policy = true
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "secretsmanager:*"
      Resource  = "*"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
