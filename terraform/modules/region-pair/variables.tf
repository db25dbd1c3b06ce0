variable "region_pair" {
  description = <<-EOT
    The two regions and which side serves. `primary` and `secondary` are names of places and never change;
    `active` is a fact about today. After a failover set `active` to the side that serves now: that is how
    Terraform learns of it. `zones` are the letters of three zones that this account has in the region.
  EOT
  type = object({
    name      = string
    active    = string
    primary   = object({ region = string, cidr = string, zones = optional(list(string), ["a", "b", "c"]) })
    secondary = object({ region = string, cidr = string, zones = optional(list(string), ["a", "b", "c"]) })
  })

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}$", var.region_pair.name))
    error_message = "region_pair.name is part of resource names: 2 to 21 lower-case letters, digits or hyphens, starting with a letter."
  }

  validation {
    condition     = contains(["primary", "secondary"], var.region_pair.active)
    error_message = "region_pair.active must be \"primary\" or \"secondary\": the side that serves traffic, not a region's name."
  }

  validation {
    condition     = var.region_pair.primary.region != var.region_pair.secondary.region
    error_message = "Both sides of the pair are ${var.region_pair.primary.region}. A pair in one region survives no region failure; choose two."
  }

  validation {
    condition = alltrue([
      for side in [var.region_pair.primary, var.region_pair.secondary] : can(regex("^(af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-[0-9]$", side.region))
    ])
    error_message = "A region is written like eu-west-1. Zones (eu-west-1a) and display names (Ireland) are not regions."
  }

  validation {
    condition = alltrue([
      for side in [var.region_pair.primary, var.region_pair.secondary] : can(cidrhost(side.cidr, 0)) && cidrhost(side.cidr, 0) == split("/", side.cidr)[0]
    ])
    error_message = "Each side's cidr must be an IPv4 network written by its first address, such as 10.10.0.0/16."
  }

  validation {
    condition = alltrue([
      for side in [var.region_pair.primary, var.region_pair.secondary] : length(side.zones) == 3 && length(distinct(side.zones)) == 3 && alltrue([for zone in side.zones : can(regex("^[a-z]$", zone))])
    ])
    error_message = "zones are three different letters, such as [\"a\", \"b\", \"c\"]; `aws ec2 describe-availability-zones` lists those that are ours in a region."
  }

  validation {
    # Two networks overlap exactly when they are the same network at the shorter of the two prefixes.
    condition = try(
      cidrhost("${split("/", var.region_pair.primary.cidr)[0]}/${min(tonumber(split("/", var.region_pair.primary.cidr)[1]), tonumber(split("/", var.region_pair.secondary.cidr)[1]))}", 0)
      != cidrhost("${split("/", var.region_pair.secondary.cidr)[0]}/${min(tonumber(split("/", var.region_pair.primary.cidr)[1]), tonumber(split("/", var.region_pair.secondary.cidr)[1]))}", 0),
      true, # not a CIDR at all: the validation above has said so
    )
    error_message = "The networks of the two regions overlap (${var.region_pair.primary.cidr} and ${var.region_pair.secondary.cidr}): they could never be peered, and a failover runbook could not tell them apart."
  }
}

variable "side" {
  description = "The side being built: primary or secondary."
  type        = string

  validation {
    condition     = contains(["primary", "secondary"], var.side)
    error_message = "side must be \"primary\" or \"secondary\"."
  }
}
