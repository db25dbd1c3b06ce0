# Optional: GuardDuty over accounts' logs, Kubernetes audit logs, S3, RDS sign-ins and volumes; Security Hub on top.

resource "aws_guardduty_detector" "this" {
  #checkov:skip=CKV2_AWS_3:Enabled for the account; delegation to the organization is the security account's.
  enable                       = true
  finding_publishing_frequency = "FIFTEEN_MINUTES"
}

resource "aws_guardduty_detector_feature" "this" {
  for_each    = toset(["S3_DATA_EVENTS", "EKS_AUDIT_LOGS", "RDS_LOGIN_EVENTS", "EBS_MALWARE_PROTECTION"])
  detector_id = aws_guardduty_detector.this.id
  name        = each.key
  status      = "ENABLED"
}

resource "aws_securityhub_account" "this" {
  enable_default_standards = false
  auto_enable_controls     = true
}

resource "aws_securityhub_standards_subscription" "this" {
  for_each      = toset(var.security_hub_standards)
  standards_arn = "arn:aws:securityhub:${var.region}::standards/${each.key}"
  depends_on    = [aws_securityhub_account.this]
}
