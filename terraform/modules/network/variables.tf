variable "name" {
  description = "Name of the network; prefix of everything in it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.name))
    error_message = "name: 2 to 31 lower-case letters, digits or hyphens, starting with a letter."
  }
}

variable "region" {
  description = "Region of the network. Must be the region of the provider: zones and endpoint names are made from it."
  type        = string
}

variable "cidr" {
  description = "Network of the VPC, /16 to /20."
  type        = string

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && try(tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 20, false)
    error_message = "cidr must be an IPv4 network from /16 to /20 such as 10.10.0.0/16: smaller ones leave the database subnets fewer addresses than AWS accepts."
  }
}

variable "zones" {
  description = "Exactly three availability zones of the region."
  type        = list(string)

  validation {
    condition     = length(distinct(var.zones)) == 3 && length(var.zones) == 3
    error_message = "Three different zones are needed: with two, losing one leaves Aurora and the node groups no spare."
  }

  validation {
    condition     = alltrue([for zone in var.zones : can(regex("^${var.region}[a-z]$", zone))])
    error_message = "Every zone must lie in ${var.region} (such as ${var.region}a)."
  }
}

variable "nat" {
  description = "per_zone: a NAT gateway in each zone. single: one for all, a third of the price, and a zone failure cuts off the others' way out."
  type        = string
  default     = "per_zone"

  validation {
    condition     = contains(["per_zone", "single"], var.nat)
    error_message = "nat must be \"per_zone\" or \"single\"."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the flow logs; its policy must let CloudWatch Logs of this region use it."
  type        = string
}

variable "flow_log_days" {
  description = "How long flow logs are kept, in days."
  type        = number
  default     = 365

  validation {
    condition     = contains([90, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.flow_log_days)
    error_message = "CloudWatch keeps logs for fixed periods: 90, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}
