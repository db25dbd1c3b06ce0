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

  validation {
    condition     = var.peer_region != var.region
    error_message = "Images would be copied to ${var.region}, where they are already."
  }
}

variable "kms_key_arn" {
  description = "Key of the provider's region."
  type        = string
}

variable "region" {
  description = "Region of the provider."
  type        = string
}

variable "copy_to_account_ids" {
  description = "Other accounts whose clusters run these images: they get a copy in both regions. Their own registry names this account as copied_from_account_id."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.copy_to_account_ids : can(regex("^[0-9]{12}$", id)) && id != var.account_id])
    error_message = "copy_to_account_ids are other accounts, twelve digits each; the account's own other region is copied to anyway."
  }
}

variable "copied_from_account_id" {
  description = "Account whose registry copies its images here, or null."
  type        = string
  default     = null

  validation {
    condition     = var.copied_from_account_id == null ? true : can(regex("^[0-9]{12}$", var.copied_from_account_id))
    error_message = "copied_from_account_id is twelve digits, leading zeros included: write it in quotes."
  }
}

variable "pusher_arns" {
  description = "Roles of other accounts that push: the agents of Jenkins."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.pusher_arns : can(regex("^arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "A pusher is one role's ARN, without wildcards: who pushes decides what runs."
  }
}
