#!/usr/bin/env bash
# Measures identikit beside its baselines, on both databases.
#
#   scripts/bench.sh [flags of bench]     go run ./bench --help names them
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh
need_go
case " $* " in
*" --postgres"* | *" --database sqlite "* | *" --database=sqlite "*) ;; # needs no server of its own
*) bin=$(need_postgres) && PATH=$bin:$PATH ;;
esac
exec go run ./bench "$@"
