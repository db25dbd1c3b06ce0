output "documents" {
  description = "name => policy as JSON: identity-<role>, trust-<role>, boundary, environment-boundary, portal-*, custodian-*. What the golden files hold."
  value       = { for name, statements in local.documents : name => jsonencode({ Version = "2012-10-17", Statement = statements }) }
}

output "job_roles" {
  description = "The job roles of people."
  value       = local.job_roles
}

output "portal_role_arn" {
  description = "The portal's own role."
  value       = local.portal_role
}
