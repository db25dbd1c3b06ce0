output "zone_id" {
  description = "The zone."
  value       = aws_route53_zone.this.zone_id
}

output "domain" {
  description = "Domain of the zone."
  value       = aws_route53_zone.this.name
}

output "name_servers" {
  description = "To be entered at the registrar, once."
  value       = aws_route53_zone.this.name_servers
}
