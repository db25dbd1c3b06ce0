variable "protections" {
  description = "name => what Shield Advanced protects, with the Route 53 health checks that tell it when an attack hurts."
  type        = map(object({ resource_arn = string, health_check_arns = optional(list(string), []) }))

  validation {
    condition     = length(var.protections) > 0
    error_message = "Name what to protect. Without Shield Advanced leave this module out: Shield Standard protects everything anyway and costs nothing."
  }
}

variable "emergency_contacts" {
  description = "Whom AWS's response team reaches during an attack: e-mail => phone in E.164 form."
  type        = map(string)

  validation {
    condition     = length(var.emergency_contacts) > 0 && alltrue([for phone in var.emergency_contacts : can(regex("^\\+[1-9][0-9]{1,14}$", phone))])
    error_message = "At least one contact, with a phone like +4930123456."
  }
}

variable "response_team_role_name" {
  description = "Name of the role with which AWS's response team may look at and change WAF during an attack."
  type        = string
  default     = "portolan-shield-response-team"
}
