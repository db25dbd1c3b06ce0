variable "account_id" {
  description = "Account the roles are made in; must be the provider's."
  type        = string
}

variable "portal_account_id" {
  description = "Account the portal lives in."
  type        = string
}

variable "regions" {
  description = "The two regions of the pair."
  type        = object({ primary = string, secondary = string })
}

variable "protected" {
  description = "Whether the account holds protected environments."
  type        = bool
}

variable "system" {
  description = "System whose things the roles may touch."
  type        = string
}
