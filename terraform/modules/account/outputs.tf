output "autoscaling_role_arn" {
  description = "Auto Scaling's service-linked role."
  value       = aws_iam_service_linked_role.autoscaling.arn
}
