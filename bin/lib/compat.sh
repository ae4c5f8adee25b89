# Runs the reference clients against a running `hearth serve`. Sourced by bin/test.

# with_hearth STORAGE COMMAND...: the command finds a fresh server's address in HEARTH_URL.
with_hearth() {
    local storage=$1
    shift
    "$VENV/bin/python" "$ROOT/compat/python/hearth.py" --storage "$storage" -- "$@"
}

python_client() {
    with_hearth "$1" "$VENV/bin/python" -m pytest -q --no-header --tb=short -p no:cacheprovider "$ROOT/compat/python"
}

# As people have them: with Xet on.
xet_clients() {
    with_hearth "$1" "$VENV/bin/python" -m pytest -q --no-header --tb=short -p no:cacheprovider "$ROOT/compat/xet"
}

# Every git of this machine, git-lfs, libgit2 and dulwich.
git_clients() {
    with_hearth "$1" "$VENV/bin/python" -m pytest -q --no-header --tb=short -p no:cacheprovider "$ROOT/compat/git"
}

# Node as compat/node pins it; the machine's own where there is none for it.
node_program() {
    local own
    own=$(ls -d "$ROOT"/compat/node/node_modules/node-linux-*/bin/node 2>/dev/null | head -n 1 || true)
    printf '%s\n' "${own:-node}"
}

# The JavaScript client, and isomorphic-git.
node_client() {
    local folder=$ROOT/compat/node
    with_hearth "$1" "$(node_program)" --test --test-reporter=tap "$folder/hub.test.mjs" "$folder/xet.test.mjs" \
        "$folder/buckets.test.mjs" "$folder/git.test.mjs"
}

# The pages, in Debian's Chromium. One suite starts a house of its own, so the storage makes no difference to it.
browser_client() {
    local suites=("$ROOT/compat/web/pages.test.mjs" "$ROOT/compat/web/identity.test.mjs")
    if [ "$1" = sqlite ]; then suites+=("$ROOT/compat/web/house.test.mjs"); fi
    with_hearth "$1" "$(node_program)" --test --test-reporter=tap "${suites[@]}"
}

rust_client() {
    with_hearth "$1" cargo test --quiet --locked --manifest-path "$ROOT/compat/rust/Cargo.toml"
}
