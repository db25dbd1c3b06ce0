variable "account_id" {
  description = "Account the job roles live in."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is twelve digits, leading zeros included: write it in quotes."
  }
}

variable "portal_account_id" {
  description = "Account the portal lives in."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.portal_account_id))
    error_message = "portal_account_id is twelve digits, leading zeros included: write it in quotes."
  }
}

variable "job_account_ids" {
  description = "All accounts with job roles; the portal's own role may go there and nowhere else."
  type        = list(string)

  validation {
    condition     = length(var.job_account_ids) > 0 && alltrue([for id in var.job_account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "job_account_ids lists accounts of twelve digits each."
  }
}

variable "regions" {
  description = "The two regions in which job roles may act."
  type        = object({ primary = string, secondary = string })
}

variable "protected" {
  description = "Whether the account holds protected environments: then roles that change things demand a fresh MFA of the person."
  type        = bool
}

variable "system" {
  description = "System whose repositories and clusters the roles are for: shop means shop/* and shop-*."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}$", var.system))
    error_message = "system: 2 to 21 lower-case letters, digits or hyphens."
  }
}
