# Bucket, region and key come from live/<accounts|environments>/*.s3.tfbackend. The lock is a file beside the state: no table needed.
# `encrypt` is left out on purpose: it would ask for S3's own key, and the bucket's default is ours (modules/bucket-pair).
terraform {
  backend "s3" {
    use_lockfile = true
  }
}
