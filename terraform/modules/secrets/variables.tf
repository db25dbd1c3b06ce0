variable "secrets" {
  description = "name => what it holds. The values are put in by hand or by their makers, never by Terraform."
  type        = map(string)

  validation {
    condition     = alltrue([for name in keys(var.secrets) : can(regex("^[a-z0-9/-]{3,100}$", name))])
    error_message = "A secret's name is lower-case letters, digits, hyphens and slashes, such as portolan/application."
  }
}

variable "kms_key_arn" {
  description = "Key of the provider's region."
  type        = string
}

variable "replica" {
  description = "The other region and its key: a region that has to ask the other for its secrets cannot serve alone."
  type        = object({ region = string, kms_key_arn = string })
}
