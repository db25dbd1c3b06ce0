output "cluster" {
  description = "The cluster: name, endpoint, CA, node role."
  value = {
    name                  = module.cluster.name
    endpoint              = module.cluster.endpoint
    certificate_authority = module.cluster.certificate_authority
    node_role_arn         = module.cluster.node_role.arn
  }
}

output "network" {
  description = "What a peering needs."
  value       = { vpc_id = module.network.vpc_id, cidr = module.pair.cidr, route_table_ids = module.network.route_table_ids }
}

output "public_balancer" {
  description = "ARN of the ALB and its target groups."
  value       = { arn = module.public_balancer.arn, target_groups = module.public_balancer.target_groups }
}

output "private_target_groups" {
  description = "Target groups of the internal NLB."
  value       = module.private_balancer.target_groups
}

output "records" {
  description = "Failover records of this side."
  value       = module.failover.records
}

output "control_object" {
  description = "The object that takes this side out of traffic."
  value       = module.failover.control_object
}

output "health_check_ids" {
  description = "Health checks of this side."
  value       = module.failover.health_check_ids
}

output "cluster_administrators" {
  description = "Who administers the cluster."
  value       = module.cluster.administrators
}

output "role" {
  description = "active or passive."
  value       = module.pair.role
}

output "topic_arns" {
  description = "SNS topics of this region."
  value       = module.events.topic_arns
}

output "nat_addresses" {
  description = "Public addresses this side calls out from; of the platform environment they go into the other environments' public_endpoint_cidrs."
  value       = module.network.nat_addresses
}

output "health_check_arns" {
  description = "check => ARN, for Shield Advanced's health-based detection."
  value       = { for name, id in module.failover.health_check_ids : name => "arn:aws:route53:::healthcheck/${id}" }
}
