variable "domain" {
  description = "Name the certificate is for."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain is a plain DNS name in lower case, without a final dot, such as shop.example.com."
  }
}

variable "also" {
  description = "Further names on the same certificate."
  type        = list(string)
  default     = []
}

variable "zone_id" {
  description = "Public zone that proves the names are ours."
  type        = string
}
