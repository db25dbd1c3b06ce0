variable "name" {
  description = "Name of the table, the same in both regions."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{3,255}$", var.name))
    error_message = "name: 3 to 255 letters, digits, dots, hyphens or underscores."
  }
}

variable "regions" {
  description = "The region the provider is of (primary) and the one with the replica (secondary)."
  type        = object({ primary = string, secondary = string })

  validation {
    condition     = var.regions.primary != var.regions.secondary
    error_message = "A replica in ${var.regions.primary} would be the table itself; choose another region."
  }
}

variable "kms_key_arns" {
  description = "Key of each region."
  type        = object({ primary = string, secondary = string })
}

variable "hash_key" {
  description = "Partition key."
  type        = object({ name = string, type = string })

  validation {
    condition     = contains(["S", "N", "B"], var.hash_key.type)
    error_message = "A key's type is S (string), N (number) or B (binary)."
  }
}

variable "range_key" {
  description = "Sort key, if any."
  type        = object({ name = string, type = string })
  default     = null

  validation {
    condition     = var.range_key == null || contains(["S", "N", "B"], try(var.range_key.type, ""))
    error_message = "A key's type is S (string), N (number) or B (binary)."
  }
}

variable "expires_by" {
  description = "Attribute with the time (epoch seconds) after which an item may be deleted, if any."
  type        = string
  default     = null
}

variable "rpo_s" {
  description = "Most seconds of writes that may be missing in the other region."
  type        = number
  default     = 5

  validation {
    condition     = var.rpo_s >= 2
    error_message = "Global tables usually replicate within a second and promise nothing; below 2 seconds no measurement could tell. RPO 0 needs multi-region strong consistency, which takes three regions."
  }
}
