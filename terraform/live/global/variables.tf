variable "account_id" {
  description = "Account of the environment."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is twelve digits, leading zeros included: write it in quotes."
  }
}

variable "system" {
  description = "System, such as shop."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}$", var.system))
    error_message = "system: 2 to 21 lower-case letters, digits or hyphens, starting with a letter."
  }
}

variable "environment" {
  description = "Environment, such as production."
  type        = string

  # As modules/region has it, and here first: what this root makes keeps its names for good.
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,15}$", var.environment)) && length("${var.system}-${var.environment}") <= 20
    error_message = "environment: 2 to 16 lower-case letters, digits or hyphens, and \"${var.system}-${var.environment}\" 20 at the most: clusters, balancers and IAM roles of the regions carry it in names that AWS keeps short."
  }
}

variable "region_pair" {
  description = "The two regions and which serves; see modules/region-pair. After a failover set `active` here, in this one file."
  type = object({
    name      = string
    active    = string
    primary   = object({ region = string, cidr = string, zones = optional(list(string), ["a", "b", "c"]) })
    secondary = object({ region = string, cidr = string, zones = optional(list(string), ["a", "b", "c"]) })
  })
}

variable "domain" {
  description = "Public domain of the environment."
  type        = string
}

variable "postgres_version" {
  description = "PostgreSQL version, exact."
  type        = string
}

variable "rpo_s" {
  description = "RPO of the environment in seconds."
  type        = number

  validation {
    condition     = var.rpo_s >= 20
    error_message = "rpo_s is ${var.rpo_s}: Aurora holds no RPO below 20 seconds, and the regions' roots would refuse it once the databases are made. For zero loss use a graceful switchover."
  }
}

variable "tables" {
  description = "DynamoDB global tables: name => keys."
  type = map(object({
    hash_key   = object({ name = string, type = string })
    range_key  = optional(object({ name = string, type = string }))
    expires_by = optional(string)
  }))
  default = {}
}

variable "email" {
  description = "Who is told of Route 53, sign-ins and CloudFront; see modules/events."
  type        = object({ page = optional(list(string), []), inform = optional(list(string), []) })
}

variable "datadog" {
  description = "Services watched by Datadog and who is told; null where Datadog is not used, and in all but one environment of an account: Datadog knows an account once."
  type = object({
    services = map(object({ team = string, slo_percent = optional(number, 99.9) }))
    notify   = string
  })
  default = null
}

variable "routing_control" {
  description = "Whether traffic is also switched by Application Recovery Controller (about 1,800 $ a month)."
  type        = bool
  default     = false
}

variable "shield" {
  description = "Shield Advanced: whom AWS's response team reaches, and the load balancers with their health checks once the regions exist. Null: Standard."
  type = object({
    emergency_contacts = map(string)
    load_balancers     = optional(map(object({ resource_arn = string, health_check_arns = list(string) })), {})
  })
  default = null
}
