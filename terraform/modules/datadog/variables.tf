variable "account_id" {
  description = "AWS account that Datadog reads."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is twelve digits, leading zeros included: write it in quotes."
  }
}

variable "datadog_account_id" {
  description = "Datadog's own AWS account, which depends on the Datadog site."
  type        = string
  default     = "464622532012"
}

variable "regions" {
  description = "Regions of the pair."
  type        = object({ primary = string, secondary = string })
}

variable "services" {
  description = "service => team that is told. Each gets an error-rate and a latency monitor and an availability SLO, in both regions."
  type        = map(object({ team = string, slo_percent = optional(number, 99.9) }))

  validation {
    condition     = alltrue([for service in var.services : service.slo_percent >= 90 && service.slo_percent < 100])
    error_message = "slo_percent lies between 90 and 99.999; 100 leaves no room for a single failed request."
  }
}

variable "notify" {
  description = "Datadog handle that is told, such as @webhook-portolan or @pagerduty-platform."
  type        = string

  validation {
    condition     = startswith(var.notify, "@")
    error_message = "A Datadog handle starts with @."
  }
}
