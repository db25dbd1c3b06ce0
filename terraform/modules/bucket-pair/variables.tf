variable "name" {
  description = "What the bucket holds, such as shop-static; the buckets are <name>-<account>-<region>."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,30}$", var.name))
    error_message = "name: 2 to 31 lower-case letters, digits or hyphens; the account and region follow it, and S3 allows 63 characters."
  }
}

variable "account_id" {
  description = "Account that owns both buckets."
  type        = string
}

variable "regions" {
  description = "Regions of the two buckets."
  type        = object({ primary = string, secondary = string })

  validation {
    condition     = var.regions.primary != var.regions.secondary
    error_message = "Both buckets would lie in ${var.regions.primary}: a copy in the same region is lost with it."
  }
}

variable "kms_key_arns" {
  description = "Key of each region. Null: S3's own key, for content that is public anyway and that CloudFront reads."
  type        = object({ primary = string, secondary = string })
  default     = null
}

variable "log_buckets" {
  description = "Access-log bucket of each region."
  type        = object({ primary = string, secondary = string })
}

variable "rpo_minutes" {
  description = "How much of the newest data may be missing in the other region. S3 Replication Time Control promises 15."
  type        = number
  default     = 15

  validation {
    condition     = var.rpo_minutes >= 15
    error_message = "S3 promises replication within 15 minutes, no faster. Data that needs a smaller RPO belongs in DynamoDB or Aurora."
  }
}

variable "object_lock_days" {
  description = "Days during which no one, root included, can delete or overwrite a version (compliance mode). 0: no lock. Cannot be turned off later."
  type        = number
  default     = 0

  validation {
    condition     = var.object_lock_days >= 0 && var.object_lock_days <= 3650 && floor(var.object_lock_days) == var.object_lock_days
    error_message = "object_lock_days is a whole number from 0 to 3650."
  }
}

variable "noncurrent_days" {
  description = "How long old versions are kept."
  type        = number
  default     = 90

  validation {
    condition     = var.noncurrent_days >= 7
    error_message = "Keep old versions a week at the least: replication copies a mistaken overwrite faithfully, so old versions are the only way back."
  }
}

variable "archive_after_days" {
  description = "After how many days objects move to Glacier Instant Retrieval. 0: never."
  type        = number
  default     = 0
}

variable "policy_statements" {
  description = "side => further statements for the bucket policy, such as CloudFront's right to read."
  type        = object({ primary = optional(list(any), []), secondary = optional(list(any), []) })
  default     = {}
}
