variable "pair_name" {
  description = "Name of the region pair."
  type        = string
}

variable "side" {
  description = "The side these records and checks are of: primary or secondary."
  type        = string

  validation {
    condition     = contains(["primary", "secondary"], var.side)
    error_message = "side must be \"primary\" or \"secondary\"."
  }
}

variable "region" {
  description = "Region of this side; where the alarm of alarm_name lives."
  type        = string
}

variable "zone_id" {
  description = "Public zone."
  type        = string
}

variable "hosts" {
  description = "name => what is served under it: the public host name both sides share, the path to check, and a word the answer must contain."
  type = map(object({
    fqdn    = string
    path    = string
    expect  = string
    decides = optional(bool, true) # whether its failing takes the side out
  }))

  validation {
    condition     = alltrue([for host in var.hosts : startswith(host.path, "/") && length(host.expect) > 0 && length(host.expect) <= 255])
    error_message = "path starts with / and expect is 1 to 255 characters: a check for a bare 200 is content with an error page."
  }

  validation {
    condition     = anytrue([for host in var.hosts : host.decides])
    error_message = "At least one host must decide, or nothing that users see would ever take a side out."
  }
}

variable "load_balancer" {
  description = "This side's load balancer."
  type        = object({ dns_name = string, zone_id = string })
}

variable "alarm_name" {
  description = "CloudWatch alarm, in this side's region, that means this side cannot serve although it answers (no healthy writer, no healthy targets)."
  type        = string
}

variable "control_host" {
  description = "Host name that serves the control objects; modules/static-content, through CloudFront from both regions' buckets."
  type        = string
}

variable "routing_control_arn" {
  description = "ARC routing control of this side, where modules/routing-control is used."
  type        = string
  default     = null
}
