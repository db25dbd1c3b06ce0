variable "name" {
  description = "Prefix of the analyzers."
  type        = string
}

variable "unused_after_days" {
  description = "After how many days without use a right, role or key is reported."
  type        = number
  default     = 90

  validation {
    condition     = var.unused_after_days >= 1 && var.unused_after_days <= 365
    error_message = "unused_after_days lies between 1 and 365."
  }
}

variable "analyze_unused" {
  description = "Whether this region also looks for unused access. IAM is global and the analyzer is paid by role: turn it on in one region only."
  type        = bool
}

variable "expected_external" {
  description = "rule name => principal (account or federated ARN) whose access is intended, such as the platform account's portal role. Findings of it are archived."
  type        = map(list(string))
  default     = {}

  validation {
    condition     = alltrue([for principals in var.expected_external : length(principals) > 0 && !contains(principals, "*")])
    error_message = "An archive rule for * would hide every finding, above all the ones that matter."
  }
}
