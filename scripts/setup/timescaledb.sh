# A private TimescaleDB server, one of three ways, and the clusters on it.
#
#   local   PostgreSQL programs on this machine that have the extension
#   docker  the image timescale/timescaledb (Community edition)
#   trixie  Debian 13 in a directory, with postgresql-17-timescaledb (Apache edition); root on Debian or Ubuntu only
#
# A cluster has a name: "demo" is what `make run` shows and keeps, "test" lives as long as `make test` does, "bench" as long as
# `make bench`, "outage" and "crash" are stopped and started by a test each.
# Each listens on 127.0.0.1 only and has its own generated password, kept beside it with mode 0600.

database_dir="$tools_dir/database"
trixie_root="$tools_dir/trixie"
debian_keys=/usr/share/keyrings/debian-archive-keyring.gpg
docker_image=timescale/timescaledb:latest-pg17

# cluster NAME: choose the cluster that the functions below work on.
cluster() {
  cluster_name=$1
  case $1 in
    # Below the ports that outgoing connections are given: one of those could hold it just now.
    demo) cluster_port=25432 ;;
    test) cluster_port=25433 ;;
    outage) cluster_port=25434 ;;
    bench) cluster_port=25435 ;;
    crash) cluster_port=25436 ;;
    *) fail "there is no cluster \"$1\"" ;;
  esac
  cluster_dir="$database_dir/$1"
}

