variable "name" {
  description = "Name of the instance."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,50}[a-z0-9]$", var.name)) && !strcontains(var.name, "--")
    error_message = "name: 3 to 52 lower-case letters, digits or single hyphens, starting with a letter, not ending with a hyphen."
  }
}

variable "engine_version" {
  description = "PostgreSQL version, exact."
  type        = string

  validation {
    condition     = can(regex("^1[5-9]\\.[0-9]+$", var.engine_version))
    error_message = "engine_version is exact, such as 16.8."
  }
}

variable "instance_class" {
  description = "Class of the instance and its standby."
  type        = string
  default     = "db.m7g.large"
}

variable "storage_gib" {
  description = "First size and the size up to which it grows by itself."
  type        = object({ initial = number, max = number })
  default     = { initial = 100, max = 500 }

  validation {
    condition     = var.storage_gib.initial >= 20 && var.storage_gib.max >= ceil(var.storage_gib.initial * 1.1)
    error_message = "initial is 20 GiB at the least, and max must exceed it by a tenth, or the disk cannot grow and the database stops when it is full."
  }
}

variable "backup_days" {
  description = "Days to which the instance can be restored at any second, in this region and, from the copy, in the peer."
  type        = number
  default     = 14

  validation {
    condition     = var.backup_days >= 7 && var.backup_days <= 35
    error_message = "backup_days lies between 7 and 35."
  }
}

variable "kms_key_arn" {
  description = "Key of this region."
  type        = string
}

variable "peer_kms_key_arn" {
  description = "Key of the peer region, for the copied backups."
  type        = string
}

variable "log_kms_key_arn" {
  description = "Key for the PostgreSQL log group."
  type        = string
}

variable "vpc_id" {
  description = "VPC of this region."
  type        = string
}

variable "subnet_group" {
  description = "Subnet group over the database subnets."
  type        = string
}

variable "client_security_group_ids" {
  description = "name => security group that may connect. There is no way to name a network: a regional database has regional clients."
  type        = map(string)
}
