#!/usr/bin/env bash
# Redeems the ticket, puts the approved digest into the Deployment, waits until every pod runs it. Parameters are the environment.
# Asked for a share (CANARY_SHARE) it brings up a canary beside what runs and leaves that alone; asked for all, it takes a canary away
# again, whoever brought it up.
set -euo pipefail

: "${PORTOLAN_RUN_ID:?}" "${PORTOLAN_TICKET:?}" "${PORTOLAN_URL:?}" "${SERVICE:?}" "${VERSION:?}" "${DIGEST:?}" "${ENVIRONMENT:?}" "${REGION:?}" "${CLUSTER:?}" "${NAMESPACE:?}"
[[ "$DIGEST" =~ ^sha256:[0-9a-f]{64}$ ]] || { echo "DIGEST is not a digest: $DIGEST" >&2; exit 1; }
[[ "$SERVICE" =~ ^[a-z0-9-]+$ && "$NAMESPACE" =~ ^[a-z0-9-]+$ ]] || { echo "SERVICE or NAMESPACE is not a name" >&2; exit 1; }

CANARY_SHARE="${CANARY_SHARE-}"
[[ "$CANARY_SHARE" =~ ^([1-9][0-9]?)?$ ]] || { echo "CANARY_SHARE is no whole number of percent from 1 to 99: $CANARY_SHARE" >&2; exit 1; }

home="$(mktemp -d)"
trap 'rm -rf "$home"' EXIT
umask 077
export AWS_CONFIG_FILE="$home/config" AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_REGION="$REGION" KUBECONFIG="$home/kubeconfig"
# Whatever identity the pod has, this script must not use it: the session of the ticket or nothing.
unset AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
export AWS_EC2_METADATA_DISABLED=true

echo "redeeming the ticket of run $PORTOLAN_RUN_ID"
# Once, and by standard input: an argument could be read by every process of the pod. No --retry: a second redemption is an alarm.
if ! jq -n '{ticket: env.PORTOLAN_TICKET}' | curl --fail-with-body --silent --show-error --max-time 30 \
  --header 'Content-Type: application/json' --data @- --output "$home/credentials.json" "$PORTOLAN_URL/api/v1/tickets/redeem"; then
  echo "the ticket was not redeemed: $(jq -r '.title // .code // "no answer"' "$home/credentials.json" 2>/dev/null || echo 'no answer')" >&2
  exit 1
fi
unset PORTOLAN_TICKET
jq -e '.Version == 1 and .AccessKeyId and .SecretAccessKey and .SessionToken and .Expiration' "$home/credentials.json" >/dev/null \
  || { echo "the portal's answer is not in credential_process form" >&2; exit 1; }
printf '[default]\nregion = %s\nsts_regional_endpoints = regional\ncredential_process = cat "%s"\n' "$REGION" "$home/credentials.json" >"$AWS_CONFIG_FILE"

echo "session until $(jq -r .Expiration "$home/credentials.json"), cluster $CLUSTER in $REGION"
aws eks update-kubeconfig --name "$CLUSTER" --region "$REGION" --kubeconfig "$KUBECONFIG" >/dev/null

deployment="deployment/$SERVICE"
now="$(kubectl --namespace "$NAMESPACE" get "$deployment" --output "jsonpath={.spec.template.spec.containers[?(@.name=='$SERVICE')].image}")"
[ -n "$now" ] || { echo "$deployment has no container named $SERVICE" >&2; exit 1; }
repository="${now%@*}"; [[ "${repository##*/}" == *:* ]] && repository="${repository%:*}"
image="$repository@$DIGEST"

label=portolan.dev/canary-of
canary="$SERVICE-canary"
kube() { kubectl --namespace "$NAMESPACE" "$@"; }

# A canary is known by its label alone: a Deployment of the same name without it belongs to somebody else.
take_canary_away() {
  local of
  of="$(kube get deployment "$canary" --ignore-not-found --output "jsonpath={.metadata.name} {.metadata.labels.portolan\\.dev/canary-of}")"
  case "$of" in
    "") ;;
    "$canary $SERVICE")
      echo "taking the canary $canary away"
      # Foreground: the Deployment goes after its last pod.
      kube delete deployment "$canary" --ignore-not-found --cascade=foreground --wait --timeout=3m
      ;;
    *) echo "$canary is no canary, and is left alone"; return ;;
  esac
  local left
  left="$(kube get pods --selector "$label=$SERVICE" --output name)"
  [ -z "$left" ] || { echo "pods of the canary are left: $left" >&2; return 1; }
}

if [ -n "$CANARY_SHARE" ]; then
  take_canary_away
  # The service's Deployment again, with one label more and the new image: whatever selects its pods selects the canary's too. None of the
  # labels of the Deployment itself, so that what manages that one does not take this one for its own.
  kube get "$deployment" --output json | jq --arg name "$canary" --arg service "$SERVICE" --arg key "$label" --arg image "$image" \
    --arg run "$PORTOLAN_RUN_ID" --arg version "$VERSION" --argjson share "$CANARY_SHARE" '
    (.spec.replicas // 1) as $all
    | if $all < 1 then error("scaled to none, and there is no share of that") else . end
    | {
        apiVersion, kind,
        metadata: {name: $name, namespace: .metadata.namespace, labels: {($key): $service}},
        spec: (.spec | {selector, template, minReadySeconds, progressDeadlineSeconds}
          | .replicas = ([1, ($share * $all / 100 | ceil)] | max)
          | .selector.matchLabels[$key] = $service
          | .template.metadata = {labels: (.template.metadata.labels + {($key): $service}),
              annotations: ((.template.metadata.annotations // {}) + {"portolan.dev/run": $run, "portolan.dev/version": $version})}
          | (.template.spec.containers[] | select(.name == $service)).image = $image
          | with_entries(select(.value != null)))
      }' >"$home/canary.json"
  echo "$canary: $(jq .spec.replicas "$home/canary.json") pods, $CANARY_SHARE % rounded up, get $image"
  kube create --filename "$home/canary.json"
  kube rollout status "deployment/$canary" --timeout=8m
  echo "the canary of $SERVICE runs $VERSION ($DIGEST) in $CLUSTER in $REGION; everything else runs what it ran before"
  exit 0
fi

if [ "$now" = "$image" ]; then
  echo "$SERVICE runs $DIGEST already"
else
  echo "$SERVICE: $now -> $image"
  jq -n --arg name "$SERVICE" --arg image "$image" --arg run "$PORTOLAN_RUN_ID" --arg version "$VERSION" \
    '{spec: {template: {metadata: {annotations: {"portolan.dev/run": $run, "portolan.dev/version": $version}}, spec: {containers: [{name: $name, image: $image}]}}}}' >"$home/patch.json"
  kubectl --namespace "$NAMESPACE" patch "$deployment" --type strategic --patch-file "$home/patch.json"
fi
kubectl --namespace "$NAMESPACE" rollout status "$deployment" --timeout=8m
take_canary_away
echo "deployed $SERVICE $VERSION ($DIGEST) to $CLUSTER in $REGION"
