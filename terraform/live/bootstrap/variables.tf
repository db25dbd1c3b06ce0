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

  validation {
    condition     = can(regex("^[0-9]{12}$", var.portal_account_id))
    error_message = "portal_account_id is twelve digits, leading zeros included: write it in quotes."
  }
}

variable "regions" {
  description = "The two regions of the pair; the state lies in the first and is copied to the second."
  type        = object({ primary = string, secondary = string })

  validation {
    condition     = var.regions.primary != var.regions.secondary
    error_message = "Both regions are ${var.regions.primary}: state, keys and evidence would be lost with it. Choose two."
  }
}

variable "system" {
  description = "System whose things the job roles may touch."
  type        = string
}

variable "github" {
  description = "Organization, repository of this code, and services' repositories with the image repository each may push to."
  type        = object({ organization = string, terraform_repository = string, image_repositories = map(string) })
}

variable "registry" {
  description = "Image repositories besides those GitHub pushes to, accounts that get copies, the account copies come from, and roles of Jenkins that push; see modules/registry."
  type = object({
    repositories           = optional(list(string), [])
    copy_to_account_ids    = optional(list(string), [])
    copied_from_account_id = optional(string)
    pusher_arns            = optional(list(string), [])
  })
  default = {}
}

variable "platform" {
  description = "Only for the platform account: accounts the portal works in, and Identity Center's accounts and groups."
  type = object({
    job_account_ids = list(string)
    accounts        = map(object({ id = string, protected = bool }))
    groups          = map(string)
  })
  default = null

  validation {
    condition     = (var.platform == null) == (var.account.id != var.portal_account_id)
    error_message = "platform is for the account the portal lives in (${var.portal_account_id}) and for no other: without it that account has no portal, with it another account would have a second one."
  }
}

variable "threat_detection" {
  description = "Whether GuardDuty and Security Hub watch the account."
  type        = bool
  default     = true
}

variable "trail" {
  description = "Whether the account gets a CloudTrail trail of its own; false where the organization has one that covers it."
  type        = bool
  default     = true
}
