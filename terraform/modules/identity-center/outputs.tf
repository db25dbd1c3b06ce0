output "permission_sets" {
  description = "job role => permission set, for the portal's Identity Center probe."
  value       = { for role, set in aws_ssoadmin_permission_set.this : role => set.arn }
}

output "assignments" {
  description = "account/job role that exist; the access review compares them with what is found."
  value       = sort(keys(aws_ssoadmin_account_assignment.this))
}
