output "portal_role_arn" {
  description = "For the Pod Identity association of modules/portolan."
  value       = aws_iam_role.portal.arn
}

output "custodian_role_arn" {
  description = "For the portal's configuration."
  value       = aws_iam_role.custodian.arn
}
