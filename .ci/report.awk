# Reads `go test -v` and prints what a person needs: a line per package, all that a failed
# package said, which store suites ran on what, and the count.

function count(line) {
	if (line ~ /^ *--- PASS: /) passed++
	if (line ~ /^ *--- SKIP: /) skipped++
	if (line ~ /^--- SKIP: /) { split(line, word, " "); why[++skips] = word[3] ": " before }
	if (line ~ /^ *--- FAIL: /) { failed++; seen++ }
	if (line ~ /^ *--- PASS: TestConformance/) cases++
	if (line ~ /^ *--- SKIP: TestConformance/) absent = before
	if (match(line, /store suite: .*/)) place = substr(line, RSTART + 13)
	before = line
	sub(/^ *[^ ]*_test\.go:[0-9]+: /, "", before)
}

# finish ends a package: status is ok or FAIL, and path its import path.
function finish(status, path,   store) {
	if (status == "FAIL") {
		printf "%s", said
		if (!seen) failed++ # it did not build, or died before it could say which test
	}
	if (path ~ /\/pkg\/store\/(sqlite|mongo)$/) {
		store = path
		sub(/.*\//, "", store)
		if (cases) ran[store] = cases " passed" (place ? " on " place : "")
		else lacks[store] = absent ? absent : status
		if (status == "FAIL") ran[store] = ran[store] " and the package FAILED"
	}
	said = ""; seen = cases = 0; absent = place = ""
}

/^=== (RUN|PAUSE|CONT)/ { next }
/^(ok  |\?   )\t/ { finish("ok", $2); print; fflush(); next }
/^FAIL\t/ { finish("FAIL", $2); print; fflush(); next }
/^\t.*coverage:/ { finish("ok", $1); next }
{ count($0); if ($0 !~ /^ *--- PASS: /) said = said $0 "\n" }

END {
	printf "%s", said
	print ""
	for (i = 1; i <= skips; i++) print "skipped: " why[i]
	split("sqlite mongo", stores, " ")
	for (i = 1; i <= 2; i++) {
		if (stores[i] in ran) print "store suite " stores[i] ": ran, " ran[stores[i]]
		else print "*** store suite " stores[i] ": DID NOT RUN" (lacks[stores[i]] ? " (" lacks[stores[i]] ")" : "") " ***"
	}
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
}
