output "detector_id" {
  description = "GuardDuty's detector in this region."
  value       = aws_guardduty_detector.this.id
}
