# Runs named stages and adds up their results. Sourced by bin/test.
#
# A stage is a command whose output is shown as it comes. The counts are read from that output, in
# the words of the three test runners (cargo, pytest, node), so that the total at the end is made of
# what they said themselves. A stage that fails without naming a failed test counts as one failure.

passed_total=0
failed_total=0
failed_stages=()

announce() {
    printf '\n==> %s\n' "$*"
}

# stage NAME COMMAND...: run the command, count, and go on whatever its outcome.
stage() {
    local name=$1 output status=0 passed failed
    shift
    announce "$name"
    output=$(mktemp)
    local started=$SECONDS
    # The subshell keeps `set -e` from ending the whole run, without switching it off inside.
    set +e
    (set -e; "$@") 2>&1 | tee "$output"
    status=${PIPESTATUS[0]}
    set -e
    read -r passed failed < <(count_results "$output")
    rm -f "$output"
    if ((status != 0 && failed == 0)); then
        failed=1
    fi
    passed_total=$((passed_total + passed))
    failed_total=$((failed_total + failed))
    if ((failed > 0)); then
        failed_stages+=("$name")
    fi
    printf -- '--- %s: %d passed, %d failed, %d s\n' "$name" "$passed" "$failed" "$((SECONDS - started))"
}

# A command that is one test: it passes or it does not.
check() {
    "$@"
    echo "# pass 1"
}

# Reads "test result: ok. 3 passed; 0 failed" (cargo), "3 passed, 1 failed in 2s" (pytest, framed or not)
# and "# pass 3" / "# fail 1" (node).
count_results() {
    sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
        /^test result: / || /^(=+ )?[0-9]+ (passed|failed|error).* in [0-9.]+s( \([0-9:]+\))?( =+)?$/ {
            for (i = 2; i <= NF; i++) {
                if ($i ~ /^passed[;,]?$/) passed += $(i - 1)
                if ($i ~ /^(failed|errors?)[;,]?$/) failed += $(i - 1)
            }
        }
        /^# pass [0-9]+$/ { passed += $3 }
        /^# (fail|cancelled) [0-9]+$/ { failed += $3 }
        END { print passed + 0, failed + 0 }'
}

# The last line of the run.
report() {
    if ((${#failed_stages[@]} > 0)); then
        announce "failed"
        printf '    %s\n' "${failed_stages[@]}"
    fi
    printf '\n%d passed, %d failed\n' "$passed_total" "$failed_total"
    ((failed_total == 0))
}
