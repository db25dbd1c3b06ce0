output "protection_ids" {
  description = "name => protection, for the portal's Shield probe."
  value       = { for name, protection in aws_shield_protection.this : name => protection.id }
}