# The directory of local PostgreSQL programs that have the extension, or nothing.
local_server_programs() {
  local config
  for config in $(command -v pg_config || true) /usr/lib/postgresql/*/bin/pg_config; do
    [ -x "$config" ] || continue
    if [ -e "$("$config" --sharedir)/extension/timescaledb.control" ] && [ -x "$("$config" --bindir)/initdb" ]; then
      "$config" --bindir
      return
    fi
  done
}

# Which way this machine goes. Remembered beside the cluster, because its data belong to that server.
server_kind() {
  if [ -s "$cluster_dir/kind" ]; then cat "$cluster_dir/kind"
  elif [ -n "$(local_server_programs)" ]; then echo local
  elif have docker && docker info >/dev/null 2>&1; then echo docker
  elif [ "$(id -u)" = 0 ] && have apt-get; then echo trixie
  else
    fail "no TimescaleDB to start: install PostgreSQL with the timescaledb extension, or Docker, or set TIDEMARK_DATABASE_URL"
  fi
}

install_trixie_root() {
  rm -rf "$trixie_root.partial"
  # Without a mirror named, debootstrap takes its own default.
  debootstrap --variant=minbase --force-check-gpg --keyring="$debian_keys" trixie "$trixie_root.partial"
  printf '#!/bin/sh\nexit 101\n' >"$trixie_root.partial/usr/sbin/policy-rc.d" # no service starts in there
  chmod +x "$trixie_root.partial/usr/sbin/policy-rc.d"
  cp /etc/resolv.conf "$trixie_root.partial/etc/resolv.conf"
  if [ -d /etc/apt/apt.conf.d ]; then
    find /etc/apt/apt.conf.d -maxdepth 1 -iname '*proxy*' -exec cp {} "$trixie_root.partial/etc/apt/apt.conf.d/" \;
  fi
  chroot "$trixie_root.partial" env DEBIAN_FRONTEND=noninteractive sh -c \
    'mkdir -p /etc/postgresql-common && echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf &&
     apt-get update && apt-get install -y --no-install-recommends postgresql-17-timescaledb'
  mv "$trixie_root.partial" "$trixie_root"
}

server_is_missing() { [ "$(server_kind)" = trixie ] && [ ! -d "$trixie_root" ]; }

install_server_packages() {
  missing_packages=()
  need_package debootstrap debootstrap "a Debian 13 directory with TimescaleDB"
  # Ubuntu has debootstrap, but not the keys to check Debian's packages with.
  [ -e "$debian_keys" ] || missing_packages+=(debian-archive-keyring)
  install_packages "${missing_packages[@]}"
}

# Begins to fetch the server, which waits for the network, while the builds, which wait for the processor, go on.
begin_server_setup() {
  server_is_missing || return 0
  install_server_packages
  say "==> TimescaleDB from Debian 13 (Apache edition) … begun, goes on beside what follows"
  (set -e; install_trixie_root) >"$tools_dir/log/trixie.log" 2>&1 </dev/null &
  server_setup_pid=$!
}

await_server_setup() {
  while kill -0 "$server_setup_pid" 2>/dev/null; do sleep 0.2; done
  if [ ! -d "$trixie_root" ]; then
    cat "$tools_dir/log/trixie.log"
    return 1
  fi
}

install_server() {
  if [ -n "${server_setup_pid:-}" ]; then
    step "TimescaleDB from Debian 13 (Apache edition)" await_server_setup
    server_setup_pid=
  elif server_is_missing; then
    install_server_packages
    step "TimescaleDB from Debian 13 (Apache edition)" install_trixie_root
  fi
}

# Where the server sees the cluster's data, and where this shell does.
server_data_dir() {
  case $(server_kind) in
    trixie) echo "/var/lib/tidemark/$cluster_name" ;;
    # PostgreSQL does not run as root, and the user it runs as cannot look into root's home.
    *) if [ "$(id -u)" = 0 ]; then echo "/var/lib/tidemark/$cluster_name"; else echo "$cluster_dir/data"; fi ;;
  esac
}

host_data_dir() {
  case $(server_kind) in
    trixie) echo "$trixie_root$(server_data_dir)" ;;
    *) server_data_dir ;;
  esac
}

# server_program PROGRAM ARGUMENT…: run one of PostgreSQL's own programs as the user that owns the data.
server_program() {
  local program=$1
  shift
  case $(server_kind) in
    trixie)
      # /proc and /dev are mounted in a mount namespace of the server's own: nothing stays mounted afterwards,
      # and removing the directory can never reach through a mount.
      # shellcheck disable=SC2016
      unshare --mount sh -c '
        root=$1; shift
        mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" &&
          exec chroot "$root" setpriv --reuid=postgres --regid=postgres --init-groups \
            env -i PATH=/usr/lib/postgresql/17/bin:/usr/bin:/bin LC_ALL=C.UTF-8 PGPASSWORD="${PGPASSWORD:-}" "$@"' \
        sh "$trixie_root" "/usr/lib/postgresql/17/bin/$program" "$@"
      ;;
    local)
      if [ "$(id -u)" = 0 ]; then
        (cd / && setpriv --reuid=postgres --regid=postgres --init-groups "$(local_server_programs)/$program" "$@")
      else
        "$(local_server_programs)/$program" "$@"
      fi
      ;;
    *) fail "$program cannot be run by hand in $(server_kind)" ;;
  esac
}

cluster_password() { cat "$cluster_dir/password"; }

# cluster_url ROLE DATABASE
cluster_url() { printf 'postgres://%s:%s@127.0.0.1:%s/%s' "$1" "$(cluster_password)" "$cluster_port" "$2"; }

cluster_sql() {
  case $(server_kind) in
    docker)
      # By TCP: the image's temporary server, which ends before the real one starts, listens on its socket only.
      docker exec -i -e PGPASSWORD="$(cluster_password)" "tidemark-$cluster_name" psql -h 127.0.0.1 -X -q -v ON_ERROR_STOP=1 -U postgres "$@" ;;
    *) PGPASSWORD=$(cluster_password) server_program psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$cluster_port" -U postgres "$@" ;;
  esac
}

# The official functions lock every chunk they look at.
cluster_locks() { [ "$cluster_name" = bench ] && echo 1024 || echo 256; }

# Settings that the console's demo and tests want; everything else is PostgreSQL's default.
cluster_settings() {
  cat <<SETTINGS
listen_addresses = '127.0.0.1'
port = $cluster_port
unix_socket_directories = ''
shared_preload_libraries = 'timescaledb,pg_stat_statements'
timescaledb.telemetry_level = off
timescaledb.max_background_workers = 16
max_worker_processes = 40
max_locks_per_transaction = $(cluster_locks)
shared_buffers = 512MB
maintenance_work_mem = 256MB
max_wal_size = 4GB
log_min_messages = warning
SETTINGS
  # A test cluster is thrown away: nothing in it is worth a disk flush.
  [ "$cluster_name" = demo ] || printf 'fsync = off\nfull_page_writes = off\nsynchronous_commit = off\nmax_connections = 200\n'
}

create_cluster() {
  local kind
  kind=$(server_kind)
  mkdir -p "$cluster_dir"
  (umask 077 && head -c 18 /dev/urandom | base64 | tr '+/' 'ab' >"$cluster_dir/password")
  if [ "$kind" = docker ]; then
    docker rm -f "tidemark-$cluster_name" >/dev/null 2>&1 || true
    docker volume rm "tidemark-$cluster_name" >/dev/null 2>&1 || true
  else
    local data host
    data=$(server_data_dir) host=$(host_data_dir)
    rm -rf "${host:?}"
    mkdir -p "$host"
    chmod 700 "$host"
    if [ "$kind" = trixie ]; then
      chroot "$trixie_root" chown postgres:postgres "$data"
    elif [ "$(id -u)" = 0 ]; then
      chown postgres:postgres "$host"
    fi
    # initdb reads the password as the server's user.
    install -m 600 "$cluster_dir/password" "$host.password"
    chown --reference="$host" "$host.password"
    server_program initdb -D "$data" -U postgres -E UTF8 --locale=C.UTF-8 --auth=scram-sha-256 --pwfile="$data.password"
    rm "$host.password"
    cluster_settings >>"$host/postgresql.conf"
  fi
  echo "$kind" >"$cluster_dir/kind"
}

cluster_answers() { cluster_sql -d postgres -c 'select 1' >/dev/null 2>&1; }

start_server() {
  if [ "$(server_kind)" = docker ]; then
    docker start "tidemark-$cluster_name" >/dev/null 2>&1 ||
      docker run -d --name "tidemark-$cluster_name" -p "127.0.0.1:$cluster_port:5432" \
        -v "tidemark-$cluster_name:/var/lib/postgresql/data" -e POSTGRES_PASSWORD="$(cluster_password)" "$docker_image" \
        postgres -c shared_preload_libraries=timescaledb,pg_stat_statements -c timescaledb.telemetry_level=off \
        -c max_locks_per_transaction="$(cluster_locks)" -c max_worker_processes=40 -c max_connections=200
    for _ in $(seq 120); do
      ! cluster_answers || return 0
      sleep 0.5
    done
    docker logs --tail 40 "tidemark-$cluster_name"
    return 1
  fi
  # The server outlives this shell: Ctrl-C in `make run` must not reach it.
  setsid --wait scripts/database.sh server-start "$cluster_name"
}

# Where the cluster is, with its server running. Idempotent.
start_cluster() {
  install_server
  if [ ! -s "$cluster_dir/kind" ]; then
    step "a private TimescaleDB cluster ($cluster_name, 127.0.0.1:$cluster_port, $(server_kind))" create_cluster
  fi
  cluster_answers || step "start the private database ($cluster_name)" start_server
}

# The server is gone at once, as after a power cut.
kill_cluster() {
  case $(server_kind) in
    docker) docker kill "tidemark-$cluster_name" >/dev/null ;;
    *) server_program pg_ctl -D "$(server_data_dir)" -m immediate -w stop ;;
  esac
}

stop_cluster() {
  [ -s "$cluster_dir/kind" ] || return 0
  case $(server_kind) in
    docker) docker stop "tidemark-$cluster_name" >/dev/null 2>&1 || true ;;
    *)
      if [ -e "$(host_data_dir)/postmaster.pid" ]; then
        server_program pg_ctl -D "$(server_data_dir)" -m fast -w stop >/dev/null 2>&1 || true
      fi
      ;;
  esac
}

remove_cluster() {
  stop_cluster
  if [ -s "$cluster_dir/kind" ]; then
    if [ "$(server_kind)" = docker ]; then
      docker rm -f "tidemark-$cluster_name" >/dev/null 2>&1 || true
      docker volume rm "tidemark-$cluster_name" >/dev/null 2>&1 || true
    else
      rm -rf "$(host_data_dir)"
    fi
  fi
  rm -rf "${cluster_dir:?}"
}

# The demo database: owned by the application's role, read by the console's (least privilege, docs/operations.md).
create_demo_database() {
  cluster_sql -d postgres <<SQL
create role factory login password '$(cluster_password)';
create role tidemark login password '$(cluster_password)' in role pg_monitor;
create database factory owner factory;
SQL
}

has_demo_database() {
  [ "$(cluster_sql -d postgres -Atc "select count(*) from pg_database where datname = 'factory'")" = 1 ]
}
