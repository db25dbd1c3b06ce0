variable "name" {
  description = "Prefix of the key aliases."
  type        = string
}

variable "account_id" {
  description = "Account that owns the keys."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is twelve digits."
  }
}

variable "regions" {
  description = "Both regions of the pair, and any third one whose services must use the keys' replicas."
  type        = object({ primary = string, secondary = string })

  validation {
    condition     = var.regions.primary != var.regions.secondary
    error_message = "The replica must live in another region than the key."
  }
}
