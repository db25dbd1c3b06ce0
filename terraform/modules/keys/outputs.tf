output "arns" {
  description = "side => purpose => key ARN, with side primary or secondary and purpose data, logs or messages."
  value = {
    primary   = { for purpose, key in aws_kms_key.this : purpose => key.arn }
    secondary = { for purpose, key in aws_kms_replica_key.this : purpose => key.arn }
  }
}
