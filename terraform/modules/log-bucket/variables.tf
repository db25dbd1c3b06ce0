variable "name" {
  description = "Prefix; the bucket is <name>-logs-<account>-<region>."
  type        = string
}

variable "account_id" {
  description = "Account that owns the bucket and whose services may write to it."
  type        = string
}

variable "region" {
  description = "Region of the bucket: services log only to a bucket in their own region."
  type        = string
}

variable "keep_days" {
  description = "How long access logs are kept."
  type        = number
  default     = 400

  validation {
    condition     = var.keep_days >= 90
    error_message = "Keep access logs for 90 days at the least: intrusions are often found weeks later."
  }
}
