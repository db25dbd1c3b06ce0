output "role" {
  description = "active or passive."
  value       = module.region.role
}

output "cluster" {
  description = "The cluster of this side."
  value       = module.region.cluster
}

output "network" {
  description = "What the peering needs."
  value       = module.region.network
}

output "records" {
  description = "Failover records of this side."
  value       = module.region.records
}

output "control_object" {
  description = "The object that takes this side out of traffic."
  value       = module.region.control_object
}

output "balancer" {
  description = "The public load balancer, for Shield Advanced."
  value       = module.region.public_balancer.arn
}

output "nat_addresses" {
  description = "Public addresses this side calls out from. Of the platform environment: for the others' public_endpoint_cidrs, as <address>/32."
  value       = module.region.nat_addresses
}

output "health_check_arns" {
  description = "check => ARN, for Shield Advanced in the root `global`."
  value       = module.region.health_check_arns
}
