/**
 * Builds, tests, scans and pushes a service's image by digest, and reports the release to Portolan. It does not deploy: a person
 * asks Portolan for that.
 *
 *   portolanRelease(service: 'cart', test: 'make test', registry: '200000000002.dkr.ecr.eu-west-1.amazonaws.com')
 */
def call(Map settings) {
    def required = ['service', 'test', 'registry', 'portolanUrl']
    def missing = required.findAll { !settings[it] }
    if (missing) {
        error "portolanRelease needs ${missing.join(', ')}"
    }

    podTemplate(yaml: libraryResource('release-pod.yaml')) {
        node(POD_LABEL) {
            checkout scm
            def commit = sh(script: 'git rev-parse HEAD', returnStdout: true).trim()
            def version = sh(script: 'git describe --tags --exact-match 2>/dev/null || true', returnStdout: true).trim()
            def image = "${settings.registry}/shop/${settings.service}"

            stage('Test') {
                container('build') { sh settings.test }
            }
            stage('Build') {
                container('build') {
                    withEnv(["IMAGE=${image}", "COMMIT=${commit}"]) {
                        sh 'buildctl-daemonless.sh build --frontend dockerfile.v0 --local context=. --local dockerfile=. --opt "label:org.opencontainers.image.revision=$COMMIT" --output type=oci,dest=image.tar --metadata-file build.json'
                    }
                }
            }
            stage('Scan') {
                // Before it is pushed: what fails here never gets a digest anybody could ask to deploy.
                container('scan') { sh 'trivy image --input image.tar --exit-code 1 --severity HIGH,CRITICAL --ignore-unfixed' }
            }
            if (!version) {
                echo "No tag at ${commit}: built and scanned, not released."
                return
            }
            def digest = ''
            stage('Push') {
                container('build') {
                    withEnv(["IMAGE=${image}", "VERSION=${version}"]) {
                        sh 'crane push image.tar "$IMAGE:$VERSION" --image-refs ref.txt'
                        digest = sh(script: 'sed "s/.*@//" ref.txt', returnStdout: true).trim()
                    }
                }
                if (!(digest ==~ /sha256:[0-9a-f]{64}/)) {
                    error "The registry gave no digest: ${digest}"
                }
            }
            stage('Report') {
                withCredentials([string(credentialsId: 'portolan-release-token', variable: 'PORTOLAN_TOKEN')]) {
                    writeJSON file: 'release.json', json: [version: version, commit: commit, digest: digest, build: env.BUILD_URL]
                    withEnv(["URL=${settings.portolanUrl}/api/v1/services/${settings.service}/releases", "KEY=${settings.service}-${version}-${digest}"]) {
                        // The token goes in by a file descriptor: an argument could be read by every process of the pod.
                        sh '''#!/bin/bash
                            set +x -euo pipefail
                            curl --fail-with-body --silent --show-error --max-time 30 --retry 5 --retry-connrefused \
                              --header @<(printf 'Authorization: Bearer %s' "$PORTOLAN_TOKEN") \
                              --header "Idempotency-Key: $KEY" --header 'Content-Type: application/json' --data @release.json "$URL"'''
                    }
                }
            }
        }
    }
}
