# Starts a private PostgreSQL cluster and a private S3 server, and stops them. Sourced by bin/test.
#
# Both live in a temporary folder and on free ports, so that a run neither sees nor disturbs
# anything else on the machine, and two runs at once do not meet.

services_folder=
s3_pid=

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

make_services_folder() {
    if [[ -z $services_folder ]]; then
        services_folder=$(mktemp -d)
        chmod 755 "$services_folder"
    fi
}

# PostgreSQL refuses to run as root; then it runs as the user that its package made.
as_postgres() {
    if ((EUID == 0)); then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

# Sets TEST_DATABASE_URL. What the tests write need not outlive them, so nothing is synced to disk.
start_postgres() {
    [[ -z ${TEST_DATABASE_URL:-} ]] || return 0
    announce "PostgreSQL"
    make_services_folder
    local bin port folder=$services_folder/postgres
    bin=$(postgres_bin)
    port=$(free_port)
    mkdir "$folder"
    ((EUID != 0)) || chown postgres "$folder"
    as_postgres "$bin/initdb" --pgdata="$folder/data" --username=hearth --auth=trust \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$services_folder/initdb.log"
    as_postgres "$bin/pg_ctl" --pgdata="$folder/data" --log="$folder/log" --wait --silent start \
        --options="-p $port -h 127.0.0.1 -k $folder -c fsync=off -c max_connections=300"
    as_postgres "$bin/createdb" --host=127.0.0.1 --port="$port" --username=hearth hearth_test
    export TEST_DATABASE_URL="postgres://hearth@127.0.0.1:$port/hearth_test"
    printf '    %s\n' "$TEST_DATABASE_URL"
}

# Sets TEST_S3_SERVER (whose known gaps the suite then forgives), TEST_S3_ENDPOINT, TEST_S3_REGION,
# TEST_S3_BUCKET, TEST_S3_ACCESS_KEY and TEST_S3_SECRET_KEY.
start_s3() {
    [[ -z ${TEST_S3_ENDPOINT:-} ]] || return 0
    announce "S3"
    make_services_folder
    local port folder=$services_folder/s3
    port=$(free_port)
    export TEST_S3_SERVER=s3s-fs TEST_S3_ENDPOINT="http://127.0.0.1:$port" TEST_S3_REGION=us-east-1 TEST_S3_BUCKET=hearth-test
    export TEST_S3_ACCESS_KEY=hearth-test-access TEST_S3_SECRET_KEY=hearth-test-secret
    # s3s-fs keeps a bucket as a folder of its root.
    mkdir -p "$folder/$TEST_S3_BUCKET"
    "$TOOLS/bin/s3s-fs" --host 127.0.0.1 --port "$port" --access-key "$TEST_S3_ACCESS_KEY" \
        --secret-key "$TEST_S3_SECRET_KEY" "$folder" >"$services_folder/s3.log" 2>&1 &
    s3_pid=$!
    wait_for_port "$port" || { cat "$services_folder/s3.log" >&2; return 1; }
    printf '    %s\n' "$TEST_S3_ENDPOINT"
}

wait_for_port() {
    local attempt
    for attempt in {1..100}; do
        if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return 0; fi
        sleep 0.1
    done
    echo "nothing listens on port $1" >&2
    return 1
}

# Runs when bin/test ends, however it ends.
stop_services() {
    [[ -n $services_folder ]] || return 0
    if [[ -n $s3_pid ]]; then kill "$s3_pid" 2>/dev/null || true; fi
    if [[ -f $services_folder/postgres/data/postmaster.pid ]]; then
        as_postgres "$(postgres_bin)/pg_ctl" --pgdata="$services_folder/postgres/data" --mode=immediate --silent stop || true
    fi
    rm -rf "$services_folder"
}
