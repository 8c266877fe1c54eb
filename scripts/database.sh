#!/usr/bin/env bash
# The private TimescaleDB: database.sh start|stop|kill|clean|url|psql NAME
cd "$(dirname "$0")/.." || exit 1
. scripts/announce.sh
. scripts/setup/packages.sh
. scripts/setup/timescaledb.sh

cluster "${2:-demo}"
case ${1:-} in
  start) start_cluster ;;
  stop) stop_cluster ;;
  clean) remove_cluster ;;
  server-start) server_program pg_ctl -D "$(server_data_dir)" -o "-p $cluster_port" -l "$(server_data_dir)/server.log" -w -t 60 start ;;
  kill) kill_cluster ;;
  url) cluster_url postgres "${3:-postgres}" ;;
  psql) cluster_sql -d "${3:-factory}" "${@:4}" ;;
  *) fail "usage: database.sh start|stop|kill|clean|url|psql [demo|test|outage|crash|bench]" ;;
esac
