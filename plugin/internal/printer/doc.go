// Package printer writes objects the way all commands share: -o
// json|yaml|name|jsonpath=…|wide, tables a person reads, and numbers with
// units. It prints to the writer it is given and decides nothing about content.
//
// A command does this:
//
//	type options struct{ print printer.Flags }
//	o.print.AddFlags(c.Flags())
//	if err := o.print.Validate(); err != nil { … }   // before anything is done
//	o.print.Print(out, obj, func(w io.Writer) error {
//		t := printer.NewTable("NODE", "RPS", "P50")
//		t.Row(node, printer.Rate(rps), printer.Latency(p50))
//		return t.Write(w)
//	})
package printer
