// Package chart draws figures as SVG: percentile curves, times series, bars, runs
// as dots with the interval of their median, differences with theirs, and a
// history with its change points. It lays out with gonum.org/v1/plot and knows
// nothing of Results or pages.
//
// A picture holds no colours, but classes, which CSS gives light, dark and print
// colours; lines also differ by dashes and markers, so that colour only adds to
// them. Text stays text in the reader's own font. The same figures give the same
// bytes.
package chart
