output "external_arn" {
  description = "Analyzer of external access."
  value       = aws_accessanalyzer_analyzer.external.arn
}
