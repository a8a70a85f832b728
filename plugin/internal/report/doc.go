// Package report writes what some Results and Comparisons say for people and for
// CI: as one HTML page with charts that needs nothing else, as Markdown for a pull
// request, and as JUnit XML. It reads nothing but what it is given, and judges
// nothing: verdicts come from the Comparisons, validity from the Results.
//
// What is absent is shown as absent, with the reason, and never as 0. Text from
// Results is foreign: it can be nothing but text in any of the three forms.
package report
