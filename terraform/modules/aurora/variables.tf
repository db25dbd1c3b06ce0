variable "name" {
  description = "Name of the cluster in this region, such as shop-production-eu-west-1."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,50}[a-z0-9]$", var.name)) && !strcontains(var.name, "--")
    error_message = "name: 3 to 52 lower-case letters, digits or single hyphens, starting with a letter, not ending with a hyphen."
  }
}

variable "global_cluster_id" {
  description = "Aurora Global Database to join (aws_rds_global_cluster of the root `global`)."
  type        = string
}

variable "is_writer" {
  description = <<-EOT
    Whether this side is the active one. It matters once, when the cluster is created: the writer brings a user and a password, a reader
    brings neither. Afterwards the global database decides who writes, and Terraform does not argue.
  EOT
  type        = bool
}

variable "peer_region" {
  description = "Region of the other side; a reader is created as a copy of it."
  type        = string
}

variable "master_username" {
  description = "Administrator of the database, used once to create roles that sign in by IAM."
  type        = string
  default     = "administrator"
}

variable "creating" {
  description = "True in the one apply that creates the writer, together with master_password; afterwards false, and no password is needed again."
  type        = bool
  default     = false

  validation {
    condition     = !var.creating || var.is_writer
    error_message = "Only the active side creates the database: this side is passive and becomes a copy of the other. Unset creating_database here."
  }
}

variable "master_password" {
  description = "Password of the administrator, needed only when the writer is created. Never stored in state or plan."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "engine_version" {
  description = "Aurora PostgreSQL version; the same in both regions, or promotion is refused."
  type        = string

  validation {
    condition     = can(regex("^1[5-9]\\.[0-9]+$", var.engine_version))
    error_message = "engine_version is exact, such as 16.8. The two regions must run the same one for a switchover."
  }
}

variable "instance_class" {
  description = "Class of each instance."
  type        = string
  default     = "db.r7g.large"

  validation {
    condition     = !startswith(var.instance_class, "db.t")
    error_message = "A global database takes no burstable (db.t) classes; db.r7g.large is the smallest usual one."
  }
}

variable "instances" {
  description = "Instances in this region, spread over zones. The same on both sides: a passive side with fewer is not ready to be promoted."
  type        = number
  default     = 2

  validation {
    condition     = var.instances >= 2 && var.instances <= 15
    error_message = "From 2 (one zone may fail) to 15 (Aurora's limit)."
  }
}

variable "rpo_s" {
  description = "Most seconds of writes that may be lost. Aurora stops commits when no other region is this near."
  type        = number
  default     = 60

  validation {
    condition     = var.rpo_s >= 20 && var.rpo_s <= 2147483647
    error_message = "Aurora cannot hold an RPO below 20 seconds (rds.global_db_rpo). For zero loss use a graceful switchover."
  }
}

variable "backup_days" {
  description = "Days to which the cluster can be restored at any second."
  type        = number
  default     = 35

  validation {
    condition     = var.backup_days >= 7 && var.backup_days <= 35
    error_message = "backup_days lies between 7 and 35. Replication is no backup: it copies a mistaken DELETE within a second."
  }
}

variable "kms_key_arn" {
  description = "Key of this region."
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
  description = "name => security group that may connect."
  type        = map(string)
}

variable "client_cidrs" {
  description = "Private networks that may connect besides: the peer region's private subnets, for the portal that runs there."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.client_cidrs : can(cidrhost(cidr, 0)) && try(tonumber(split("/", cidr)[1]) >= 16, false) && can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", cidr))])
    error_message = "A database is reached from private networks of /16 or smaller only, never from 0.0.0.0/0."
  }
}
