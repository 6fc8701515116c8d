#!/usr/bin/env bash
# The newcomer's way: a fresh clone, an empty npm prefix and cache folder of its own, the machine's own Node; then the README's commands.
set -euo pipefail
cd "$(dirname "$0")/.."

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
git clone --quiet --no-local . "$place/trainyard"
cd "$place/trainyard"

export npm_config_prefix="$place/prefix" HOME="$place/home" XDG_CACHE_HOME="$place/cache"
mkdir -p "$npm_config_prefix" "$HOME" "$XDG_CACHE_HOME"
unset DATABASE_URL KAFKA_BROKERS NODE_OPTIONS
echo "newcomer: Node $(node --version), npm $(npm --version)"
time make demo
time make test
