# What everybody did in the account, in every region. Without a trail EventBridge hears no API call and no sign-in (modules/events), and
# the portal's audit log has nothing to be joined with: sessions are named by step and carry the person as source identity.

resource "aws_cloudtrail" "this" {
  #checkov:skip=CKV_AWS_252:New files of the trail are nobody's news; EventBridge carries what is (modules/events).
  #checkov:skip=CKV2_AWS_10:Events go to EventBridge, which alarms on them; a second copy in CloudWatch Logs would only cost.
  name                          = var.name
  s3_bucket_name                = var.bucket
  s3_key_prefix                 = "trail"
  kms_key_id                    = var.kms_key_arn
  is_multi_region_trail         = true
  include_global_service_events = true # IAM, STS, Route 53, CloudFront
  enable_log_file_validation    = true # digests, signed hour by hour

  # Management events alone; object and item events cost by the million.
  event_selector {
    read_write_type           = "All"
    include_management_events = true
  }
}
