variable "name" {
  description = "Name of the web ACL."
  type        = string
}

variable "scope" {
  description = "REGIONAL for load balancers, CLOUDFRONT for distributions (then the provider must be of us-east-1)."
  type        = string

  validation {
    condition     = contains(["REGIONAL", "CLOUDFRONT"], var.scope)
    error_message = "scope must be REGIONAL or CLOUDFRONT."
  }
}

variable "requests_per_5_minutes" {
  description = "Requests one address may make in five minutes before it is blocked."
  type        = number
  default     = 2000

  validation {
    condition     = var.requests_per_5_minutes >= 100
    error_message = "WAF counts from 100 up; below that ordinary readers would be blocked."
  }
}

variable "login_paths" {
  description = "Path prefixes on which one address may make only login_requests_per_5_minutes."
  type        = list(string)
  default     = ["/auth/"]

  validation {
    condition     = alltrue([for path in var.login_paths : startswith(path, "/") && length(path) > 1])
    error_message = "A login path starts with / and is not / itself, which would slow down everything."
  }
}

variable "login_requests_per_5_minutes" {
  description = "Requests to a login path from one address in five minutes."
  type        = number
  default     = 50

  validation {
    condition     = var.login_requests_per_5_minutes >= 10
    error_message = "WAF counts from 10 up."
  }
}

variable "signed_path_prefix" {
  description = "Path prefix of inbound hooks, whose bodies the managed rules leave alone: the application checks their signature before it reads them. Null: none."
  type        = string
  default     = null

  validation {
    condition     = var.signed_path_prefix == null ? true : can(regex("^/[a-z0-9/_-]+/$", var.signed_path_prefix))
    error_message = "signed_path_prefix is a folder such as /api/v1/hooks/, with slashes at both ends; / would take the rules off everything."
  }
}

variable "resource_arns" {
  description = "name => load balancer to protect (REGIONAL only; a distribution names its web ACL itself)."
  type        = map(string)
  default     = {}
}

variable "kms_key_arn" {
  description = "Key for the log group; null uses AWS's own, for us-east-1 where the pair has no key."
  type        = string
}
