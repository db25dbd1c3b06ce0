variable "account_id" {
  description = "Account of the registry."
  type        = string
}

variable "repositories" {
  description = "Image repositories, such as shop/cart."
  type        = set(string)

  validation {
    condition     = alltrue([for name in var.repositories : can(regex("^[a-z0-9]+([._/-][a-z0-9]+)*$", name))])
    error_message = "A repository's name is lower-case letters and digits with single separators, such as shop/cart."
  }
}

variable "peer_region" {
  description = "Region every image is copied to."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of the provider's region."
  type        = string
}

variable "pull_account_ids" {
  description = "Accounts whose clusters pull from here, and to which images are replicated too."
  type        = list(string)
  default     = []
}
