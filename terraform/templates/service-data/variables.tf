variable "service" {
  description = "Service the data is for."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.service))
    error_message = "service: 2 to 31 lower-case letters, digits or hyphens."
  }
}

variable "environment" {
  description = "Environment the data is in."
  type        = string
}

variable "account_id" {
  description = "Account of the environment."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is twelve digits, leading zeros included: write it in quotes."
  }
}

variable "cluster" {
  description = "Cluster whose pods use it."
  type        = string
}

variable "namespace" {
  description = "Namespace of the service's pods."
  type        = string
}

variable "regions" {
  description = "Regions of the pair; the provider is of the first."
  type        = object({ primary = string, secondary = string })

  validation {
    condition     = var.regions.primary != var.regions.secondary
    error_message = "Data of a paired environment lies in both regions; both are ${var.regions.primary}."
  }
}

variable "kms_key_arns" {
  description = "The environment's data key in each region."
  type        = object({ primary = string, secondary = string })
}

variable "hash_key" {
  description = "Partition key of the table."
  type        = object({ name = string, type = string })
}

variable "change" {
  description = "Change that ordered it."
  type        = string
}
