# Installs what the tests need and the machine lacks. Sourced by bin/test.

readonly TOOLS=$ROOT/target/tools
readonly VENV=$ROOT/compat/.venv
readonly S3_SERVER_VERSION=0.14.1

have() {
    command -v "$1" >/dev/null 2>&1
}

as_root() {
    if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# Debian packages, by the command or file that each is wanted for.
install_system_tools() {
    announce "system packages"
    local wanted=()
    have cc || wanted+=(build-essential)
    have pkg-config || wanted+=(pkg-config)
    have git || wanted+=(git)
    have git-lfs || wanted+=(git-lfs)
    have curl || wanted+=(curl)
    have ssh-keygen || wanted+=(openssh-client)
    have node || wanted+=(nodejs)
    have npm || wanted+=(npm)
    have chromium || wanted+=(chromium)
    have python3 || wanted+=(python3)
    python3 -c 'import ensurepip, venv' 2>/dev/null || wanted+=(python3-venv)
    postgres_bin >/dev/null || wanted+=(postgresql)
    if ((${#wanted[@]} > 0)); then
        printf '    installing %s\n' "${wanted[*]}"
        as_root apt-get update -qq
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
    fi
    if ! have cargo; then
        echo "Rust is missing: install a toolchain with cargo, rustfmt and clippy first." >&2
        exit 1
    fi
}

# Debian keeps PostgreSQL's server programs off PATH, in a folder per version.
postgres_bin() {
    local folder
    folder=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
    [[ -x $folder/initdb ]] && printf '%s\n' "$folder"
}

# s3s-fs speaks S3 with signatures, ranges, multipart and presigned links over a local folder.
install_s3_server() {
    announce "S3-compatible server"
    if [[ $("$TOOLS/bin/s3s-fs" --version 2>/dev/null) == *" $S3_SERVER_VERSION" ]]; then
        return
    fi
    cargo install --quiet --locked --root "$TOOLS" --features binary "s3s-fs@$S3_SERVER_VERSION"
}

# The reference clients, each at the version that its lock file pins.
install_clients() {
    announce "reference clients"
    if ! cmp -s compat/requirements.txt "$VENV/installed.txt"; then
        python3 -m venv --clear "$VENV"
        "$VENV/bin/pip" install --quiet --disable-pip-version-check --requirement compat/requirements.txt
        cp compat/requirements.txt "$VENV/installed.txt"
    fi
    local folder
    for folder in compat/node compat/web; do
        if ! cmp -s "$folder/package-lock.json" "$folder/node_modules/installed.json"; then
            (cd "$folder" && npm ci --silent --no-audit --no-fund)
            cp "$folder/package-lock.json" "$folder/node_modules/installed.json"
        fi
    done
}
