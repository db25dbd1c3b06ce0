output "arn" {
  description = "The load balancer, for WAF and Shield."
  value       = aws_lb.this.arn
}

output "arn_suffix" {
  description = "As CloudWatch names it."
  value       = aws_lb.this.arn_suffix
}

output "dns_name" {
  description = "For alias records."
  value       = aws_lb.this.dns_name
}

output "zone_id" {
  description = "For alias records."
  value       = aws_lb.this.zone_id
}

output "target_groups" {
  description = "target => ARN (for TargetGroupBinding) and suffix (for alarms on target health)."
  value       = { for name, group in aws_lb_target_group.this : name => { arn = group.arn, arn_suffix = group.arn_suffix } }
}

output "hosts" {
  description = "target => host names it serves; none: all that no other does."
  value       = { for name, target in var.targets : name => target.hosts }
}
