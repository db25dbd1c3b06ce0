output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "cidr" {
  description = "Network of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "public_subnet_ids" {
  description = "One a zone; for load balancers that face the internet, and nothing else."
  value       = [for zone in var.zones : aws_subnet.public[zone].id]
}

output "private_subnet_ids" {
  description = "One a zone; nodes, pods, internal load balancers."
  value       = [for zone in var.zones : aws_subnet.private[zone].id]
}

output "database_subnet_group" {
  description = "Name of the subnet group for RDS and Aurora."
  value       = aws_db_subnet_group.this.name
}

output "route_table_ids" {
  description = "Route tables that a peering must reach: private, one a zone, then database."
  value       = concat([for zone in var.zones : aws_route_table.private[zone].id], [aws_route_table.database.id])
}

output "nat_addresses" {
  description = "Public addresses the region calls out from, for allow-lists of others."
  value       = [for eip in aws_eip.nat : eip.public_ip]
}

output "sts_endpoint_id" {
  description = "The VPC endpoint of STS, for aws:SourceVpce in trust policies."
  value       = aws_vpc_endpoint.interface["sts"].id
}
