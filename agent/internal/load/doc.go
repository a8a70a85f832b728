// Package load generates one agent's share of a run and measures it: an
// open-loop schedule over clients of any protocol, response time, service time
// and lateness in HDR histograms, handed out every second. It stores and sends
// nothing.
//
// Words, as everywhere in the product:
//
//	intended  when the schedule says a call is to be sent
//	free      when the connection that sends it had become free
//	start     when it was really sent
//	end       when the response was complete, or the call had failed
//
//	queue         = max(0, free - intended): waiting behind earlier calls, and
//	                waiting for a stream that the server allows
//	service time  = end - start, less that waiting
//	response time = queue + service time
//	lateness      = start - max(intended, free): the generator's own fault,
//	                kept apart and in neither of the two
package load
