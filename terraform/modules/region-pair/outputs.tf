output "name" {
  description = "Name of the pair."
  value       = var.region_pair.name
}

output "region" {
  description = "Region of this side."
  value       = var.region_pair[var.side].region
}

output "zones" {
  description = "Zones of this side."
  value       = [for letter in var.region_pair[var.side].zones : "${var.region_pair[var.side].region}${letter}"]
}

output "cidr" {
  description = "Network of this side."
  value       = var.region_pair[var.side].cidr
}

output "peer_side" {
  description = "Name of the other side."
  value       = local.peer_side
}

output "peer_region" {
  description = "Region of the other side."
  value       = var.region_pair[local.peer_side].region
}

output "peer_cidr" {
  description = "Network of the other side."
  value       = var.region_pair[local.peer_side].cidr
}

output "is_active" {
  description = "Whether this side serves traffic now."
  value       = local.is_active
}

output "role" {
  description = "active or passive, the words the portal uses."
  value       = local.is_active ? "active" : "passive"
}
