// Package load generates one agent's share of a run and measures it: an
// open-loop schedule over Fortio's clients, response time, service time and
// lateness in HDR histograms, handed out every second. It stores and sends
// nothing.
//
// Words, as everywhere in the product:
//
//	intended  when the schedule says a call is to be sent
//	free      when the connection that sends it had become free
//	start     when it was really sent
//	end       when the response was complete, or the call had failed
//
//	queue         = max(0, free - intended): waiting behind earlier calls
//	service time  = end - start
//	response time = queue + service time
//	lateness      = start - max(intended, free): the generator's own fault,
//	                kept apart and in neither of the two
package load
