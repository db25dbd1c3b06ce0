variable "account" {
  description = "The account: id, alias, and whether it holds protected environments."
  type        = object({ id = string, alias = string, protected = bool })

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account.id))
    error_message = "account.id is twelve digits, leading zeros included: write it in quotes."
  }
}

variable "portal_account_id" {
  description = "Account the portal lives in."
  type        = string
}

variable "regions" {
  description = "The two regions of the pair; the state lies in the first and is copied to the second."
  type        = object({ primary = string, secondary = string })
}

variable "system" {
  description = "System whose things the job roles may touch."
  type        = string
}

variable "github" {
  description = "Organization, repository of this code, and services' repositories with the image repository each may push to."
  type        = object({ organization = string, terraform_repository = string, image_repositories = map(string) })
}

variable "platform" {
  description = "Only for the platform account: accounts the portal works in, and Identity Center's accounts and groups."
  type = object({
    job_account_ids = list(string)
    accounts        = map(object({ id = string, protected = bool }))
    groups          = map(string)
  })
  default = null
}

variable "threat_detection" {
  description = "Whether GuardDuty and Security Hub watch the account."
  type        = bool
  default     = true
}
