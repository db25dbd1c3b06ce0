variable "alias" {
  description = "Alias of the account, shown at sign-in."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{2,62}$", var.alias))
    error_message = "alias: 3 to 63 lower-case letters, digits or hyphens."
  }
}
