# One line over all tests, and each skipped group with its reason.

# summarise RESULTS FAILED_STEPS: reads cargo's output, Playwright's report and the list of skips.
summarise() {
  local results=$1 failed_steps=$2 passed=0 failed=0 skipped=0 p f i
  while read -r p f i; do
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + i))
  done < <(sed -nE 's/^test result: .* ([0-9]+) passed; ([0-9]+) failed; ([0-9]+) ignored.*/\1 \2 \3/p' "$results/cargo")

  if [ -s "$results/playwright.json" ]; then
    read -r p f i < <(node -e '
      const { stats } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
      console.log(stats.expected, stats.unexpected + stats.flaky, stats.skipped);' "$results/playwright.json")
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + i))
  fi

  # A Rust test that found no server passed for cargo; it is counted as what it is.
  local missing
  missing=$(sort -u "$TIDEMARK_TEST_SKIPS" | wc -l)
  passed=$((passed - missing)) skipped=$((skipped + missing))
  # A step that broke before its tests could fail must not look like success.
  [ "$failed_steps" = 0 ] || [ "$failed" -gt 0 ] || failed=$failed_steps

  say ""
  if [ "$missing" -gt 0 ]; then
    say "Skipped here:"
    cut -f 1,2 "$TIDEMARK_TEST_SKIPS" | sort | uniq -c | sed -E 's/^ *([0-9]+) ([^\t]*)\t(.*)/  \2: \1 tests. \3./'
  fi
  say "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" = 0 ] && [ "$failed_steps" = 0 ]
}
