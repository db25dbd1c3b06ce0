variable "account_id" {
  description = "Account the portal lives in; must be the provider's."
  type        = string
}

variable "job_account_ids" {
  description = "Accounts in which the portal may assume job roles."
  type        = list(string)
}

variable "regions" {
  description = "The two regions of the pair."
  type        = object({ primary = string, secondary = string })
}

variable "system" {
  description = "System the portal governs."
  type        = string
}
