variable "name" {
  description = "Prefix of topics, rules and queues."
  type        = string
}

variable "account_id" {
  description = "Account of the events."
  type        = string
}

variable "region" {
  description = "Region of the events. us-east-1 needs this module too: Route 53's alarms exist nowhere else."
  type        = string
}

variable "kms_key_arn" {
  description = "Key for topics and queues; EventBridge, CloudWatch and SNS must be allowed to use it (modules/keys, messages)."
  type        = string
}

variable "email" {
  description = "Addresses told of what needs a look (inform) and of what needs somebody now (page). Each has to confirm once."
  type        = object({ page = optional(list(string), []), inform = optional(list(string), []) })
  default     = {}

  validation {
    condition     = alltrue([for address in concat(var.email.page, var.email.inform) : can(regex("^[^@ ]+@[^@ ]+\\.[a-z]{2,}$", address))])
    error_message = "An entry of email is not an e-mail address."
  }
}

variable "sms" {
  description = "Phones that are paged, in E.164 form."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for phone in var.sms : can(regex("^\\+[1-9][0-9]{1,14}$", phone))])
    error_message = "A phone is written like +4930123456, country code first."
  }
}

variable "portal_hook" {
  description = "The portal's address for SNS over HTTPS, where it can be reached publicly; null until it answers (SNS asks it to confirm during the apply) and where it is internal."
  type        = string
  default     = null

  validation {
    condition     = var.portal_hook == null || can(regex("^https://[^/]+/api/v1/hooks/sns$", var.portal_hook))
    error_message = "portal_hook is https://<portal>/api/v1/hooks/sns; SNS must not send alarms in the clear."
  }
}
