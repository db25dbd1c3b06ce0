variable "name" {
  description = "Prefix of the buckets and the distribution."
  type        = string
}

variable "account_id" {
  description = "Account that owns everything here."
  type        = string
}

variable "regions" {
  description = "Regions of the two buckets."
  type        = object({ primary = string, secondary = string })
}

variable "log_buckets" {
  description = "Access-log bucket of each region; the primary one also takes CloudFront's logs."
  type        = object({ primary = string, secondary = string })
}

variable "host" {
  description = "Host name of the static content."
  type        = string
}

variable "zone_id" {
  description = "Public zone for the host's record."
  type        = string
}

variable "certificate_arn" {
  description = "Certificate in us-east-1, the only region CloudFront takes one from."
  type        = string

  validation {
    condition     = can(regex("^arn:aws:acm:us-east-1:", var.certificate_arn))
    error_message = "CloudFront takes certificates from us-east-1 only; this one is ${var.certificate_arn}."
  }
}

variable "web_acl_arn" {
  description = "WAF web ACL of scope CLOUDFRONT."
  type        = string

  validation {
    condition     = can(regex("^arn:aws:wafv2:us-east-1:[0-9]{12}:global/webacl/", var.web_acl_arn))
    error_message = "CloudFront needs a web ACL of scope CLOUDFRONT (arn:aws:wafv2:us-east-1:...:global/webacl/...); regional ones are for load balancers."
  }
}

variable "price_class" {
  description = "Which edge locations serve."
  type        = string
  default     = "PriceClass_100"

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.price_class)
    error_message = "price_class is PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}
