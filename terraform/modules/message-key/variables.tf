variable "name" {
  description = "Alias of the key."
  type        = string
}

variable "account_id" {
  description = "Account that owns the key."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is twelve digits, leading zeros included: write it in quotes."
  }
}
