# Bucket and region come from live/<accounts|environments>/<name>.s3.tfbackend. The lock is a file beside the state: no table needed.
terraform {
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}
