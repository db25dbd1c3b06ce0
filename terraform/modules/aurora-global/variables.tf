variable "name" {
  description = "Name of the global database, such as shop-production."
  type        = string
}

variable "environment" {
  description = "Environment it belongs to; operators may move it only in a session made for that environment."
  type        = string
}

variable "engine_version" {
  description = "Aurora PostgreSQL version, exact; both sides take it."
  type        = string

  validation {
    condition     = can(regex("^1[5-9]\\.[0-9]+$", var.engine_version))
    error_message = "engine_version is exact, such as 16.8."
  }
}

variable "database" {
  description = "First database."
  type        = string
  default     = "app"
}

variable "kms_key_arn" {
  description = "Key of the provider's region, for the administrator's secret."
  type        = string
}

variable "replica" {
  description = "The other region and its key."
  type        = object({ region = string, kms_key_arn = string })
}
