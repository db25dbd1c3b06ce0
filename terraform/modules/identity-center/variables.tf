variable "accounts" {
  description = "name => account id and whether it holds protected environments."
  type        = map(object({ id = string, protected = bool }))

  validation {
    condition     = alltrue([for account in var.accounts : can(regex("^[0-9]{12}$", account.id))])
    error_message = "An account id is twelve digits, leading zeros included: write it in quotes."
  }
}

variable "groups" {
  description = "job role => name of the group in the identity store (provisioned from the IdP by SCIM)."
  type        = map(string)

  validation {
    condition     = toset(keys(var.groups)) == toset(["developer", "manager", "auditor", "operator", "administrator"])
    error_message = "Name the group of each job role: developer, manager, auditor, operator, administrator."
  }
}
