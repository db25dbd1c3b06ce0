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
