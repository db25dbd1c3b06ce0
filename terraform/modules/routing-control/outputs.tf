output "control_arns" {
  description = "side => routing control, for modules/failover and the runbook."
  value       = { for side, control in aws_route53recoverycontrolconfig_routing_control.side : side => control.arn }
}

output "endpoints" {
  description = "The five regional data-plane endpoints. The runbook keeps a copy: asking for them needs a control plane."
  value       = { for endpoint in aws_route53recoverycontrolconfig_cluster.this.cluster_endpoints : endpoint.region => endpoint.endpoint }
}
