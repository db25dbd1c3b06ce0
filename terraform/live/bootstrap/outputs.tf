output "state_buckets" {
  description = "Where the other roots of this account keep their state."
  value       = module.state.names
}

output "ci_role_arns" {
  description = "Roles for GitHub's workflows."
  value       = module.ci_trust.role_arns
}

output "job_role_arns" {
  description = "Job roles of this account."
  value       = module.job_roles.role_arns
}

output "registries" {
  description = "region => repository => address."
  value       = { (var.regions.primary) = module.registry_primary.urls, (var.regions.secondary) = module.registry_secondary.urls }
}

output "secrets_key_arn" {
  description = "side => key of the portal's secrets, for `platform.secrets_key_arn` of the platform environment."
  value       = { for side, purposes in module.keys.arns : side => purposes.data }
}
