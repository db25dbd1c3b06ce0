variable "name" {
  description = "Name of the peering."
  type        = string
}

variable "networks" {
  description = "Both networks: VPC, CIDR and the route tables that must reach the other side."
  type = object({
    primary   = object({ vpc_id = string, cidr = string, route_table_ids = list(string) })
    secondary = object({ vpc_id = string, cidr = string, route_table_ids = list(string) })
  })

  validation {
    condition     = var.networks.primary.cidr != var.networks.secondary.cidr
    error_message = "Both networks are ${var.networks.primary.cidr}; overlapping networks cannot be peered."
  }
}

variable "secondary_region" {
  description = "Region of the secondary network."
  type        = string
}
