output "health_check_ids" {
  description = "check => id, for the portal's probes and the alarms in us-east-1."
  value       = merge(local.endpoints, local.deciding, { side = aws_route53_health_check.side.id })
}

output "records" {
  description = "host => the failover record as the portal's probe should find it."
  value = { for name, record in aws_route53_record.failover : name => {
    fqdn           = record.name
    failover       = record.failover_routing_policy[0].type
    set_identifier = record.set_identifier
    alias          = record.alias[0].name
  } }
}

output "control_object" {
  description = "Writing this object, with this content, takes the side out; deleting it brings it back."
  value       = { key = trimprefix(local.control_path, "/"), content = local.control_word }
}
