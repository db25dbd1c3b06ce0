variable "name" {
  description = "Name of the environment, such as cart-142. Becomes the namespace preview-<name>."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name: 3 to 32 lower-case letters, digits or hyphens, starting with a letter, such as cart-142."
  }
}

variable "team" {
  description = "Team that owns it."
  type        = string
}

variable "change" {
  description = "Change that ordered it; written on everything, so that what is found can be traced."
  type        = string
}

variable "size" {
  description = "small: 2 CPUs, 4 GiB. medium: 8 CPUs, 16 GiB."
  type        = string
  default     = "small"

  validation {
    condition     = contains(["small", "medium"], var.size)
    error_message = "size is small or medium. Load tests belong in staging."
  }
}

variable "expires_at" {
  description = "When it may be removed, RFC 3339 in UTC."
  type        = string

  validation {
    condition     = can(formatdate("YYYY", var.expires_at))
    error_message = "expires_at is a time such as 2026-12-01T18:00:00Z. A preview without an end is an environment nobody answers for."
  }
}
