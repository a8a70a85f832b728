package archive

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var mergedRE = regexp.MustCompile(`^` + mergedPrefix + `[0-9a-f]{12}-([0-9]+)-[0-9a-f]{16}\.parquet$`)

// mergePlan chooses the objects to merge: lists of which each becomes one.
func mergePlan(m *month, all bool) [][]string {
	var single []string
	for _, id := range m.ids() {
		for _, key := range m.single[id] {
			if strings.HasSuffix(key, rowSuffix) {
				single = append(single, key)
			}
		}
	}
	type object struct {
		key  string
		rows int
	}
	var merged []object
	for _, key := range m.merged {
		if rows, ok := mergedRows(key); ok && rows < fullRows {
			merged = append(merged, object{key, rows})
		}
	}
	slices.SortFunc(merged, func(x, y object) int { return cmp.Or(cmp.Compare(x.rows, y.rows), cmp.Compare(x.key, y.key)) })
	var plan [][]string
	var part []string
	rows := 0
	next := func() {
		if len(part) > 1 {
			plan = append(plan, part)
		}
		part, rows = nil, 0
	}
	for _, key := range single {
		part = append(part, key)
		if rows++; rows >= atOnce {
			next()
		}
	}
	for _, o := range merged {
		if !all && o.rows > mergeRatio*rows {
			break
		}
		if rows+o.rows > 2*fullRows {
			next()
		}
		part, rows = append(part, o.key), rows+o.rows
	}
	next()
	return plan
}

// mergedRows is how many rows a merged object has, by its name.
func mergedRows(key string) (int, bool) {
	m := mergedRE.FindStringSubmatch(path.Base(key))
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil
}
