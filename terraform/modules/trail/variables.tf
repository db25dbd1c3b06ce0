variable "name" {
  description = "Name of the trail."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9._-]{2,127}$", var.name))
    error_message = "name: 3 to 128 letters, digits, dots, hyphens or underscores, starting with a letter."
  }
}

variable "bucket" {
  description = "Log bucket of this account (modules/log-bucket), whose policy lets CloudTrail write."
  type        = string
}

variable "kms_key_arn" {
  description = "Key for the files; its policy must let CloudTrail use it (modules/keys, logs)."
  type        = string
}
