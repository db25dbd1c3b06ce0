variable "name" {
  description = "Prefix of alarms, dashboard and log groups, such as europe-primary."
  type        = string
}

variable "region" {
  description = "Region watched."
  type        = string
}

variable "peer_region" {
  description = "The other region, where replication goes."
  type        = string
}

variable "kms_key_arn" {
  description = "Key for log groups."
  type        = string
}

variable "log_groups" {
  description = "name => days kept, for applications' logs."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for days in var.log_groups : contains([30, 60, 90, 180, 365, 400, 545, 731, 1096, 1827, 3653], days)])
    error_message = "CloudWatch keeps logs for 30, 60, 90, 180, 365, 400, 545, 731, 1096, 1827 or 3653 days; forever is not offered because it is never meant."
  }
}

variable "load_balancer" {
  description = "The region's ALB and its target groups, by CloudWatch's names."
  type        = object({ arn_suffix = string, target_groups = map(string), serving_target = string })
}

variable "node_groups" {
  description = "node group => its Auto Scaling group and how many nodes must be in service."
  type        = map(object({ autoscaling_group = string, min = number }))
}

variable "aurora" {
  description = "The region's Aurora cluster and the RPO to hold."
  type        = object({ cluster_id = string, rpo_s = number })
}

variable "databases" {
  description = "Regional RDS instances."
  type        = list(string)
  default     = []
}

variable "tables" {
  description = "DynamoDB global tables watched on their way out of this region: name => RPO in seconds."
  type        = map(number)
  default     = {}
}

variable "replicated_buckets" {
  description = "source bucket => destination bucket and rule of its replication out of this region."
  type        = map(object({ destination = string, rule = string }))
  default     = {}
}
